package process

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func system() machine {
	leader, err := unix.Getsid(0)
	if err != nil {
		leader = 0
	}
	return machine{
		open: open, sharers: func(ctx context.Context, pid int) []int { return sharers(ctx, "/proc", pid) },
		critical: func(int) bool { return false },
		reserved: []int{0, 1}, self: os.Getpid(), leader: leader,
	}
}

// open takes a pidfd, or on kernels before 5.3 the mere number.
func open(pid int) (handle, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case err == nil:
		return pidfd(fd), nil
	case errors.Is(err, unix.ENOSYS):
		return number(pid), nil
	}
	return nil, told(err)
}

// pidfd refers to one process, whoever gets its PID later.
type pidfd int

func (fd pidfd) send(a act) error { return told(unix.PidfdSendSignal(int(fd), signalOf(a), nil, 0)) }

func (fd pidfd) close() { unix.Close(int(fd)) }

// await: a pidfd can be read when the last thread of its process has ended, reaped or not.
func (fd pidfd) await(ctx context.Context, d time.Duration) (bool, error) {
	const slice = 50 * time.Millisecond
	for late := time.Now().Add(d); ; {
		left := min(max(0, time.Until(late)), slice)
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds()))
		switch {
		case n > 0:
			return true, nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return false, err
		case ctx.Err() != nil:
			return false, ctx.Err()
		case !time.Now().Before(late):
			return false, nil
		}
	}
}
