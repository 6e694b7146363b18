package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/machine/process/wintask"
	"github.com/berthd/berth/internal/sys/winapi/user32"
)

func system() machine {
	return machine{
		open: open, sharers: func(context.Context, int) []int { return nil },
		critical: critical, reserved: []int{0, 1, wintask.SystemPID}, self: os.Getpid(),
	}
}

// object is an open process: its PID is not given away while the handle is there.
type object struct {
	handle windows.Handle
	pid    int
}

// open opens a process to wait for it and to end it. An administrator may open other
// users' processes too.
func open(pid int) (handle, error) {
	const rights = windows.PROCESS_TERMINATE | windows.SYNCHRONIZE | windows.PROCESS_QUERY_LIMITED_INFORMATION
	r := wintask.Open() // with the right to open other users' processes, where the asker has it
	defer r.Close()
	h, err := windows.OpenProcess(rights, false, uint32(pid))
	switch {
	case err == nil:
		return object{h, pid}, nil
	case errors.Is(err, windows.ERROR_INVALID_PARAMETER):
		return nil, errEnded
	}
	return nil, fmt.Errorf("may not be ended: %w", err)
}

// critical tells whether Windows stops with a blue screen when the process ends.
func critical(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return false // nor can it be ended
	}
	defer windows.CloseHandle(h)
	var yes uint32
	err = windows.NtQueryInformationProcess(h, windows.ProcessBreakOnTermination, unsafe.Pointer(&yes), uint32(unsafe.Sizeof(yes)), nil)
	return err == nil && yes != 0
}

func (o object) send(a act) error {
	switch a {
	case ask:
		return o.ask()
	case kill:
		err := windows.TerminateProcess(o.handle, 1)
		if ended, _ := o.await(context.Background(), 0); ended {
			return nil
		}
		return err
	}
	return fmt.Errorf("cannot be stopped or continued on Windows: %w", errors.ErrUnsupported)
}

// ask sends WM_CLOSE to the windows of the process. One that took it was asked.
func (o object) ask() error {
	all, err := user32.Windows(o.pid)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoWay, err)
	}
	if len(all) == 0 {
		return fmt.Errorf("%w: it has no window", errNoWay)
	}
	taken := false
	for _, w := range all {
		err = user32.Close(w)
		taken = taken || err == nil
	}
	if taken {
		return nil
	}
	return fmt.Errorf("%w: %w", errNoWay, err)
}

func (o object) await(ctx context.Context, d time.Duration) (bool, error) {
	const slice = 50 * time.Millisecond
	for late := time.Now().Add(d); ; {
		left := min(max(0, time.Until(late)), slice)
		event, err := windows.WaitForSingleObject(o.handle, uint32(left.Milliseconds()))
		switch {
		case event == windows.WAIT_OBJECT_0:
			return true, nil
		case err != nil:
			return false, err
		case ctx.Err() != nil:
			return false, ctx.Err()
		case !time.Now().Before(late):
			return false, nil
		}
	}
}

func (o object) close() { windows.CloseHandle(o.handle) }
