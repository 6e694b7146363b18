// Command loadgen makes a machine that is busy: many sleeping processes with many
// descriptors each, and many connected TCP sockets. It prints one line when all
// stand, "ready PORT", where PORT is a listener that its last sleeper alone holds
// besides loadgen itself, and ends, with everything it started, when its standard
// input is closed or the time is over.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
)

func main() {
	var l load
	flag.IntVar(&l.procs, "procs", 3000, "sleeping `processes`, at most 20000")
	flag.IntVar(&l.fds, "fds", 50, "`descriptors` of each, 4 to 500")
	flag.IntVar(&l.sockets, "sockets", 0, "TCP `sockets`, the two ends of connections over loopback, at most 50000; further\nsleepers hold them, so that no process has more than 503 descriptors")
	flag.DurationVar(&l.life, "for", 5*time.Minute, "the longest `time` to live")
	flag.Parse()
	if !l.bounded() {
		fmt.Fprintln(os.Stderr, "error: out of bounds; see -h")
		os.Exit(2)
	}
	if err := run(l); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// load is how busy the machine shall be.
type load struct {
	procs, fds, sockets int
	life                time.Duration
}

// bounded: one loopback address has fewer ports for the ends of connections than
// a machine may have sockets.
func (l load) bounded() bool {
	return l.procs >= 1 && l.procs <= 20000 && l.fds >= 4 && l.fds <= 500 && l.sockets >= 0 && l.sockets <= 50000
}

func run(l load) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	s := starter{life: l.life}
	defer s.stop()
	if err := s.connections(l.sockets / 2); err != nil {
		return err
	}
	if err := s.sleepers(l, listener.(*net.TCPListener)); err != nil {
		return err
	}
	fmt.Println("ready", listener.Addr().(*net.TCPAddr).Port)
	return wait(l.life)
}

// starter starts sleepers and ends them.
type starter struct {
	life time.Duration
	all  []*exec.Cmd
}

func (s *starter) stop() {
	for _, c := range s.all {
		c.Process.Kill()
	}
	for _, c := range s.all {
		c.Wait()
	}
}

// wait returns when standard input ends or after life.
func wait(life time.Duration) error {
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(life):
		return nil
	}
}
