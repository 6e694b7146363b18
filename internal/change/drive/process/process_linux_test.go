package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

func TestReadTellsWhatItIs(t *testing.T) {
	c := start(t, "polite")
	got := read(t, subject(t, c.Process.Pid))
	exe, _ := os.Executable()
	cwd, _ := os.Getwd()
	if got["state"] != Running || got["exe"] != exe || got["cwd"] != cwd || got["command"] != os.Args[0] || got["user"] == "" {
		t.Errorf("read %v", got)
	}
}

func TestAskedToEnd(t *testing.T) {
	c := start(t, "polite")
	s := subject(t, c.Process.Pid)
	before := read(t, s)
	for range 2 { // the second time it is gone already
		if err := set(s, before, Gone); err != nil {
			t.Fatal(err)
		}
	}
	<-c.done
	if state := c.state(t); state != "signal: terminated" {
		t.Errorf("it ended by %s", state)
	}
	err := set(s, before, Running)
	if !errors.Is(err, plan.ErrFinal) || !strings.Contains(err.Error(), before["command"]) || !strings.Contains(err.Error(), before["cwd"]) {
		t.Errorf("undone: %v", err)
	}
}

func TestDeafProcess(t *testing.T) {
	c := start(t, "deaf")
	s := subject(t, c.Process.Pid, "grace", "50ms")
	if err := set(s, read(t, s), Gone); !errors.Is(err, plan.ErrAlive) {
		t.Fatalf("it ignores SIGTERM: %v", err)
	}
	if got := read(t, s); got["state"] != Running {
		t.Fatalf("read %v", got)
	}
	s.Of["force"] = "yes"
	if err := set(s, read(t, s), Gone); err != nil {
		t.Fatal(err)
	}
	<-c.done
	if state := c.state(t); state != "signal: killed" {
		t.Errorf("it ended by %s", state)
	}
}

// A deadline before the end of the grace leaves time for force, or for the answer.
func TestDeafProcessInShortTime(t *testing.T) {
	c := start(t, "deaf")
	s := subject(t, c.Process.Pid, "grace", "1h")
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if err := New().Set(ctx, s, read(t, s), plan.State{"state": Gone}); !errors.Is(err, plan.ErrAlive) {
		t.Errorf("it was asked: %v", err)
	}
	s.Of["force"] = "yes"
	ctx, cancel = context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := New().Set(ctx, s, read(t, s), plan.State{"state": Gone}); err != nil {
		t.Error(err)
	}
	if got := read(t, s); got["state"] != Gone {
		t.Errorf("read %v", got)
	}
}

func TestTheAskerGoesAway(t *testing.T) {
	c := start(t, "deaf")
	s := subject(t, c.Process.Pid, "grace", "1h", "force", "yes")
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	err := New().Set(ctx, s, read(t, s), plan.State{"state": Gone})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := read(t, s); got["state"] != Running {
		t.Errorf("killed all the same: %v", got)
	}
}

func TestStoppedJob(t *testing.T) {
	c := start(t, "polite")
	s := subject(t, c.Process.Pid)
	before := read(t, s)
	for _, state := range []string{Stopped, Stopped, Running, Stopped} {
		if err := set(s, before, state); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s); got["state"] != state {
			t.Fatalf("set %s, read %v", state, got)
		}
	}
	if err := set(s, before, Gone); err != nil { // SIGTERM alone would wait for ever
		t.Fatal(err)
	}
	<-c.done
	if state := c.state(t); state != "signal: terminated" {
		t.Errorf("it ended by %s", state)
	}
}

func TestZombieIsGone(t *testing.T) {
	cmd := testbed.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	s := subject(t, cmd.Process.Pid)
	if err := set(s, read(t, s), Gone); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s); got["state"] != Gone || got["note"] != "zombie" {
		t.Errorf("read %v", got)
	}
}

// A process whose first thread has ended looks like a zombie and has its sockets.
func TestFirstThreadEnded(t *testing.T) {
	c := start(t, "headless")
	s := subject(t, c.Process.Pid)
	testbed.Await(t, "the first thread to end", func() bool { return read(t, s)["note"] != "" })
	before := read(t, s)
	if before["state"] != Running || before["note"] != "main thread ended" {
		t.Fatalf("%s: read %v", c.line, before)
	}
	if err := set(s, before, Gone); err != nil {
		t.Fatal(err)
	}
	<-c.done
	if state := c.state(t); state != "signal: terminated" {
		t.Errorf("it ended by %s", state)
	}
}

func TestNetnsProcessOfAnotherUser(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	c := start(t, "polite")
	s := subject(t, c.Process.Pid)
	asks := testbed.Here(t).Cmd("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", c.copy(t), s.Name, s.Of["start"])
	asks.Env = append(os.Environ(), "BERTH_ROLE=deny")
	out, err := asks.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "true PID "+s.Name) {
		t.Errorf("%v\n%s", err, out)
	}
	if got := read(t, s); got["state"] != Running {
		t.Errorf("read %v", got)
	}
}

// copy is the program of the child, where every user may run it.
func (c *child) copy(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "berth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	testbed.Run(t, "chmod", "755", dir)
	testbed.Run(t, "install", "-m", "755", c.Path, dir+"/asks")
	return dir + "/asks"
}

func TestAnotherStartIsAnotherProcess(t *testing.T) {
	c := start(t, "polite")
	s := subject(t, c.Process.Pid)
	before := read(t, s)
	s.Of["start"] += "0"
	if got := read(t, s); got["state"] != Gone || got["note"] != "reused" {
		t.Errorf("read %v", got)
	}
	if err := set(s, before, Gone); err != nil {
		t.Error(err)
	}
	if err := set(s, before, Running); !errors.Is(err, plan.ErrFinal) {
		t.Errorf("undone: %v", err)
	}
	if got := read(t, subject(t, c.Process.Pid)); got["state"] != Running {
		t.Errorf("the other process: %v", got)
	}
	delete(s.Of, "start")
	if err := set(s, before, Gone); err == nil {
		t.Error("without a start it is signalled")
	}
}

func TestAnotherProgramUnderTheSamePID(t *testing.T) {
	c := start(t, "exec")
	s := subject(t, c.Process.Pid)
	before := read(t, s)
	c.in.Write([]byte("\n"))
	testbed.Await(t, "the other program", func() bool { return read(t, s)["exe"] != before["exe"] })
	if diff := plan.Differs(plan.State{"exe": before["exe"]}, read(t, s)); len(diff) != 1 {
		t.Errorf("differences %v", diff)
	}
	for _, state := range []string{Gone, Stopped} {
		if err := set(s, before, state); !errors.Is(err, ErrOther) {
			t.Errorf("%s: %v", state, err)
		}
	}
	now := read(t, s)
	if now["state"] != Running {
		t.Fatalf("read %v", now)
	}
	if err := set(s, now, Gone); err != nil {
		t.Error(err)
	}
}

func TestNeverSignalled(t *testing.T) {
	deaf := start(t, "deaf") // whose own parent is this test
	for what, pid := range map[string]int{"init": 1, "itself": os.Getpid(), "its parent": os.Getppid()} {
		s := subject(t, pid)
		for _, state := range []string{Gone, Stopped, Running} {
			if err := set(s, nil, state); !errors.Is(err, ErrNever) {
				t.Errorf("%s, %s: %v", what, state, err)
			}
		}
	}
	if err := set(plan.Subject{Kind: plan.Process, Name: "0", Of: map[string]string{"start": "1"}}, nil, Gone); !errors.Is(err, ErrNever) {
		t.Errorf("PID 0: %v", err)
	}
	d := New()
	d.on.leader = deaf.Process.Pid
	err := d.Set(context.Background(), subject(t, deaf.Process.Pid), nil, plan.State{"state": Stopped})
	if !errors.Is(err, ErrNever) {
		t.Errorf("the session's leader: %v", err)
	}
}

// parent starts a process whose child has its listener too.
func parent(t *testing.T, role string) (c *child, heir int) {
	t.Helper()
	c = start(t, role)
	if _, err := fmt.Sscanf(c.line, "child %d ready", &heir); err != nil {
		t.Fatal(c.line, err)
	}
	t.Cleanup(func() { syscall.Kill(heir, syscall.SIGKILL) })
	return c, heir
}

func TestHeirsAreNamed(t *testing.T) {
	c, heir := parent(t, "parent of stay")
	s := subject(t, c.Process.Pid)
	var left *HeirsError
	if err := set(s, read(t, s), Gone); !errors.As(err, &left) || len(left.Children) != 1 || left.Children[0].PID != heir {
		t.Fatalf("error %v", err)
	}
	if got := read(t, s)["state"]; got != Gone {
		t.Errorf("the parent is %s", got)
	}
}

func TestHeirsThatEndWithTheirParent(t *testing.T) {
	c, heir := parent(t, "parent")
	s, child := subject(t, c.Process.Pid), subject(t, heir)
	if err := set(s, read(t, s), Gone); err != nil {
		t.Fatal(err)
	}
	if got := read(t, child)["state"]; got != Gone {
		t.Errorf("the child is %s", got)
	}
}

func TestHeirsEndWhereThatIsOrdered(t *testing.T) {
	c, heir := parent(t, "parent of deaf stay")
	child := subject(t, heir)
	s := subject(t, c.Process.Pid, "children", "yes", "grace", "50ms")
	if err := set(s, read(t, s), Gone); !errors.Is(err, plan.ErrAlive) || read(t, child)["state"] != Running {
		t.Fatalf("it ignores SIGTERM: %v", err)
	}
	c, heir = parent(t, "parent of deaf stay")
	child = subject(t, heir)
	s = subject(t, c.Process.Pid, "children", "yes", "grace", "50ms", "force", "yes")
	if err := set(s, read(t, s), Gone); err != nil {
		t.Fatal(err)
	}
	if got := read(t, child)["state"]; got != Gone {
		t.Errorf("the child is %s", got)
	}
}
