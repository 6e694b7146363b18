package process

import (
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/fdscan"
)

// flags fills the reuse flags of the sockets from copies of their holders'
// descriptors. What may not be copied stays nil.
func (s *search) flags() {
	if s.d.proc != "/proc" || s.foreignProc() {
		return // the numbers are not those that pidfd_open knows
	}
	for _, k := range s.q.Sockets {
		for _, h := range s.found[k.Inode()] {
			if h.TID == 0 && readFlags(k.Linux, h) == nil {
				break
			}
		}
	}
}

// readFlags copies one descriptor, sees that it is the socket, asks and closes.
func readFlags(k *fact.LinuxSocket, h fdscan.Hit) error {
	pidfd, err := unix.PidfdOpen(h.PID, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pidfd)
	fd, err := unix.PidfdGetfd(pidfd, h.FD, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if !isSocket(fd, k) {
		return unix.ENOTSOCK
	}
	addr, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR)
	if err != nil {
		return err
	}
	port, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT)
	if err != nil {
		return err
	}
	k.ReuseAddr, k.ReusePort = new(addr != 0), new(port != 0)
	return nil
}

// isSocket compares the socket's cookie, which is never used twice, or else its
// inode.
func isSocket(fd int, k *fact.LinuxSocket) bool {
	if k.Cookie != 0 {
		cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
		return err == nil && cookie == k.Cookie
	}
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Ino == k.Inode
}
