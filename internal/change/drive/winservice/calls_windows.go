package winservice

import (
	"context"
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/scm"
	"github.com/berthd/berth/internal/sys/winapi/fixed"
)

func system() calls {
	return calls{queryStatus, queryConfig, tell, begin, setStart, setDelayed, create, describe, remove, around}
}

// open opens a service for one call, with the one right that it takes.
func open(name string, right uint32, fn func(windows.Handle) error) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(m)
	h, err := windows.OpenService(m, wide, right)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(h)
	return fn(h)
}

func queryStatus(name string) (status, error) {
	var s windows.SERVICE_STATUS_PROCESS
	err := open(name, windows.SERVICE_QUERY_STATUS, func(h windows.Handle) error {
		var need uint32
		return windows.QueryServiceStatusEx(h, windows.SC_STATUS_PROCESS_INFO, (*byte)(unsafe.Pointer(&s)), uint32(unsafe.Sizeof(s)), &need)
	})
	return status{state: s.CurrentState, checkPoint: s.CheckPoint, waitHint: time.Duration(s.WaitHint) * time.Millisecond,
		pid: s.ProcessId, exit: s.Win32ExitCode, exitOwn: s.ServiceSpecificExitCode}, err
}

// queryConfig asks for the delay apart; a system that has no such question delays nothing.
func queryConfig(name string) (c config, err error) {
	return c, open(name, windows.SERVICE_QUERY_CONFIG, func(h windows.Handle) error {
		const first, most = 1 << 10, 16 << 20
		var need uint32
		for size := uint32(first); ; size = need {
			b := fixed.Bytes(int(size))
			q := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&b[0]))
			err := windows.QueryServiceConfig(h, q, size, &need)
			if errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER) && need > size && need <= most {
				continue
			}
			if err != nil {
				return err
			}
			c.kind, c.start = q.ServiceType, q.StartType
			c.command, c.display, c.account = windows.UTF16PtrToString(q.BinaryPathName), windows.UTF16PtrToString(q.DisplayName), windows.UTF16PtrToString(q.ServiceStartName)
			break
		}
		c.description = description(h)
		var delayed uint32 // a BOOL
		if windows.QueryServiceConfig2(h, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, (*byte)(unsafe.Pointer(&delayed)), 4, &need) == nil {
			c.delayed = delayed != 0
		}
		return nil
	})
}

// description is what it says of itself, "" for nothing.
func description(h windows.Handle) string {
	const most = 8 << 10 // of QueryServiceConfig2
	b := fixed.Bytes(most)
	var need uint32
	if windows.QueryServiceConfig2(h, windows.SERVICE_CONFIG_DESCRIPTION, &b[0], most, &need) != nil {
		return ""
	}
	text := (*windows.SERVICE_DESCRIPTION)(unsafe.Pointer(&b[0])).Description
	if text == nil {
		return ""
	}
	return windows.UTF16PtrToString(text)
}

// create gives the manager a service; an empty word is left to it.
func create(name string, r recipe) error {
	var wide [4]*uint16
	for i, s := range [...]string{name, r.display, r.command, r.account} {
		if s == "" {
			continue
		}
		p, err := windows.UTF16PtrFromString(s)
		if err != nil {
			return err
		}
		wide[i] = p
	}
	m, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CREATE_SERVICE)
	if err != nil {
		return err
	}
	defer windows.CloseServiceHandle(m)
	h, err := windows.CreateService(m, wide[0], wide[1], windows.SERVICE_QUERY_CONFIG, windows.SERVICE_WIN32_OWN_PROCESS, r.start.start,
		windows.SERVICE_ERROR_NORMAL, wide[2], nil, nil, nil, wide[3], nil)
	if err != nil {
		return err
	}
	return windows.CloseServiceHandle(h)
}

func describe(name, text string) error {
	wide, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return err
	}
	return open(name, windows.SERVICE_CHANGE_CONFIG, func(h windows.Handle) error {
		d := windows.SERVICE_DESCRIPTION{Description: wide}
		return windows.ChangeServiceConfig2(h, windows.SERVICE_CONFIG_DESCRIPTION, (*byte)(unsafe.Pointer(&d)))
	})
}

// deleting is the right to delete an object (winnt.h, DELETE).
const deleting = 0x00010000

func remove(name string) error { return open(name, deleting, windows.DeleteService) }

func tell(name string, code control) error {
	right := uint32(windows.SERVICE_PAUSE_CONTINUE)
	if code == controlStop {
		right = windows.SERVICE_STOP
	}
	return open(name, right, func(h windows.Handle) error {
		var s windows.SERVICE_STATUS
		return windows.ControlService(h, uint32(code), &s)
	})
}

func begin(name string) error {
	return open(name, windows.SERVICE_START, func(h windows.Handle) error {
		return windows.StartService(h, 0, nil)
	})
}

func setStart(name string, kind uint32) error {
	return open(name, windows.SERVICE_CHANGE_CONFIG, func(h windows.Handle) error {
		const keep = windows.SERVICE_NO_CHANGE
		return windows.ChangeServiceConfig(h, keep, kind, keep, nil, nil, nil, nil, nil, nil, nil)
	})
}

func setDelayed(name string, on bool) error {
	return open(name, windows.SERVICE_CHANGE_CONFIG, func(h windows.Handle) error {
		var delayed uint32
		if on {
			delayed = 1
		}
		return windows.ChangeServiceConfig2(h, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, (*byte)(unsafe.Pointer(&delayed)))
	})
}

func around(ctx context.Context, name string) ([]fact.Unit, error) {
	set, err := scm.Read(ctx, scm.Query{Names: []string{name}})
	return set.Units, err
}
