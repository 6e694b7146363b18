package process

import (
	"errors"
	"os"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
)

// A program without a window cannot be asked; it goes on until it is killed.
func TestProgramWithoutAWindow(t *testing.T) {
	c := start(t, "polite")
	s := subject(t, c.Process.Pid)
	before := read(t, s)
	if before["state"] != Running || before["exe"] == "" {
		t.Errorf("read %v", before)
	}
	if err := set(s, before, Gone); !errors.Is(err, errNoWay) {
		t.Fatalf("asked: %v", err)
	}
	if got := read(t, s); got["state"] != Running {
		t.Fatalf("read %v", got)
	}
	s.Of["force"] = "yes"
	for range 2 {
		if err := set(s, before, Gone); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, s); got["state"] != Gone {
		t.Errorf("read %v", got)
	}
	if err := set(s, before, Running); !errors.Is(err, plan.ErrFinal) {
		t.Errorf("undone: %v", err)
	}
}

func TestWindowsCannotStopAProcess(t *testing.T) {
	c := start(t, "polite")
	s := subject(t, c.Process.Pid)
	if err := set(s, read(t, s), Stopped); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

func TestAnotherStartOnWindows(t *testing.T) {
	c := start(t, "polite")
	s := subject(t, c.Process.Pid, "force", "yes")
	before := read(t, s)
	s.Of["start"] += "0"
	if err := set(s, before, Gone); err != nil {
		t.Error(err)
	}
	if got := read(t, subject(t, c.Process.Pid)); got["state"] != Running {
		t.Errorf("the other process: %v", got)
	}
}

func TestNeverOnWindows(t *testing.T) {
	for _, pid := range []string{"0", "4"} {
		if err := set(plan.Subject{Kind: plan.Process, Name: pid, Of: map[string]string{"start": "1"}}, nil, Gone); !errors.Is(err, ErrNever) {
			t.Errorf("PID %s: %v", pid, err)
		}
	}
	if err := set(subject(t, os.Getpid()), nil, Gone); !errors.Is(err, ErrNever) {
		t.Errorf("itself: %v", err)
	}
}
