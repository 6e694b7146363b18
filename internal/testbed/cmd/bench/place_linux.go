package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// longest is the time after which a command is ended and the measurement given up.
const longest = time.Minute

// place runs commands from a thread of its own in a network namespace of its own.
type place struct {
	strong, weak chan func() // strong has all rights of root
	null         int
	env          []string // of every command; nil is this program's own
}

// newPlace makes the namespace. The weak thread, and what is started from it, has
// lost the rights that BPF needs, so that no wrapper stands before a command.
func newPlace() (*place, error) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	p := &place{null: null}
	ns := -1
	p.strong, err = thread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("new network namespace: %w", err)
		}
		if err := linkUp("lo"); err != nil {
			return fmt.Errorf("loopback up: %w", err)
		}
		ns, err = unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.weak, err = thread(func() error {
		defer unix.Close(ns)
		if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			return err
		}
		return forgo(unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYS_ADMIN)
	})
	return p, err
}

// thread starts a goroutine that stays on one thread, which ends with the program.
func thread(prepare func() error) (chan func(), error) {
	jobs, ready := make(chan func()), make(chan error)
	go func() {
		runtime.LockOSThread()
		ready <- prepare()
		for job := range jobs {
			job()
		}
	}()
	return jobs, <-ready
}

// on runs f on a thread and waits for it.
func on(thread chan func(), f func()) {
	done := make(chan struct{})
	thread <- func() {
		defer close(done)
		f()
	}
	<-done
}

// forgo takes capabilities from this thread, and from what it will execute.
func forgo(caps ...uintptr) error {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return err
	}
	for _, c := range caps {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
		d, bit := &data[c/32], uint32(1)<<(c%32)
		d.Effective &^= bit
		d.Permitted &^= bit
		d.Inheritable &^= bit
	}
	return unix.Capset(&head, &data[0])
}

func linkUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}

func (p *place) of(k *contender) chan func() {
	if k.weak {
		return p.weak
	}
	return p.strong
}

// run starts a command with everything to /dev/null and waits for its end.
func (p *place) run(ctx context.Context, k *contender) (s sample, code int, err error) {
	on(p.of(k), func() { s, code, err = p.timed(ctx, k.argv) })
	return s, code, err
}

func (p *place) timed(ctx context.Context, argv []string) (s sample, code int, err error) {
	if err := ctx.Err(); err != nil {
		return s, 0, err
	}
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	null := uintptr(p.null)
	// In a process group of its own: Ctrl-C is this program's, which ends it.
	attr := &syscall.ProcAttr{Env: p.env, Files: []uintptr{null, null, null}, Sys: &syscall.SysProcAttr{Setpgid: true}}
	if attr.Env == nil {
		attr.Env = os.Environ()
	}
	begin := time.Now()
	pid, err := syscall.ForkExec(argv[0], argv, attr)
	if err != nil {
		return s, 0, err
	}
	end := context.AfterFunc(limited, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err = syscall.Wait4(pid, &status, 0, &usage)
		if err != syscall.EINTR {
			break
		}
	}
	s.wall = time.Since(begin)
	end()
	s.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	s.peakKB = usage.Maxrss
	if limited.Err() != nil {
		return s, 0, limited.Err()
	}
	return s, status.ExitStatus(), err
}

// output runs a command and returns what it says on both of its streams.
func (p *place) output(ctx context.Context, k *contender) (text string, code int, err error) {
	on(p.of(k), func() {
		limited, cancel := context.WithTimeout(ctx, longest)
		defer cancel()
		cmd := exec.CommandContext(limited, k.argv[0], k.argv[1:]...)
		cmd.Env = p.env
		var out []byte
		out, err = cmd.CombinedOutput()
		text, code = string(out), cmd.ProcessState.ExitCode()
	})
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.Exited() {
		err = nil
	}
	return text, code, err
}

// feed runs a command of the place with a text at its input.
func (p *place) feed(ctx context.Context, text string, argv ...string) (err error) {
	on(p.strong, func() {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Stdin = strings.NewReader(text)
		var out []byte
		if out, err = cmd.CombinedOutput(); err != nil {
			err = fmt.Errorf("%s: %w: %s", argv[0], err, bytes.TrimSpace(out))
		}
	})
	return err
}

// child is a process that lives until its standard input ends.
type child struct {
	in   *os.File
	out  *os.File
	cmd  *exec.Cmd
	stop func() bool
}

// start starts a program that says one line when it is ready, and returns the
// line. The program is told to end when ctx does.
func (p *place) start(ctx context.Context, attr *syscall.SysProcAttr, argv ...string) (c *child, line string, err error) {
	in, feed, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	out, say, err := os.Pipe()
	if err != nil {
		feed.Close()
		return nil, "", err
	}
	defer say.Close()
	c = &child{in: feed, out: out, cmd: exec.Command(argv[0], argv[1:]...)}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr, c.cmd.SysProcAttr, c.cmd.Env = in, say, os.Stderr, attr, p.env
	on(p.strong, func() { err = c.cmd.Start() })
	if err != nil {
		feed.Close()
		out.Close()
		return nil, "", err
	}
	say.Close()
	c.stop = context.AfterFunc(ctx, func() { feed.Close() })
	return c, c.line(), nil
}

// line waits for one line, "" where the program ends without one.
func (c *child) line() string {
	_ = c.out.SetReadDeadline(time.Now().Add(5 * time.Minute))
	var text []byte
	one := make([]byte, 1)
	for {
		n, err := c.out.Read(one)
		if n == 0 || err != nil && err != io.EOF || one[0] == '\n' {
			return string(text)
		}
		text = append(text, one[0])
	}
}

// end closes the program's input and waits for it; one that does not end by itself
// is killed.
func (c *child) end() {
	c.stop()
	c.in.Close()
	late := time.AfterFunc(longest, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	_ = c.cmd.Wait()
	c.out.Close()
}
