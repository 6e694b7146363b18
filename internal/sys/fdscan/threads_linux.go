package fdscan

import (
	"context"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Threads reads the descriptors that Scan does not see: those of threads that
// have a table of their own, or whose process's first thread has ended. It costs
// one system call a thread, and a walk of the few tables that differ.
func Threads(ctx context.Context, root string, inodes []uint64) (Result, error) {
	dir, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(dir)
	pids, err := list(dir)
	if err != nil {
		return Result{}, err
	}
	wanted := slices.Clone(inodes)
	slices.Sort(wanted)
	w := newWorker(dir, wanted)
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return w.result, err
		}
		for _, tid := range threads(root, pid) {
			if !sharesTable(pid, tid) {
				w.thread(pid, tid)
			}
		}
	}
	return w.result, nil
}

// threads lists the threads of a process but the first; most have none. The
// folder's link count is the number of threads and 2.
func threads(root string, pid int) []int {
	path := root + "/" + strconv.Itoa(pid) + "/task"
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil || st.Nlink <= 3 {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil
	}
	var tids []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil && tid != pid {
			tids = append(tids, tid)
		}
	}
	return tids
}

// sharesTable compares the tables in the kernel. Where that is not to be had,
// the thread's table is read like any other.
func sharesTable(pid, tid int) bool {
	const kcmpFiles = 2
	same, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(pid), uintptr(tid), kcmpFiles, 0, 0, 0)
	return errno == 0 && same == 0
}

func (w *worker) thread(pid, tid int) {
	before := len(w.result.Hits)
	w.path = append(w.path[:0], strconv.Itoa(pid)+"/task/"+strconv.Itoa(tid)+"/fd\x00"...)
	w.table(pid)
	for i := range w.result.Hits[before:] {
		w.result.Hits[before+i].TID = tid
	}
}
