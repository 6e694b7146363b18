package fdscan

import (
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// socket opens a socket and returns its descriptor and inode.
func socket(t *testing.T) (*os.File, uint64) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { file.Close() })
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return file, st.Ino
}

func TestScanFindsEveryDescriptor(t *testing.T) {
	a, inodeA := socket(t)
	b, inodeB := socket(t)
	again, err := unix.FcntlInt(a.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(again)
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{b}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	me := os.Getpid()
	want := []Hit{
		{PID: me, FD: int(a.Fd()), Inode: inodeA}, {PID: me, FD: int(b.Fd()), Inode: inodeB},
		{PID: me, FD: again, Inode: inodeA}, {PID: cmd.Process.Pid, FD: 3, Inode: inodeB},
	}
	slices.SortFunc(want, Compare)
	for _, pids := range [][]int{nil, {me, cmd.Process.Pid}, {cmd.Process.Pid, me, 1<<22 + 1}} {
		r, err := Scan(t.Context(), "/proc", pids, []uint64{inodeB, inodeA})
		if err != nil || !cmp.Equal(want, r.Hits) {
			t.Errorf("%v: %v %s", pids, err, cmp.Diff(want, r.Hits))
		}
		if pids != nil && (r.Seen != 2 || len(r.Closed) != 0) {
			t.Errorf("%v: seen %d, closed %v", pids, r.Seen, r.Closed)
		}
	}
}

// 3000 must not match 30000 or 13000.
func TestScanMatchesWholeInodes(t *testing.T) {
	proc := t.TempDir()
	dir := filepath.Join(proc, "7", "fd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for fd, target := range []string{"socket:[30000]", "socket:[13000]", "pipe:[3000]", "/tmp/socket:[3000]", "socket:[3000]", "socket:[300]"} {
		if err := os.Symlink(target, filepath.Join(dir, strconv.Itoa(fd))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(proc, "sys"), 0o755); err != nil {
		t.Fatal(err)
	}
	r, err := Scan(t.Context(), proc, nil, []uint64{3000})
	if want := []Hit{{PID: 7, FD: 4, Inode: 3000}}; err != nil || !cmp.Equal(want, r.Hits) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestScanManyDescriptors(t *testing.T) {
	proc := t.TempDir()
	dir := filepath.Join(proc, "7", "fd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const n = 3000 // more than one buffer of entries
	for fd := range n {
		if err := os.Symlink("socket:["+strconv.Itoa(fd+100)+"]", filepath.Join(dir, strconv.Itoa(fd))); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Scan(t.Context(), proc, nil, []uint64{100, 100 + n - 1, 100 + n, 99})
	if err != nil || len(r.Hits) != 2 || r.Hits[1].FD != n-1 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestScanWithoutProc(t *testing.T) {
	if _, err := Scan(t.Context(), filepath.Join(t.TempDir(), "none"), nil, []uint64{1}); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Scan(ctx, "/proc", nil, []uint64{1}); err == nil {
		t.Error("no error from an ended context")
	}
}

func FuzzNames(f *testing.F) {
	entry := func(name string) []byte {
		b := make([]byte, 19, 40)
		b = append(append(b, name...), 0)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		binary.NativeEndian.PutUint16(b[16:], uint16(len(b)))
		return b
	}
	f.Add(slices.Concat(entry("."), entry(".."), entry("0"), entry("251"), entry("self")))
	f.Fuzz(func(t *testing.T, b []byte) {
		names(b, func(name []byte) {
			if len(name) == 0 || len(name) > len(b) || *(*byte)(unsafe.Add(unsafe.Pointer(&name[0]), len(name))) != 0 {
				t.Errorf("%q is not ended", name)
			}
		})
	})
}

func BenchmarkScanAll(b *testing.B) {
	for b.Loop() {
		if _, err := Scan(b.Context(), "/proc", nil, []uint64{1<<62 + 7}); err != nil {
			b.Fatal(err)
		}
	}
}
