package testbed

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Netns runs fn on a locked thread in a fresh network namespace whose loopback is
// up, and returns to the old namespace afterwards. It needs root.
//
// Sockets opened and commands started by fn itself are in the namespace. A
// goroutine that fn starts is not: it runs on another thread.
func Netns(t testing.TB, fn func()) {
	t.Helper()
	Need(t, TierNetns, "root")
	runtime.LockOSThread()
	old, err := os.Open(threadNetns())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	defer func() {
		// A thread that cannot go home stays locked and ends with the test.
		if err := unix.Setns(int(old.Fd()), unix.CLONE_NEWNET); err != nil {
			t.Errorf("return from network namespace: %v", err)
			return
		}
		runtime.UnlockOSThread()
	}()
	if err := linkUp("lo"); err != nil {
		t.Fatalf("loopback up: %v", err)
	}
	fn()
}

func threadNetns() string {
	return fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid())
}

func linkUp(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}
