package ntdll

import (
	"os"
	"testing"

	"golang.org/x/sys/windows"
)

func TestBasicOfSelf(t *testing.T) {
	b, err := Basic(windows.CurrentProcess())
	if err != nil || b.PID != uint64(os.Getpid()) || b.Parent != uint64(os.Getppid()) || b.PEB == 0 {
		t.Errorf("%+v, %v; want PID %d, parent %d and an environment block", b, err, os.Getpid(), os.Getppid())
	}
	if _, err := Basic(0); err == nil {
		t.Error("no process has an answer")
	}
}
