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
// the machine. ok is false, with the reason, where the kernel or this process's
// rights do not allow it. It blocks for about 0.3 µs a descriptor, and some
// milliseconds to read the kernel's type information.
func Scan(ctx context.Context, inodes []uint64) (hits []fdscan.Hit, ok bool, err error) {
	if err := usable(); err != nil {
		return nil, false, err
	}
	l, err := kernelLayout("/sys/kernel/btf/vmlinux")
	if err != nil {
		return nil, false, err
	}
	wanted := slices.Clone(inodes)
	slices.Sort(wanted)
	it, err := open(l, wanted)
	if err != nil {
		return nil, false, err
	}
	defer unix.Close(it)
	hits, err = collect(ctx, it, wanted)
	return hits, err == nil, err
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
	prog, err := load(l, program(l, wanted))
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

// collect reads records until the iterator ends.
func collect(ctx context.Context, it int, wanted []uint64) ([]fdscan.Hit, error) {
	var hits []fdscan.Hit
	buf := make([]byte, recordLen<<11)
	held := 0
	for ctx.Err() == nil {
		n, err := unix.Read(it, buf[held:])
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
			continue
		case err != nil:
			return nil, fmt.Errorf("read iterator: %w", err)
		case n == 0 && held == 0:
			slices.SortFunc(hits, fdscan.Compare)
			return hits, nil
		case n == 0:
			return nil, fmt.Errorf("read iterator: %d bytes are not a record", held)
		}
		held += n
		whole := held - held%recordLen
		hits = decode(hits, buf[:whole], wanted)
		held = copy(buf, buf[whole:held])
	}
	return nil, ctx.Err()
}

func decode(hits []fdscan.Hit, b []byte, wanted []uint64) []fdscan.Hit {
	for ; len(b) >= recordLen; b = b[recordLen:] {
		h := fdscan.Hit{
			PID: int(binary.LittleEndian.Uint32(b)), TID: int(binary.LittleEndian.Uint32(b[4:])),
			FD: int(binary.LittleEndian.Uint32(b[8:])), Inode: binary.LittleEndian.Uint64(b[16:]),
		}
		if h.TID == h.PID {
			h.TID = 0
		}
		if _, ok := slices.BinarySearch(wanted, h.Inode); ok {
			hits = append(hits, h)
		}
	}
	return hits
}
