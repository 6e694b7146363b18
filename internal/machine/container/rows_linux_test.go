package container

import (
	"fmt"
	"os"
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/procfs"
)

// liveProcess reads one process as its reader would, as far as this room needs it.
func liveProcess(pid int) (fact.Process, error) {
	dir := "/proc/" + strconv.Itoa(pid) + "/"
	b, err := os.ReadFile(dir + "stat")
	stat, ok := procfs.ParseStat(b)
	if err != nil || !ok {
		return fact.Process{}, fmt.Errorf("stat of %d: %w", pid, os.ErrNotExist)
	}
	status, _ := os.ReadFile(dir + "status")
	args, _ := os.ReadFile(dir + "cmdline")
	group, _ := os.ReadFile(dir + "cgroup")
	exe, _ := os.Readlink(dir + "exe")
	uid := procfs.ParseStatus(status).UID
	p := fact.Process{
		ID: fact.ProcessID(pid, stat.Start), PID: pid, PPID: stat.PPID, Name: stat.Comm, Exe: exe, UID: &uid, Args: procfs.ParseArgs(args),
		Linux: &fact.LinuxProcess{StartTicks: stat.Start, Cgroup: procfs.ParseCgroups(group).Naming()},
	}
	if ns := netnsOf(dir); ns != netnsOf("/proc/self/") {
		p.Linux.Netns = ns
	}
	return p, nil
}

// netnsOf is the inode of a process' network namespace, or 0.
func netnsOf(dir string) uint64 {
	link, _ := os.Readlink(dir + "ns/net")
	if len(link) < len("net:[]") {
		return 0
	}
	n, _ := strconv.ParseUint(link[len("net:["):len(link)-1], 10, 64)
	return n
}
