package fdwait

import (
	"encoding/binary"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// maxThreads bounds how many threads of one process are looked at.
const maxThreads = 256

// On tells whether process pid below the proc mount at root waits on one of its
// descriptors fds. It needs the right to trace the process; with the right to read
// it only (Yama), sleepers are still told.
func On(root string, pid int, fds []int) Answer {
	w := watcher{root: root + "/" + strconv.Itoa(pid), pid: pid, fds: fds}
	threads, err := os.ReadDir(w.root + "/task")
	if err != nil || len(threads) == 0 {
		return Unknown
	}
	all := Idle
	for i, t := range threads {
		if i == maxThreads {
			return Unknown
		}
		switch w.thread(t.Name()) {
		case Waits:
			return Waits
		case Unknown:
			all = Unknown
		}
	}
	return all
}

type watcher struct {
	root string // /proc/PID
	pid  int
	fds  []int
}

func (w watcher) thread(tid string) Answer {
	b, err := os.ReadFile(w.root + "/task/" + tid + "/syscall")
	if err != nil {
		return w.channel(tid)
	}
	c, ok := parseCall(b)
	if !ok {
		return Unknown
	}
	switch kindOf(c.number) {
	case onDescriptor:
		return w.descriptor(int(int32(c.args[0])))
	case onEpoll:
		return w.epoll(int(int32(c.args[0])))
	case onPoll:
		return w.poll(c.args[0], c.args[1])
	case onSelect:
		return w.selects(c.args[0], c.args[1])
	case idle:
		return Idle
	}
	return Unknown
}

// channel is the kernel function a thread sleeps in, which needs less right than
// its system call (Yama guards that). Only what is certainly not a socket counts.
func (w watcher) channel(tid string) Answer {
	b, err := os.ReadFile(w.root + "/task/" + tid + "/wchan")
	if err != nil {
		return Unknown
	}
	switch string(b) {
	case "hrtimer_nanosleep", "do_nanosleep", "do_wait", "sigsuspend", "do_sigtimedwait", "futex_wait_queue", "futex_wait_queue_me", "futex_do_wait":
		return Idle
	}
	return Unknown
}

// descriptor: a thread in accept, recv or read of fd. In those of another socket
// it may well be serving a request.
func (w watcher) descriptor(fd int) Answer {
	if has(w.fds, fd) {
		return Waits
	}
	target, err := os.Readlink(w.root + "/fd/" + strconv.Itoa(fd))
	if err != nil || strings.HasPrefix(target, "socket:") {
		return Unknown
	}
	return Idle
}

func (w watcher) epoll(fd int) Answer {
	info, err := os.ReadFile(w.root + "/fdinfo/" + strconv.Itoa(fd))
	switch {
	case err != nil:
		return Unknown
	case watches(info, w.fds):
		return Waits
	}
	return Idle
}

// poll reads the array of struct pollfd: a descriptor and two masks, 8 bytes each.
func (w watcher) poll(addr, n uint64) Answer {
	const size, most = 8, 4096
	if n > most {
		return Unknown
	}
	b, ok := w.memory(addr, int(n)*size)
	if !ok {
		return Unknown
	}
	for ; len(b) >= size; b = b[size:] {
		if has(w.fds, int(int32(binary.NativeEndian.Uint32(b)))) {
			return Waits
		}
	}
	return Idle
}

// selects reads the bit set of descriptors to read from.
func (w watcher) selects(n, addr uint64) Answer {
	const most = 65536
	if n > most {
		return Unknown
	}
	if addr == 0 || n == 0 {
		return Idle
	}
	b, ok := w.memory(addr, int(n+63)/64*8)
	if !ok {
		return Unknown
	}
	for _, fd := range w.fds {
		if fd >= 0 && uint64(fd) < n && binary.NativeEndian.Uint64(b[fd/64*8:])>>(fd%64)&1 == 1 {
			return Waits
		}
	}
	return Idle
}

func (w watcher) memory(addr uint64, n int) ([]byte, bool) {
	if n == 0 {
		return nil, true
	}
	b := make([]byte, n)
	local := []unix.Iovec{{Base: &b[0]}}
	local[0].SetLen(n)
	remote := []unix.RemoteIovec{{Base: uintptr(addr), Len: n}}
	got, err := unix.ProcessVMReadv(w.pid, local, remote, 0)
	return b, err == nil && got == n
}
