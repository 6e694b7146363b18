package fdscan

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/procfs"
)

// Scan reads the descriptors of pids below the proc mount at root, or of every
// process where pids is nil, and reports those of the given socket inodes. It
// blocks for as long as the walk takes, about 2 µs a descriptor and processor.
// Processes of other users are closed without CAP_SYS_PTRACE: Result.Closed. A
// process that ends meanwhile is left out. err is set when root cannot be
// listed, or ctx ended.
func Scan(ctx context.Context, root string, pids []int, inodes []uint64) (Result, error) {
	dir, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Result{}, fmt.Errorf("open %s: %w", root, err)
	}
	defer unix.Close(dir)
	if pids == nil {
		if pids, err = list(dir); err != nil {
			return Result{}, fmt.Errorf("list %s: %w", root, err)
		}
	}
	return run(ctx, dir, pids, inodes)
}

// Processes lists the PIDs of the proc mount at root, ascending.
func Processes(root string) ([]int, error) {
	dir, err := unix.Open(root, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", root, err)
	}
	defer unix.Close(dir)
	return list(dir)
}

func list(dir int) ([]int, error) {
	var pids []int
	buf := make([]byte, 32<<10)
	err := entries(dir, buf, func(name []byte) {
		if pid, ok := number(name); ok {
			pids = append(pids, pid)
		}
	})
	slices.Sort(pids)
	return pids, err
}

// run shares pids out between workers, one for each processor.
func run(ctx context.Context, dir int, pids []int, inodes []uint64) (Result, error) {
	wanted := slices.Clone(inodes)
	slices.Sort(wanted)
	var (
		next  atomic.Int64
		wg    sync.WaitGroup
		parts = make([]Result, min(runtime.GOMAXPROCS(0), max(1, len(pids)/8)))
	)
	work := func(part *Result) {
		w := newWorker(dir, wanted)
		for i := int(next.Add(1)) - 1; i < len(pids) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
			w.process(pids[i])
		}
		*part = w.result
	}
	for i := range parts[1:] {
		wg.Go(func() { work(&parts[i+1]) })
	}
	work(&parts[0])
	wg.Wait()
	return join(parts), ctx.Err()
}

func join(parts []Result) Result {
	all := parts[0]
	for _, p := range parts[1:] {
		all.Hits = append(all.Hits, p.Hits...)
		all.Closed = append(all.Closed, p.Closed...)
		all.Seen += p.Seen
		if all.Err == nil {
			all.Err = p.Err
		}
	}
	slices.SortFunc(all.Hits, Compare)
	slices.Sort(all.Closed)
	return all
}

type worker struct {
	proc   int // descriptor of the proc mount
	wanted []uint64
	path   []byte
	link   [64]byte
	buf    []byte
	result Result
}

func newWorker(proc int, wanted []uint64) *worker {
	return &worker{proc: proc, wanted: wanted, path: make([]byte, 0, 32), buf: make([]byte, 16<<10)}
}

func (w *worker) process(pid int) {
	w.path = append(strconv.AppendInt(w.path[:0], int64(pid), 10), "/fd\x00"...)
	w.table(pid)
}

// table reads all descriptors below the folder w.path. One that was closed
// meanwhile is left out.
func (w *worker) table(pid int) {
	dir, err := openat(w.proc, w.path)
	if err != nil {
		w.refused(pid, err)
		return
	}
	var refusal error
	err = entries(dir, w.buf, func(name []byte) {
		if err := w.descriptor(dir, pid, name); err != nil && err != unix.ENOENT {
			refusal = err
		}
	})
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(dir), 0, 0)
	switch {
	case err != nil:
		w.refused(pid, err)
	case refusal != nil:
		w.refused(pid, refusal)
	default:
		w.result.Seen++
	}
}

// refused tells a process that is closed from one that has ended.
func (w *worker) refused(pid int, err error) {
	if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ESRCH) {
		w.result.Closed = append(w.result.Closed, pid)
		w.result.Err = err
	}
}

// descriptor reads one link. name ends with a NUL that is not part of it.
func (w *worker) descriptor(dir, pid int, name []byte) error {
	n, _, errno := unix.RawSyscall6(unix.SYS_READLINKAT, uintptr(dir),
		uintptr(unsafe.Pointer(unsafe.SliceData(name))), uintptr(unsafe.Pointer(&w.link[0])), uintptr(len(w.link)), 0, 0)
	if errno != 0 {
		return errno
	}
	inode, ok := procfs.SocketInode(w.link[:n])
	if !ok {
		return nil
	}
	if _, ok := slices.BinarySearch(w.wanted, inode); ok {
		fd, _ := number(name)
		w.result.Hits = append(w.result.Hits, Hit{PID: pid, FD: fd, Inode: inode})
	}
	return nil
}

// openat opens a folder by a path that ends with NUL.
func openat(dir int, path []byte) (int, error) {
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
		unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// entries calls visit with the name of each entry that begins with a digit. A
// NUL follows the name in memory.
func entries(dir int, buf []byte, visit func(name []byte)) error {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, uintptr(dir), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)))
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return errno
		}
		if n == 0 {
			return nil
		}
		names(buf[:n], visit)
	}
}

// names walks linux_dirent64 records: inode and offset (8 bytes each), length
// (2), type (1), name.
func names(b []byte, visit func(name []byte)) {
	const head = 19
	for len(b) > head {
		size := int(binary.NativeEndian.Uint16(b[16:]))
		if size <= head || size > len(b) {
			return
		}
		name := b[head:size]
		end := 0
		for end < len(name) && name[end] != 0 {
			end++
		}
		if name[0] >= '0' && name[0] <= '9' && end < len(name) {
			visit(name[:end])
		}
		b = b[size:]
	}
}

func number(name []byte) (n int, ok bool) {
	for _, c := range name {
		if c < '0' || c > '9' || n > 1<<27 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(name) > 0
}
