package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/answer/plan"
)

// play is a program with a window. A polite one ends when its window is closed.
func play(role string) {
	runtime.LockOSThread()
	user32 := windows.NewLazySystemDLL("user32.dll")
	class, _ := windows.UTF16PtrFromString("STATIC")
	w, _, err := user32.NewProc("CreateWindowExW").Call(0, uintptr(unsafe.Pointer(class)), 0, 0, 0, 0, 10, 10, 0, 0, 0, 0)
	if w == 0 {
		fmt.Println("no window:", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	for {
		var msg [6]uint64
		user32.NewProc("GetMessageW").Call(uintptr(unsafe.Pointer(&msg)), 0, 0, 0)
		if role == "deaf window" {
			continue
		}
		user32.NewProc("DispatchMessageW").Call(uintptr(unsafe.Pointer(&msg)))
		if !windows.IsWindow(windows.HWND(w)) {
			return
		}
	}
}

// windowed starts a program with a window.
func windowed(t *testing.T, role string) *child {
	t.Helper()
	c := start(t, role)
	if strings.TrimSpace(c.line) != "ready" {
		t.Fatal(c.line)
	}
	return c
}

func TestInsideProgramWithAWindow(t *testing.T) {
	c := windowed(t, "polite window")
	s := subject(t, c.Process.Pid)
	if err := set(s, read(t, s), Gone); err != nil {
		t.Fatal(err)
	}
	<-c.done
	if state := c.state(t); state != "exit status 0" {
		t.Errorf("it ended by %s", state)
	}
}

func TestInsideProgramThatKeepsItsWindow(t *testing.T) {
	c := windowed(t, "deaf window")
	s := subject(t, c.Process.Pid, "grace", "50ms")
	if err := set(s, read(t, s), Gone); !errors.Is(err, plan.ErrAlive) {
		t.Fatalf("asked: %v", err)
	}
	s.Of["force"] = "yes"
	if err := set(s, read(t, s), Gone); err != nil {
		t.Fatal(err)
	}
	<-c.done
	if state := c.state(t); state != "exit status 1" {
		t.Errorf("it ended by %s", state)
	}
}
