package container

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/procfs"
)

// liveProcess reads one process as its reader would, as far as this room needs it.
func liveProcess(t testing.TB, pid int) fact.Process {
	t.Helper()
	file := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	stat, ok := procfs.ParseStat(file("stat"))
	if !ok {
		t.Fatalf("stat of %d", pid)
	}
	uid := procfs.ParseStatus(file("status")).UID
	exe, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	return fact.Process{
		ID: fact.ProcessID(pid, stat.Start), PID: pid, PPID: stat.PPID, Name: stat.Comm, Exe: exe, UID: &uid,
		Args: procfs.ParseArgs(file("cmdline")),
		Linux: &fact.LinuxProcess{
			StartTicks: stat.Start, Cgroup: procfs.ParseCgroups(file("cgroup")).Naming(), Netns: netnsOf(t, pid),
		},
	}
}

// netnsOf is the inode of pid's network namespace.
func netnsOf(t testing.TB, pid int) uint64 {
	t.Helper()
	link, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(link[len("net:["):len(link)-1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
