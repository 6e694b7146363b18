//go:build linux || darwin

package probe

import (
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

const acceptWait = 200 // milliseconds

// socket is the probe's own socket; fd is -1 when there is none.
type socket struct {
	fd        int
	listening bool
}

func (s socket) close() {
	if s.fd >= 0 {
		unix.Close(s.fd)
	}
}

// open makes, binds and, where asked, listens. Where a step fails the socket is
// closed already.
func open(r Request) (socket, Result) {
	result := Result{Ran: true}
	fail := func(fd int, at Step, err error) (socket, Result) {
		socket{fd: fd}.close()
		result.At, result.Failure = at, failureOf(err)
		return socket{fd: -1}, result
	}
	fd, err := newSocket(r)
	if err != nil {
		return fail(-1, AtSocket, err)
	}
	for _, o := range options(r) {
		if err := o.set(fd); err != nil {
			result.Option = o.name
			return fail(fd, AtOption, err)
		}
	}
	if err := unix.Bind(fd, sockaddr(r.Addr)); err != nil {
		return fail(fd, AtBind, err)
	}
	s := socket{fd: fd, listening: r.Listen && r.Proto != fact.UDP && r.Proto != fact.UDPLite}
	if s.listening {
		if err := unix.Listen(fd, 1); err != nil {
			return fail(fd, AtListen, err)
		}
	}
	result.OK, result.Port = true, portOf(fd, r.Addr.Port())
	return s, result
}

func newSocket(r Request) (int, error) {
	domain, kind := unix.AF_INET, unix.SOCK_STREAM
	if r.Addr.Addr().Is6() {
		domain = unix.AF_INET6
	}
	if r.Proto == fact.UDP || r.Proto == fact.UDPLite {
		kind = unix.SOCK_DGRAM
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(domain, kind, protocol(r.Proto))
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}

// option is one flag of the request, by the name that a program would write.
type option struct {
	name string
	set  func(fd int) error
}

func flag(name string, level, number int, on bool) option {
	value := 0
	if on {
		value = 1
	}
	return option{name, func(fd int) error { return unix.SetsockoptInt(fd, level, number, value) }}
}

func options(r Request) []option {
	var list []option
	if r.ReuseAddr {
		list = append(list, flag("SO_REUSEADDR", unix.SOL_SOCKET, unix.SO_REUSEADDR, true))
	}
	if r.ReusePort {
		list = append(list, flag("SO_REUSEPORT", unix.SOL_SOCKET, unix.SO_REUSEPORT, true))
	}
	if r.V6Only != nil && r.Addr.Addr().Is6() {
		list = append(list, flag("IPV6_V6ONLY", unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, *r.V6Only))
	}
	return append(list, ownOptions(r)...)
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: scopeOf(a.Addr().Zone())}
}

func portOf(fd int, asked uint16) uint16 {
	if asked != 0 {
		return asked
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return 0
	}
	return addrPort(sa).Port()
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// took tells who took a connection that came from peer: see [Answer.By]. Other
// people's connections that arrive meanwhile are reset and passed over.
func (s socket) took(peer netip.AddrPort) string {
	if !s.listening {
		return ""
	}
	if unix.SetNonblock(s.fd, true) != nil {
		return ""
	}
	for range 16 {
		p := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(p, acceptWait); n == 0 && err == nil {
			return "other"
		}
		fd, from, err := unix.Accept(s.fd)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return ""
		}
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		unix.Close(fd)
		if addrPort(from) == netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port()) {
			return "self"
		}
	}
	return ""
}

func errnoOf(err error) (number int, name, text string, ok bool) {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return 0, "", "", false
	}
	return int(e), unix.ErrnoName(e), e.Error(), true
}
