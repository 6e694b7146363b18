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
	hits, ok, err := Scan(t.Context(), inodes)
	if ok != (err == nil) || ok != (len(hits) > 0) {
		t.Errorf("got %v, %v, %v", hits, ok, err)
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
		got, ok, err := Scan(t.Context(), inodes)
		walked, walkErr := fdscan.Scan(t.Context(), "/proc", nil, inodes)
		cmd.Process.Kill()
		cmd.Wait()
		if err != nil || !ok || walkErr != nil {
			t.Fatalf("%d sockets: %v %v %v", n, ok, err, walkErr)
		}
		if want := n + min(n, 50); len(got) != want {
			t.Errorf("%d sockets: %d descriptors, want %d", n, len(got), want)
		}
		if diff := cmp.Diff(walked.Hits, got); diff != "" {
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
	hits, _, err := Scan(t.Context(), []uint64{st.Ino})
	mine := slices.ContainsFunc(hits, func(h fdscan.Hit) bool { return h.PID == os.Getpid() && h.FD == int(file.Fd()) })
	if err != nil || mine {
		t.Errorf("got %v, %v", hits, err)
	}
}

func BenchmarkScan(b *testing.B) {
	for b.Loop() {
		if _, ok, err := Scan(b.Context(), []uint64{1<<62 + 7}); !ok {
			b.Skip(err)
		}
	}
}
