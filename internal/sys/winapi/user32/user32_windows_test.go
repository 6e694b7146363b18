package user32

import (
	"os"
	"testing"

	"golang.org/x/sys/windows"
)

// A window that is none is an error, and a test has no windows of its own.
func TestWindows(t *testing.T) {
	own, err := Windows(os.Getpid())
	if err != nil || len(own) != 0 {
		t.Errorf("windows %v, %v", own, err)
	}
	if err := Close(windows.HWND(0x7ffffff0)); err == nil {
		t.Error("a window that is none was closed")
	}
}
