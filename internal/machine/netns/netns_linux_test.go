package netns

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// other starts a process in a namespace of its own and returns its PID and a
// name of the namespace.
func other(t *testing.T) (pid int, ino uint64) {
	t.Helper()
	testbed.Netns(t, func() {
		l, err := net.Listen("tcp", "127.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		pid = testbed.Start(t, "sleep", "600").PID()
		if ino, err = inode("/proc/thread-self/ns/net"); err != nil {
			t.Fatal(err)
		}
	})
	return pid, ino
}

func TestNetnsListFindsAnotherByItsProcess(t *testing.T) {
	pid, ino := other(t)
	set, err := List(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var found bool
	for _, ns := range set.Namespaces {
		if ns.Inode == ino {
			found = true
			if len(ns.PIDs) != 1 || ns.PIDs[0] != pid {
				t.Errorf("row %+v, process %d", ns, pid)
			}
		}
	}
	own, _ := inode("/proc/thread-self/ns/net")
	for _, ns := range set.Namespaces {
		if ns.Inode == own {
			t.Error("the asker's own namespace is listed")
		}
	}
	if !found {
		t.Errorf("namespace %d of process %d is not among %+v", ino, pid, set.Namespaces)
	}
}

func TestNetnsDoRunsInsideAndComesBack(t *testing.T) {
	pid, ino := other(t)
	ns, err := Resolve(strconv.Itoa(pid))
	if err != nil || ns.Inode != ino {
		t.Fatalf("%+v, %v", ns, err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, _ := inode("/proc/thread-self/ns/net")
	err = Do(context.Background(), ns, func() error {
		got, err := inode("/proc/thread-self/ns/net")
		if err == nil && got != ino {
			t.Errorf("inside %d, not %d", got, ino)
		}
		if _, err := net.Listen("tcp", "127.0.0.1:80"); err == nil {
			t.Error("port 80 is taken inside, and a second listener got it")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if after, _ := inode("/proc/thread-self/ns/net"); after != before {
		t.Error("the caller's thread was moved")
	}
}

func TestNetnsDoRefusesAnotherUnderTheSameNumber(t *testing.T) {
	pid, ino := other(t)
	ns := fact.Namespace{ID: ID(ino + 1), Inode: ino + 1, PIDs: []int{pid}}
	if err := Do(context.Background(), ns, func() error { return nil }); err == nil {
		t.Error("entered a namespace whose inode is another one")
	}
}

func TestResolveFaults(t *testing.T) {
	if _, err := Resolve("no-such-namespace"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a name that is none: %v", err)
	}
	if _, err := Resolve("/proc/self/ns/mnt"); err == nil {
		t.Error("a mount namespace was taken for a network namespace")
	}
	if _, err := Resolve("/proc/self/status"); err == nil {
		t.Error("a plain file was taken for a network namespace")
	}
	ns, err := Resolve(strconv.Itoa(os.Getpid()))
	if err != nil || ns.Inode == 0 {
		t.Errorf("the own process: %+v, %v", ns, err)
	}
}

func TestNetnsDoSparesTheFirstThread(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	// With one thread at work at a time, what Do starts runs where its caller ran.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	own, err := Resolve("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		err := Do(context.Background(), own, func() error {
			if unix.Gettid() == unix.Getpid() {
				return errors.New("the first thread was moved")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
