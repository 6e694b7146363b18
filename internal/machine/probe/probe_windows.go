package probe

import (
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
)

const (
	winsock22        = 0x202
	soExclusiveUse   = ^windows.SO_REUSEADDR
	noHandleInherits = windows.WSA_FLAG_NO_HANDLE_INHERIT
)

// socket is the probe's own socket; it is open only where ok.
type socket struct {
	handle windows.Handle
	ok     bool
}

func (s socket) close() {
	if s.ok {
		_ = windows.Closesocket(s.handle)
		_ = windows.WSACleanup()
	}
}

// took cannot tell on this system.
func (s socket) took(netip.AddrPort) string { return "" }

func notHere(r Request) string {
	switch {
	case r.Freebind:
		return "not on this system: freebind"
	case r.Device != "":
		return "not on this system: binding to a device"
	case r.ReusePort:
		return "not on this system: SO_REUSEPORT"
	case r.Proto != fact.TCP && r.Proto != fact.UDP:
		return "not on this system: " + string(r.Proto)
	}
	return ""
}

// open makes, binds and, where asked, listens. Where a step fails the socket is
// closed already.
func open(r Request) (socket, Result) {
	result := Result{Ran: true}
	fail := func(s socket, at Step, err error) (socket, Result) {
		s.close()
		result.At, result.Failure = at, failureOf(err)
		return socket{}, result
	}
	s, err := newSocket(r)
	if err != nil {
		return fail(s, AtSocket, err)
	}
	if name, err := s.options(r); err != nil {
		result.Option = name
		return fail(s, AtOption, err)
	}
	if err := windows.Bind(s.handle, sockaddr(r.Addr)); err != nil {
		return fail(s, AtBind, err)
	}
	if r.Listen && r.Proto == fact.TCP {
		if err := windows.Listen(s.handle, 1); err != nil {
			return fail(s, AtListen, err)
		}
	}
	result.OK, result.Port = true, s.port(r.Addr.Port())
	return s, result
}

func newSocket(r Request) (socket, error) {
	var data windows.WSAData
	if err := windows.WSAStartup(winsock22, &data); err != nil {
		return socket{}, err
	}
	domain, kind, proto := windows.AF_INET, windows.SOCK_STREAM, windows.IPPROTO_TCP
	if r.Addr.Addr().Is6() {
		domain = windows.AF_INET6
	}
	if r.Proto == fact.UDP {
		kind, proto = windows.SOCK_DGRAM, windows.IPPROTO_UDP
	}
	h, err := windows.WSASocket(int32(domain), int32(kind), int32(proto), nil, 0, noHandleInherits)
	if err != nil {
		_ = windows.WSACleanup()
		return socket{}, err
	}
	return socket{h, true}, nil
}

// options sets the flags of the request; the name is that of the one that failed.
func (s socket) options(r Request) (string, error) {
	if r.ReuseAddr {
		if err := windows.SetsockoptInt(s.handle, windows.SOL_SOCKET, windows.SO_REUSEADDR, 1); err != nil {
			return "SO_REUSEADDR", err
		}
	}
	if r.Exclusive {
		if err := windows.SetsockoptInt(s.handle, windows.SOL_SOCKET, soExclusiveUse, 1); err != nil {
			return "SO_EXCLUSIVEADDRUSE", err
		}
	}
	if r.V6Only != nil && r.Addr.Addr().Is6() {
		value := 0
		if *r.V6Only {
			value = 1
		}
		if err := windows.SetsockoptInt(s.handle, windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, value); err != nil {
			return "IPV6_V6ONLY", err
		}
	}
	return "", nil
}

func sockaddr(a netip.AddrPort) windows.Sockaddr {
	if a.Addr().Is4() {
		return &windows.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &windows.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: scopeOf(a.Addr().Zone())}
}

func (s socket) port(asked uint16) uint16 {
	if asked != 0 {
		return asked
	}
	sa, err := windows.Getsockname(s.handle)
	if err != nil {
		return 0
	}
	switch sa := sa.(type) {
	case *windows.SockaddrInet4:
		return uint16(sa.Port)
	case *windows.SockaddrInet6:
		return uint16(sa.Port)
	}
	return 0
}

func errnoOf(err error) (number int, name, text string, ok bool) {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return 0, "", "", false
	}
	return int(e), winsockName(e), e.Error(), true
}

// winsockName names the errors that the calls of a probe can meet.
func winsockName(e syscall.Errno) string {
	switch e {
	case 10013:
		return "WSAEACCES"
	case 10022:
		return "WSAEINVAL"
	case 10047:
		return "WSAEAFNOSUPPORT"
	case 10048:
		return "WSAEADDRINUSE"
	case 10049:
		return "WSAEADDRNOTAVAIL"
	case 10055:
		return "WSAENOBUFS"
	case 10060:
		return "WSAETIMEDOUT"
	case 10061:
		return "WSAECONNREFUSED"
	}
	return ""
}
