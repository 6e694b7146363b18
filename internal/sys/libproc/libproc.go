// Package libproc asks macOS what its library of the same name asks: which
// processes there are, and what one process is, has open and is called.
//
// # How
//
// The calls of the library are one system call, proc_info, behind a few lines each.
// This package makes that call itself, by its number, as the standard library's
// [syscall.Syscall6] does any: no cgo, no assembly, no library loaded at start.
// Apple promises the library and not the number; the number has been the same since
// Mac OS X 10.5, and programs in Go have long asked so on both processors. The other
// way without cgo, symbols that the linker imports dynamically, needs stubs in
// assembly and the runtime's inner names, and where a symbol is missing the whole
// program does not start. Here a macOS that lacks the call answers ENOSYS, which
// [Absent] recognises. The table of processes and their arguments come from sysctl,
// which is in libSystem as Apple promises it.
//
// # What was run
//
// Nothing here was run on a Mac yet. Offsets are those of the kernel's published
// headers (bsd/sys/proc_info.h, sysctl.h); those of the process table are held
// against golang.org/x/sys's structs when this is compiled for macOS. Decoders
// compile everywhere and are tested on bytes that were built by hand.
//
// # Rights
//
// [Table], [PIDs] and [Path] need none. The others are for processes of the asker's
// own user, and for root; else the answer is EPERM ([Denied]), and EINVAL for
// [Arguments]. No call blocks, and none changes anything.
package libproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"syscall"
	"time"
)

// Sizes of what is answered.
const (
	pidSize    = 4
	fdSize     = 8
	infoSize   = 136
	folderSize = 2 * (vnodeSize + maxPath)
	vnodeSize  = 152
	maxPath    = 1024
	socketSize = 792
)

// text is a string in a field of fixed size.
func text(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}

// Denied tells whether the system refused for lack of rights.
func Denied(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}

// Gone tells whether there was no such process or descriptor any more.
func Gone(err error) bool { return errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.EBADF) }

// Absent tells whether this macOS lacks the call or the question.
func Absent(err error) bool {
	return errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOTSUP)
}

// ErrShort is an answer that is shorter than the system says such answers are.
var ErrShort = errors.New("the answer of proc_info is cut short")

// Info is what a process tells of itself (PROC_PIDTBSDINFO).
type Info struct {
	PID, Parent int
	Name        string // up to 31 bytes, where it has such a name; else the first 15 of its file's
	UID         uint32
	Start       time.Time // to the microsecond
}

// ParseInfo decodes a proc_bsdinfo.
func ParseInfo(b []byte) (Info, error) {
	if len(b) < infoSize {
		return Info{}, ErrShort
	}
	i := Info{PID: int(int32(binary.LittleEndian.Uint32(b[12:]))), Parent: int(int32(binary.LittleEndian.Uint32(b[16:]))), UID: binary.LittleEndian.Uint32(b[20:]),
		Name: text(b[64:96]), Start: moment(binary.LittleEndian.Uint64(b[120:]), binary.LittleEndian.Uint64(b[128:]))}
	if i.Name == "" {
		i.Name = text(b[48:64])
	}
	return i, nil
}

// ParseFolder decodes the current folder out of a proc_vnodepathinfo.
func ParseFolder(b []byte) (string, error) {
	if len(b) < vnodeSize+maxPath {
		return "", ErrShort
	}
	return text(b[vnodeSize : vnodeSize+maxPath]), nil
}

// ParsePIDs decodes a list of processes.
func ParsePIDs(b []byte) []int {
	pids := make([]int, 0, len(b)/pidSize)
	for ; len(b) >= pidSize; b = b[pidSize:] {
		if pid := int32(binary.LittleEndian.Uint32(b)); pid > 0 {
			pids = append(pids, int(pid))
		}
	}
	return pids
}

// ParseSockets decodes a list of proc_fdinfo and keeps the numbers of those that
// are sockets.
func ParseSockets(b []byte) []int {
	const kindSocket = 2
	var fds []int
	for ; len(b) >= fdSize; b = b[fdSize:] {
		if fd := int32(binary.LittleEndian.Uint32(b)); fd >= 0 && binary.LittleEndian.Uint32(b[4:]) == kindSocket {
			fds = append(fds, int(fd))
		}
	}
	return fds
}

// moment is a time that the kernel keeps as seconds and microseconds; the zero one
// where no running system can have noted it.
func moment(seconds, micros uint64) time.Time {
	if seconds == 0 || seconds > 1<<33 || micros >= 1e6 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), int64(micros)*1000).UTC()
}
