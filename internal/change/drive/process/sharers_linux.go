package process

import (
	"context"
	"os"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/sys/fdscan"
	"github.com/berthd/berth/internal/sys/procfs"
)

// sharers walks the descendants of a process. What may not be looked at is left out.
func sharers(ctx context.Context, proc string, pid int) []int {
	below := descendants(proc, pid)
	if len(below) == 0 {
		return nil
	}
	inodes := internet(proc, pid)
	if len(inodes) == 0 {
		return nil
	}
	found, err := fdscan.Scan(ctx, proc, below, inodes)
	if err != nil {
		return nil
	}
	var pids []int
	for _, h := range found.Hits {
		if !slices.Contains(pids, h.PID) {
			pids = append(pids, h.PID)
		}
	}
	return pids
}

// descendants are the processes below one, children before grandchildren.
func descendants(proc string, pid int) []int {
	all, err := fdscan.Processes(proc)
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for _, p := range all {
		b, err := os.ReadFile(proc + "/" + strconv.Itoa(p) + "/stat")
		if err != nil {
			continue
		}
		if s, ok := procfs.ParseStat(b); ok {
			children[s.PPID] = append(children[s.PPID], p)
		}
	}
	seen, out := map[int]bool{pid: true}, []int{pid}
	for i := 0; i < len(out); i++ {
		for _, c := range children[out[i]] {
			if !seen[c] {
				seen[c] = true
				out = append(out, c)
			}
		}
	}
	return out[1:]
}

// internet are the inodes of a process's TCP and UDP sockets that wait for others:
// in the tables of its own network namespace, and without a peer.
func internet(proc string, pid int) []uint64 {
	dir := proc + "/" + strconv.Itoa(pid)
	own := map[uint64]bool{}
	entries, _ := os.ReadDir(dir + "/fd")
	for _, e := range entries {
		target, _ := os.Readlink(dir + "/fd/" + e.Name())
		if inode, ok := procfs.SocketInode([]byte(target)); ok {
			own[inode] = true
		}
	}
	var out []uint64
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, _ := os.ReadFile(dir + "/net/" + table)
		for _, inode := range waiting(b) {
			if own[inode] {
				out = append(out, inode)
			}
		}
	}
	return out
}
