package cgroupfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/testbed"
)

func inode(t *testing.T, path string) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

// mount is the cgroup2 mount of this machine.
func mount(t *testing.T) string {
	t.Helper()
	var f Finder
	defer f.Close()
	if err := f.open(); err != nil {
		testbed.Need(t, testbed.TierNetns, "a cgroup2 mount")
	}
	return f.mount
}

func TestNetnsBothWaysFindTheSamePath(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root")
	top := mount(t)
	outer := fmt.Sprintf("/berth-cgroupfs-%d", os.Getpid())
	path := outer + "/a.service"
	if err := os.MkdirAll(top+path, 0o755); err != nil {
		t.Fatal(err)
	}
	id := inode(t, top+path)
	var f Finder
	defer f.Close()
	got, err := f.Path(id)
	if err != nil || got != path {
		t.Errorf("Path: %q, %v; want %q", got, err, path)
	}
	if got, err := f.byHandle(id); err != nil || got != path {
		t.Errorf("by handle: %q, %v; want %q", got, err, path)
	}
	if got, err := f.tree.find(f.mount, id); err != nil || got != path {
		t.Errorf("by walk: %q, %v; want %q", got, err, path)
	}
	if err := errors.Join(unix.Rmdir(top+path), unix.Rmdir(top+outer)); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Path(id); err != nil || got != path {
		t.Errorf("asked again: %q, %v; want the kept answer", got, err)
	}
	var fresh Finder
	defer fresh.Close()
	if got, err := fresh.Path(id); !errors.Is(err, ErrGone) {
		t.Errorf("after it was removed: %q, %v; want ErrGone", got, err)
	}
}

func TestRootNeedsNoMount(t *testing.T) {
	f := Finder{fsRoot: t.TempDir()}
	if got, err := f.Path(RootID); got != "/" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := f.Path(2); !errors.Is(err, ErrNoMount) {
		t.Errorf("%v, want ErrNoMount", err)
	}
}

func TestWalkGoesLevelByLevelAndStops(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"system.slice/nginx.service", "user.slice/user-0.slice/x.scope"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "cgroup.procs"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var w walker
	for _, path := range []string{"/user.slice/user-0.slice/x.scope", "/system.slice", "/system.slice/nginx.service"} {
		if got, err := w.find(root, inode(t, root+path)); got != path || err != nil {
			t.Errorf("%q, %v; want %q", got, err, path)
		}
	}
	if _, err := w.find(root, inode(t, root+"/cgroup.procs")); !errors.Is(err, ErrGone) {
		t.Errorf("a file: %v, want ErrGone", err)
	}
}

func TestMountsOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mountinfo")
	text := "30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n" +
		"31 1 0:27 /docker/abc /part rw shared:9 - cgroup2 cgroup2 rw\n" +
		"32 1 0:27 / /a\\040b rw,relatime - cgroup2 cgroup2 rw\n" +
		"cut short - cgroup2\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"/a b", "/part"}, mountsOf(file)); d != "" {
		t.Error(d)
	}
	if got := mountsOf(file + ".none"); got != nil {
		t.Errorf("%v, want none", got)
	}
}

func FuzzEntries(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 24, 0, unix.DT_DIR, 'a', 0, 0, 0, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		w := walker{seen: make(map[uint64]string)}
		w.entries("", b)
		if len(w.seen) > len(b)/direntName {
			t.Errorf("%d entries from %d bytes", len(w.seen), len(b))
		}
	})
}
