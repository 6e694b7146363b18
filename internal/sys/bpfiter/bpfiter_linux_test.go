package bpfiter

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/fdscan"
	"github.com/berthd/berth/internal/testbed"
)

// sockets opens n UDP sockets and returns their inodes.
func sockets(t *testing.T, n int) (files []*os.File, inodes []uint64) {
	t.Helper()
	for range n {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := c.(*net.UDPConn).File()
		c.Close()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		var st unix.Stat_t
		if err := unix.Fstat(int(file.Fd()), &st); err != nil {
			t.Fatal(err)
		}
		files, inodes = append(files, file), append(inodes, st.Ino)
	}
	return files, inodes
}

// Without rights the answer is an error, never an empty list; with them it is not.
func TestScanAnswersOrRefuses(t *testing.T) {
	_, inodes := sockets(t, 1)
	r, err := Scan(t.Context(), inodes)
	if (err == nil) != (len(r.Hits) > 0) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestNetnsScanEqualsTheWalk(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root", "/sys/kernel/btf/vmlinux", "sleep")
	for _, n := range []int{1, maxChain, maxChain + 1, 10 * maxChain} {
		files, inodes := sockets(t, n)
		cmd := exec.Command("sleep", "60")
		cmd.ExtraFiles = files[:min(n, 50)]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		got, err := Scan(t.Context(), inodes)
		walked, walkErr := fdscan.Scan(t.Context(), "/proc", nil, inodes)
		cmd.Process.Kill()
		cmd.Wait()
		if err != nil || walkErr != nil {
			t.Fatalf("%d sockets: %v %v", n, err, walkErr)
		}
		if want := n + min(n, 50); len(got.Hits) != want {
			t.Errorf("%d sockets: %d descriptors, want %d", n, len(got.Hits), want)
		}
		if diff := cmp.Diff(walked.Hits, got.Hits); diff != "" {
			t.Errorf("%d sockets: -walk +bpf\n%s", n, diff)
		}
	}
}

// An inode number alone is not a socket: files of other file systems have the
// same numbers.
func TestNetnsScanTakesSocketsOnly(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "root", "/sys/kernel/btf/vmlinux")
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	r, err := Scan(t.Context(), []uint64{st.Ino})
	mine := slices.ContainsFunc(r.Hits, func(h fdscan.Hit) bool { return h.PID == os.Getpid() && h.FD == int(file.Fd()) })
	if err != nil || mine {
		t.Errorf("got %+v, %v", r, err)
	}
}

// A kernel that keeps processes out of the iterator must not make them absent.
func TestCollectorHoldsRecordsToWhatMustBeThere(t *testing.T) {
	record := func(pid, mode, inode byte) []byte {
		b := make([]byte, recordLen)
		b[0], b[4], b[8], b[13], b[16] = pid, pid, 3, mode, inode
		return b
	}
	const sock, file = 0xc1, 0x81 // high bytes of S_IFSOCK and S_IFREG
	c := collector{wanted: []uint64{7}, self: 50}
	c.decode(slices.Concat(record(1, file, 7), record(50, file, 9), record(60, sock, 7), record(60, sock, 8)))
	r, err := c.result()
	if want := (fdscan.Result{Hits: []fdscan.Hit{{PID: 60, FD: 3, Inode: 7}}}); err != nil || !cmp.Equal(want, r) {
		t.Errorf("got %+v, %v", r, err)
	}
	c = collector{wanted: []uint64{7}, self: 50}
	c.decode(slices.Concat(record(50, file, 9), record(60, sock, 7)))
	if r, err := c.result(); err != nil || !slices.Equal(r.Closed, []int{1}) || len(r.Hits) != 1 {
		t.Errorf("without PID 1: got %+v, %v", r, err)
	}
	c = collector{wanted: []uint64{7}, self: 50}
	c.decode(slices.Concat(record(1, file, 9), record(60, sock, 7)))
	if r, err := c.result(); err == nil {
		t.Errorf("without ourselves: got %+v", r)
	}
}

func BenchmarkScan(b *testing.B) {
	for b.Loop() {
		if _, err := Scan(b.Context(), []uint64{1<<62 + 7}); err != nil {
			b.Skip(err)
		}
	}
}
