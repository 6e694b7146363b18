// Command loadgen makes a machine that is busy: many sleeping processes with many
// descriptors each, and many sockets. It prints one line when all stand, "ready
// PORT", where PORT is a listener that its last sleeper alone holds besides
// loadgen itself, and ends, with everything it started, when its standard input
// is closed or the time is over.
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
	procs := flag.Int("procs", 3000, "sleeping `processes`, at most 20000")
	fds := flag.Int("fds", 50, "`descriptors` of each, 4 to 500")
	socks := flag.Int("sockets", 0, "loopback UDP `sockets` of loadgen's own, at most 30000")
	life := flag.Duration("for", 5*time.Minute, "the longest `time` to live")
	flag.Parse()
	if *procs < 1 || *procs > 20000 || *fds < 4 || *fds > 500 || *socks < 0 || *socks > 30000 {
		fmt.Fprintln(os.Stderr, "error: out of bounds; see -h")
		os.Exit(2)
	}
	if err := run(*procs, *fds, *socks, *life); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(procs, fds, socks int, life time.Duration) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	own, err := sockets(socks)
	if err != nil {
		return err
	}
	defer closeAll(own)
	sleepers, err := start(procs, fds, life, l.(*net.TCPListener))
	defer stop(sleepers)
	if err != nil {
		return err
	}
	fmt.Println("ready", l.Addr().(*net.TCPAddr).Port)
	return wait(life)
}

func sockets(n int) ([]io.Closer, error) {
	var all []io.Closer
	for range n {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func closeAll(all []io.Closer) {
	for _, c := range all {
		c.Close()
	}
}

func stop(all []*exec.Cmd) {
	for _, c := range all {
		c.Process.Kill()
	}
	for _, c := range all {
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
