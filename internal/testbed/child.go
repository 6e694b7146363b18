package testbed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Result is what a finished command said.
type Result struct {
	Stdout string
	Stderr string
	Code   int // exit code; -1 when a signal ended it or it could not be started
}

const commandLimit = 2 * time.Minute

// Try runs a command here and returns what it said, whatever its exit code. A
// child inherits the namespace of the calling thread, so inside [Netns] the
// command runs in that namespace. The test fails when the program cannot be
// started or is not done within two minutes.
func Try(t testing.TB, name string, args ...string) Result {
	t.Helper()
	return TryCmd(t, Command(name, args...))
}

// Run is [Try] that fails the test unless the exit code is 0, and returns stdout.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	r := Try(t, name, args...)
	if r.Code != 0 {
		t.Fatalf("%s %s: exit %d\n%s%s", name, strings.Join(args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

// Command is [exec.Command] that also finds programs of the sbin folders.
func Command(name string, args ...string) *exec.Cmd {
	if path := program(name); path != "" {
		cmd := exec.Command(path, args...)
		cmd.Args[0] = name
		return cmd
	}
	return exec.Command(name, args...)
}

// TryCmd runs cmd, whose Stdout and Stderr must be unset, as [Try] does.
func TryCmd(t testing.TB, cmd *exec.Cmd) Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	dieWithParent(cmd)
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Args[0], err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	if !stop() {
		t.Fatalf("%s: not done within %v\n%s%s", strings.Join(cmd.Args, " "), commandLimit, &stdout, &stderr)
	}
	return Result{stdout.String(), stderr.String(), exitCode(cmd, err)}
}

func exitCode(cmd *exec.Cmd, err error) int {
	if cmd.ProcessState == nil {
		return -1
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return cmd.ProcessState.ExitCode()
	}
	return 0
}

// Child is a running process of a test. It is killed and waited for when the test
// ends, if it still runs.
type Child struct {
	t    testing.TB
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *output
	done chan struct{}
	code int
}

// Start starts a command here, in the namespace of the calling thread.
func Start(t testing.TB, name string, args ...string) *Child {
	t.Helper()
	return StartCmd(t, Command(name, args...))
}

// StartCmd starts cmd as a child of the test. Its output is kept for
// [Child.Output] where cmd sends it nowhere else; without a Stdin of its own the
// child has a pipe that stays open until [Child.CloseInput].
func StartCmd(t testing.TB, cmd *exec.Cmd) *Child {
	t.Helper()
	c := newChild(t, cmd)
	c.started(cmd.Start())
	go c.wait()
	return c
}

// startApart is [StartCmd] on a thread that lives as long as the child, for what
// must not end with the thread of the caller (see dieWithParent).
func startApart(t testing.TB, cmd *exec.Cmd) *Child {
	t.Helper()
	c := newChild(t, cmd)
	begun := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		begun <- err
		if err == nil {
			c.wait()
		}
	}()
	c.started(<-begun)
	return c
}

func newChild(t testing.TB, cmd *exec.Cmd) *Child {
	t.Helper()
	c := &Child{t: t, cmd: cmd, out: new(output), done: make(chan struct{})}
	if cmd.Stdout == nil {
		cmd.Stdout = c.out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = c.out
	}
	if cmd.Stdin == nil {
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		c.in = in
	}
	dieWithParent(cmd)
	cmd.WaitDelay = time.Second
	return c
}

func (c *Child) started(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("start %s: %v", c.cmd.Args[0], err)
	}
	c.t.Cleanup(c.Stop)
}

func (c *Child) wait() {
	c.code = exitCode(c.cmd, c.cmd.Wait())
	close(c.done)
}

// PID is the process the test started, as seen from the test: the command
// itself, or the nsenter in front of it where a [Place] started it (see
// [Child.Inner]).
func (c *Child) PID() int { return c.cmd.Process.Pid }

func (c *Child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Output is what the child has written so far to stdout and stderr.
func (c *Child) Output() string { return c.out.String() }

// AwaitOutput waits until the child has written text, and fails the test when it
// ends or 20 seconds pass before.
func (c *Child) AwaitOutput(text string) {
	c.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if strings.Contains(c.Output(), text) {
			return
		}
		select {
		case <-c.done:
			if !strings.Contains(c.Output(), text) {
				c.t.Fatalf("%s ended with %d before it wrote %q:\n%s", c.cmd.Args[0], c.code, text, c.Output())
			}
			return
		case <-time.After(2 * time.Millisecond):
		}
	}
	c.t.Fatalf("%s did not write %q:\n%s", c.cmd.Args[0], text, c.Output())
}

// Say writes text to the child's standard input.
func (c *Child) Say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, text); err != nil {
		c.t.Fatalf("write to %s: %v", c.cmd.Args[0], err)
	}
}

// CloseInput ends the child's standard input.
func (c *Child) CloseInput() { _ = c.in.Close() }

// Signal sends sig to the command (behind nsenter: to the command inside).
func (c *Child) Signal(sig os.Signal) {
	c.t.Helper()
	p, err := os.FindProcess(c.Inner())
	if err == nil {
		err = p.Signal(sig)
	}
	if err != nil {
		c.t.Fatalf("signal %s: %v", c.cmd.Args[0], err)
	}
}

// Wait waits for the child to end by itself, at most two minutes, and returns its
// exit code.
func (c *Child) Wait() int {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(commandLimit):
		c.t.Fatalf("%s still runs:\n%s", c.cmd.Args[0], c.Output())
	}
	return c.code
}

// Stop kills the child, if it still runs, and returns when it is gone.
func (c *Child) Stop() {
	if c.ended() {
		return
	}
	if inner := c.Inner(); inner != c.PID() {
		if p, err := os.FindProcess(inner); err == nil {
			_ = p.Kill()
		}
	}
	_ = c.cmd.Process.Kill()
	<-c.done
}

// output is a buffer that can be read while a process writes to it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
