package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// The kernel gives a process's number to another, in a PID namespace where the test
// decides which number is next.
func TestNetnsNumberOfAnother(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root", "/proc/sys/kernel/ns_last_pid")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BERTH_ROLE=reuse")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "as it should" {
		t.Errorf("%v\n%s", err, out)
	}
}

// reuse is the first process of a PID namespace.
func reuse() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	first := exec.Command("sleep", "60")
	if err := first.Start(); err != nil {
		return err
	}
	pid := first.Process.Pid
	s, before, err := subjectOf(pid)
	if err != nil {
		return err
	}
	h, err := open(pid)
	if err != nil {
		return err
	}
	first.Process.Kill()
	first.Wait()
	second, err := startAs(pid, s)
	if err != nil {
		return err
	}
	if err := h.send(kill); !errors.Is(err, errEnded) {
		return fmt.Errorf("the first one's handle: %v", err)
	}
	got, err := New().Read(context.Background(), s)
	if err != nil || got["state"] != Gone || got["note"] != "reused" {
		return fmt.Errorf("read %v, %w", got, err)
	}
	if err := set(s, before, Gone); err != nil {
		return err
	}
	if err := set(s, before, Stopped); !errors.Is(err, plan.ErrFinal) {
		return fmt.Errorf("stopped: %v", err)
	}
	if s, before, err = subjectOf(second.Process.Pid); err != nil || before["state"] != Running {
		return fmt.Errorf("the second one: %v, %w", before, err)
	}
	return set(s, before, Gone)
}

// startAs starts a process with a number that was another's, at another tick.
func startAs(pid int, other plan.Subject) (*exec.Cmd, error) {
	for range 100 {
		time.Sleep(10 * time.Millisecond)
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(pid-1)), 0); err != nil {
			return nil, err
		}
		c := exec.Command("sleep", "60")
		if err := c.Start(); err != nil {
			return nil, err
		}
		if s, _, err := subjectOf(c.Process.Pid); err == nil && c.Process.Pid == pid && s.Of["start"] != other.Of["start"] {
			return c, nil
		}
		c.Process.Kill()
		c.Wait()
	}
	return nil, errors.New("the number was never given to another")
}

func subjectOf(pid int) (plan.Subject, plan.State, error) {
	s := plan.Subject{Kind: plan.Process, Name: strconv.Itoa(pid), Of: map[string]string{}}
	p, state, err := New().look(context.Background(), identity{pid: pid})
	_, s.Of["start"], _ = strings.Cut(string(p.ID), "@")
	return s, state, err
}
