package sockdiag

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/sys/netlink"
)

// ErrMissed says that sockets ended faster than they were asked for, and that some
// were not told.
var ErrMissed = errors.New("sockdiag: some ends were missed")

// Ends tells of the sockets that end in the network namespace of the thread that
// opened it, listeners and connections alike, as the kernel makes them known
// (linux/sock_diag.h, sknetlink_groups).
type Ends struct {
	file *os.File
	in   []byte
	left []byte
}

// OpenEnds opens it for TCP and UDP over IPv4 and IPv6. Linux tells of ends those
// who have CAP_NET_ADMIN; the error of all others is EPERM.
func OpenEnds() (*Ends, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("netlink socket: %w", err)
	}
	groups := uint32(0)
	for _, g := range [...]uint32{unix.SKNLGRP_INET_TCP_DESTROY, unix.SKNLGRP_INET_UDP_DESTROY, unix.SKNLGRP_INET6_TCP_DESTROY, unix.SKNLGRP_INET6_UDP_DESTROY} {
		groups |= 1 << (g - 1)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("netlink groups: %w", err)
	}
	return &Ends{file: os.NewFile(uintptr(fd), "netlink"), in: make([]byte, 8<<10)}, nil
}

// Next waits for the next end and writes the socket as it was to row. It returns
// [ErrMissed] where the kernel had to leave some out, and os.ErrClosed once Close was
// called, by whomever. One goroutine at a time may wait.
func (e *Ends) Next(row *Row) error {
	for {
		for len(e.left) > 0 {
			m, _, rest, ok := netlink.NextMessage(e.left)
			if e.left = rest; !ok {
				break
			}
			if row.Decode(m.Data) == nil {
				return nil
			}
		}
		n, err := e.file.Read(e.in)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			return ErrMissed
		case errors.Is(err, fs.ErrClosed):
			return fs.ErrClosed
		case err != nil:
			return fmt.Errorf("netlink receive: %w", err)
		}
		e.left = e.in[:n]
	}
}

// Close ends it, and a Next that waits.
func (e *Ends) Close() error { return e.file.Close() }
