//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/machine/process"
	"github.com/berthd/berth/internal/sys/wait"
)

func signalOf(a act) unix.Signal {
	switch a {
	case kill:
		return unix.SIGKILL
	case pause:
		return unix.SIGSTOP
	case resume:
		return unix.SIGCONT
	}
	return unix.SIGTERM
}

// told tells that a process is no more from what else a call may say.
func told(err error) error {
	if errors.Is(err, unix.ESRCH) {
		return errEnded
	}
	return err
}

// number is a process where the system has no handles: whoever has the PID. The
// check right before each signal is all that there is.
type number int

func (n number) send(a act) error { return told(unix.Kill(int(n), signalOf(a))) }

func (number) close() {}

// await asks until the number is nobody's, or a zombie's.
func (n number) await(ctx context.Context, d time.Duration) (bool, error) {
	for late := time.Now().Add(d); ; {
		if errors.Is(unix.Kill(int(n), 0), unix.ESRCH) || zombie(ctx, int(n)) {
			return true, nil
		}
		if !time.Now().Before(late) {
			return false, nil
		}
		if err := wait.For(ctx, 20*time.Millisecond); err != nil {
			return false, err
		}
	}
}

func zombie(ctx context.Context, pid int) bool {
	set, err := process.Describe(ctx, pid)
	if err != nil {
		return false
	}
	for _, p := range set.Processes {
		if p.PID == pid {
			return p.State == "zombie"
		}
	}
	return false
}
