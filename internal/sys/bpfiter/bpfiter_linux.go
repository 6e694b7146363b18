package bpfiter

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/fdscan"
)

// maxChain is how many inodes the program compares with itself; for more it
// reports every socket, and they are compared here.
const maxChain = 32

// ErrNotHere tells that this process cannot use the iterator where it is: another
// PID namespace, whose numbers the kernel would not use, or another machine type.
var ErrNotHere = errors.New("the file iterator cannot be used from here")

// Scan reports the descriptors of the given socket inodes in all processes of
// the machine. An error says that the kernel, or this process's rights, do not
// allow it. PID 1, which the iterator must show like any other process, is in
// Result.Closed where it did not: some kernels keep processes out of it, and then
// nothing can be said of sockets that were not found. It blocks for about 0.3 µs a
// descriptor, and some milliseconds to read the kernel's type information.
func Scan(ctx context.Context, inodes []uint64) (fdscan.Result, error) {
	if err := usable(); err != nil {
		return fdscan.Result{}, err
	}
	l, err := kernelLayout("/sys/kernel/btf/vmlinux")
	if err != nil {
		return fdscan.Result{}, err
	}
	wanted := slices.Clone(inodes)
	slices.Sort(wanted)
	it, err := open(l, wanted)
	if err != nil {
		return fdscan.Result{}, err
	}
	defer unix.Close(it)
	c := collector{wanted: wanted, self: os.Getpid()}
	if err := c.read(ctx, it); err != nil {
		return fdscan.Result{}, err
	}
	return c.result()
}

// firstPIDNS is the inode of the first PID namespace, a constant of the kernel.
const firstPIDNS = "pid:[4026531836]"

func usable() error {
	little := binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	if !little || unsafe.Sizeof(uintptr(0)) != 8 {
		return fmt.Errorf("%w: machine type", ErrNotHere)
	}
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return err
	}
	if ns != firstPIDNS {
		return fmt.Errorf("%w: PID namespace", ErrNotHere)
	}
	return nil
}

// kernelLayout reads the kernel's own type information, mapped where the kernel
// can (Linux 6.16), else copied.
func kernelLayout(path string) (layout, error) {
	f, err := os.Open(path)
	if err != nil {
		return layout{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return layout{}, err
	}
	const most = 256 << 20
	if st.Size() <= 0 || st.Size() > most {
		return layout{}, fmt.Errorf("%w: size %d", errBTF, st.Size())
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err == nil {
		defer unix.Munmap(data)
		return findLayout(data)
	}
	data = make([]byte, st.Size())
	for n := 0; n < len(data); {
		k, err := f.Read(data[n:])
		if err != nil {
			return layout{}, err
		}
		n += k
	}
	return findLayout(data)
}

// Parts of the bpf system call, by the kernel's bpf.h.
const (
	cmdProgLoad   = 5
	cmdLinkCreate = 28
	cmdIterCreate = 33
	progTracing   = 26
	attachIter    = 28
)

// open loads the program, ties it to the iterator and opens its output.
func open(l layout, wanted []uint64) (fd int, err error) {
	if len(wanted) > maxChain {
		wanted = nil
	}
	prog, err := load(l, program(l, wanted, 1, os.Getpid()))
	if err != nil {
		return -1, fmt.Errorf("load program: %w", err)
	}
	defer unix.Close(prog)
	link, err := bpf(cmdLinkCreate, attr{0: uint32(prog), 2: attachIter})
	if err != nil {
		return -1, fmt.Errorf("attach program: %w", err)
	}
	defer unix.Close(link)
	fd, err = bpf(cmdIterCreate, attr{0: uint32(link)})
	if err != nil {
		return -1, fmt.Errorf("open iterator: %w", err)
	}
	return fd, nil
}

// attr is the head of union bpf_attr in words of 4 bytes.
type attr [36]uint32

func (a *attr) pointer(word int, p unsafe.Pointer) {
	*(*uint64)(unsafe.Pointer(&a[word])) = uint64(uintptr(p))
}

func load(l layout, insns []byte) (int, error) {
	license := []byte("Dual MIT/GPL\x00") // the helper that writes is open to GPL-compatible programs only
	a := attr{0: progTracing, 1: uint32(len(insns) / 8), 17: attachIter, 27: l.attach}
	var pins runtime.Pinner
	defer pins.Unpin()
	pins.Pin(&insns[0])
	pins.Pin(&license[0])
	a.pointer(2, unsafe.Pointer(&insns[0]))
	a.pointer(4, unsafe.Pointer(&license[0]))
	return bpf(cmdProgLoad, a)
}

func bpf(cmd uintptr, a attr) (int, error) {
	for {
		fd, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(unsafe.Pointer(&a)), unsafe.Sizeof(a))
		switch errno {
		case 0:
			return int(fd), nil
		case unix.EINTR, unix.EAGAIN: // the verifier was interrupted by a signal
			continue
		}
		return -1, errno
	}
}

// collector takes records as they come.
type collector struct {
	wanted   []uint64
	self     int
	seenSelf bool
	seenInit bool
	hits     []fdscan.Hit
}

// read reads until the iterator ends.
func (c *collector) read(ctx context.Context, it int) error {
	buf := make([]byte, recordLen<<11)
	held := 0
	for ctx.Err() == nil {
		n, err := unix.Read(it, buf[held:])
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
			continue
		case err != nil:
			return fmt.Errorf("read iterator: %w", err)
		case n == 0 && held > 0:
			return fmt.Errorf("read iterator: %d bytes are not a record", held)
		case n == 0:
			return nil
		}
		held += n
		whole := held - held%recordLen
		c.decode(buf[:whole])
		held = copy(buf, buf[whole:held])
	}
	return ctx.Err()
}

func (c *collector) decode(b []byte) {
	for ; len(b) >= recordLen; b = b[recordLen:] {
		u32 := func(i int) int { return int(binary.LittleEndian.Uint32(b[i:])) }
		h := fdscan.Hit{PID: u32(0), TID: u32(4), FD: u32(8), Inode: binary.LittleEndian.Uint64(b[16:])}
		c.seenSelf = c.seenSelf || h.PID == c.self
		c.seenInit = c.seenInit || h.PID == 1
		if h.TID == h.PID {
			h.TID = 0
		}
		if _, ok := slices.BinarySearch(c.wanted, h.Inode); ok && u32(12)&typeMask == sockMode {
			c.hits = append(c.hits, h)
		}
	}
}

// result holds the records to what must be in them: this process itself, which
// has files open, and PID 1.
func (c *collector) result() (fdscan.Result, error) {
	if !c.seenSelf {
		return fdscan.Result{}, fmt.Errorf("%w: it does not show this process", ErrNotHere)
	}
	slices.SortFunc(c.hits, fdscan.Compare)
	r := fdscan.Result{Hits: c.hits}
	if !c.seenInit {
		r.Closed = []int{1}
	}
	return r, nil
}
