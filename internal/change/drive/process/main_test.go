package process

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

// TestMain lets the test binary be the processes that the tests end.
func TestMain(m *testing.M) {
	runtime.LockOSThread() // one role ends its first thread
	switch role := os.Getenv("BERTH_ROLE"); role {
	case "":
		runtime.UnlockOSThread()
		os.Exit(m.Run())
	case "polite":
		ready()
	default:
		play(role)
	}
}

// ready says so, and stays until the test ends.
func ready() {
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
}

// child is a process of a role that ends with the test.
type child struct {
	*exec.Cmd
	in   io.Writer
	line string // the first that it wrote
	done chan struct{}
	// ended is there when done is closed.
	ended *os.ProcessState
}

func start(t *testing.T, role string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BERTH_ROLE="+role)
	return run(t, cmd)
}

func run(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: cmd, in: in, done: make(chan struct{})}
	c.line, err = bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-c.done
	})
	go func() { c.ended, _ = cmd.Process.Wait(); close(c.done) }()
	if err != nil {
		t.Fatalf("the child of the test: %v", err)
	}
	return c
}

// subject is the process as a plan names it, with pairs for Of.
func subject(t *testing.T, pid int, of ...string) plan.Subject {
	t.Helper()
	s := plan.Subject{Kind: plan.Process, Name: strconv.Itoa(pid), Of: map[string]string{"start": startOf(t, pid)}}
	for i := 0; i < len(of); i += 2 {
		s.Of[of[i]] = of[i+1]
	}
	return s
}

func startOf(t *testing.T, pid int) string {
	t.Helper()
	p, _, err := New().look(context.Background(), identity{pid: pid})
	if err != nil || p.PID == 0 {
		t.Fatalf("PID %d: %v", pid, err)
	}
	_, start, _ := strings.Cut(string(p.ID), "@")
	return start
}

func read(t *testing.T, s plan.Subject) plan.State {
	t.Helper()
	state, err := New().Read(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func set(s plan.Subject, before plan.State, state string) error {
	return New().Set(context.Background(), s, before, plan.State{"state": state})
}

func (c *child) state(t *testing.T) string {
	t.Helper()
	if c.ended == nil {
		t.Fatal("it was not waited for")
	}
	return c.ended.String()
}
