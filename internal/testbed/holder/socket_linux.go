package holder

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// spec is a socket to be made. SO_REUSEADDR is set, as servers set it, unless the
// flags say otherwise; the descriptor closes on exec.
type spec struct {
	kind      int // SOCK_STREAM or SOCK_DGRAM
	noReuse   bool
	reusePort bool
	v6only    bool
}

// flags takes the leading flags off words.
func (s *spec) flags(words []string) []string {
	for i, w := range words {
		switch w {
		case "noreuse":
			s.noReuse = true
		case "reuseport":
			s.reusePort = true
		case "v6only":
			s.v6only = true
		default:
			return words[i:]
		}
	}
	return nil
}

// bind makes the socket and binds it to addr.
func (s spec) bind(addr string) (int, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(family(at), s.kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("socket %s: %w", addr, err)
	}
	for _, o := range [...]struct {
		on          bool
		level, name int
	}{
		{!s.noReuse && s.kind == unix.SOCK_STREAM, unix.SOL_SOCKET, unix.SO_REUSEADDR},
		{s.reusePort, unix.SOL_SOCKET, unix.SO_REUSEPORT},
		{s.v6only, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY},
	} {
		if !o.on {
			continue
		}
		if err := unix.SetsockoptInt(fd, o.level, o.name, 1); err != nil {
			return 0, fmt.Errorf("flag of %s: %w", addr, err)
		}
	}
	if err := unix.Bind(fd, sockaddr(at)); err != nil {
		return 0, fmt.Errorf("bind %s: %w", addr, err)
	}
	return fd, nil
}

// listen binds and listens.
func (s spec) listen(addr string) (int, error) {
	fd, err := s.bind(addr)
	if err != nil {
		return 0, err
	}
	if err := unix.Listen(fd, 16); err != nil {
		return 0, fmt.Errorf("listen %s: %w", addr, err)
	}
	return fd, nil
}

// serve has a thread wait for connections, as servers do, and keeps them open.
func serve(fd int) {
	go func() {
		for {
			if _, _, err := unix.Accept4(fd, unix.SOCK_CLOEXEC); err != nil {
				return
			}
		}
	}()
}

// server listens and serves.
func (s spec) server(addr string) (int, error) {
	fd, err := s.listen(addr)
	if err == nil {
		serve(fd)
	}
	return fd, err
}

func family(at netip.AddrPort) int {
	if at.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func sockaddr(at netip.AddrPort) unix.Sockaddr {
	if at.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
}
