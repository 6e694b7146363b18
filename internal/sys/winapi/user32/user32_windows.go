package user32

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys enumWindows(callback uintptr, param unsafe.Pointer) (err error) = user32.EnumWindows?
//sys getWindowThreadProcessId(window windows.HWND, pid *uint32) (thread uint32, err error) = user32.GetWindowThreadProcessId?
//sys postMessage(window windows.HWND, message uint32, w uintptr, l uintptr) (err error) = user32.PostMessageW?

// wmClose is WM_CLOSE: what a click on a window's X sends.
const wmClose = 0x10

// maxWindows bounds what one program's windows may occupy.
const maxWindows = 1 << 14

// Windows are the top-level windows of a process on the desktop of the asker, hidden
// ones among them. A console's window counts as that of the program that made it. It
// needs no privilege and does not block.
func Windows(pid int) ([]windows.HWND, error) {
	s := search{pid: uint32(pid)}
	err := enumWindows(windows.NewCallback(visit), unsafe.Pointer(&s))
	if len(s.found) > 0 {
		return s.found, nil
	}
	return nil, err
}

type search struct {
	pid   uint32
	found []windows.HWND
}

// visit is called with each window, and goes on while it answers 1.
func visit(window windows.HWND, s *search) uintptr {
	var pid uint32
	if _, err := getWindowThreadProcessId(window, &pid); err == nil && pid == s.pid {
		s.found = append(s.found, window)
	}
	if len(s.found) >= maxWindows {
		return 0
	}
	return 1
}

// Close asks a window to close; its program may ask back, or refuse. It needs a
// program of the same integrity level or a lower one, and does not wait.
func Close(window windows.HWND) error { return postMessage(window, wmClose, 0, 0) }
