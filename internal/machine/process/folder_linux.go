package process

import (
	"errors"
	"io"
	"strconv"

	"golang.org/x/sys/unix"
)

// folder is one open /proc/PID. What is read below it is of that process and no
// other: once it has ended, every read fails with ESRCH or ENOENT.
type folder struct {
	pid int
	fd  int
}

func openFolder(proc string, pid int) (folder, error) {
	fd, err := unix.Open(proc+"/"+strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return folder{pid, fd}, err
}

func (f folder) close() { unix.Close(f.fd) }

// read returns at most limit bytes of a file; whole is false where there was more.
func (f folder) read(name string, buf []byte, limit int) (b []byte, whole bool, err error) {
	fd, err := unix.Openat(f.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, err
	}
	defer unix.Close(fd)
	return readUpTo(fd, buf, limit)
}

// readUpTo reads into buf and grows it where a file is longer.
func readUpTo(fd int, buf []byte, limit int) (b []byte, whole bool, err error) {
	b = buf[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := unix.Read(fd, b[len(b):cap(b)])
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return b, false, err
		case n == 0:
			return b, true, nil
		default:
			b = b[:len(b)+n]
		}
		if len(b) > limit {
			return b[:limit], false, nil
		}
	}
}

// link returns the target of a link, at most 4096 bytes.
func (f folder) link(name string, buf []byte) ([]byte, error) {
	n, err := unix.Readlinkat(f.fd, name, buf)
	if err != nil {
		return nil, err
	}
	return buf[:n], nil
}

// namespace returns the inode of a namespace link, "net:[4026531840]".
func (f folder) namespace(name string, buf []byte) (uint64, error) {
	target, err := f.link("ns/"+name, buf)
	if err != nil {
		return 0, err
	}
	n := len(target)
	if n < len(name)+4 || target[n-1] != ']' {
		return 0, io.ErrUnexpectedEOF
	}
	return strconv.ParseUint(string(target[len(name)+2:n-1]), 10, 64)
}

// gone tells that a process ended: what was there is not any more.
func gone(err error) bool { return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) }

func refused(err error) bool { return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) }
