package bindrule

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

const otherUser = 65534

// spec is a real socket to be made.
type spec struct {
	proto                fact.Proto
	local                netip.AddrPort
	v6only               bool
	reuseAddr, reusePort bool
	device               string
	other                bool // made by another user
}

func (s spec) want() Want {
	w := Want{
		Proto: s.proto, Local: s.local, V6Only: &s.v6only,
		ReuseAddr: s.reuseAddr, ReusePort: s.reusePort, Device: s.device, Privileged: true,
	}
	if s.other {
		w.UID = otherUser
	}
	return w
}

// have is the fact row of s in a state, with every flag known.
func (s spec) have(state fact.State) fact.Socket {
	uid := s.want().UID
	row := fact.Socket{
		ID: "sock:first", Proto: s.proto, Local: s.local, State: state, Device: s.device,
		Linux: &fact.LinuxSocket{Inode: 1, UID: &uid, V6Only: &s.v6only, ReuseAddr: &s.reuseAddr, ReusePort: &s.reusePort},
	}
	if state == orphan {
		row.State, row.Linux.Inode, row.Linux.UID = fact.FinWait2, 0, nil
	}
	return row
}

// blind is have as a reader shows it that cannot see the flags.
func (s spec) blind(state fact.State) fact.Socket {
	row := s.have(state)
	row.Linux.ReuseAddr, row.Linux.ReusePort = nil, nil
	if state != fact.Listen && state != fact.Bound && state != fact.Unconnected {
		row.Linux.V6Only = nil
	}
	return row
}

// outcome is what the kernel did.
type outcome struct {
	at    Step
	errno error
}

func (s spec) domain() int {
	if s.local.Addr().Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

func (s spec) sockaddr() unix.Sockaddr { return sockaddr(s.local) }

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// open makes the socket of s with its flags and does not bind it.
func (s spec) open(t testing.TB) int {
	t.Helper()
	kind, number := unix.SOCK_STREAM, 0
	switch s.proto {
	case fact.UDP:
		kind = unix.SOCK_DGRAM
	case fact.UDPLite:
		kind, number = unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE
	}
	uid := 0
	if s.other {
		uid = otherUser
	}
	// The user of a socket is the file-system user of the thread that makes it.
	setfsuid(uid)
	fd, err := unix.Socket(s.domain(), kind|unix.SOCK_CLOEXEC, number)
	setfsuid(0)
	if err != nil {
		t.Fatal(err)
	}
	s.flag(t, fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, s.reuseAddr)
	s.flag(t, fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, s.reusePort)
	if s.domain() == unix.AF_INET6 {
		s.flag(t, fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, s.v6only)
	}
	if s.device != "" {
		if err := unix.BindToDevice(fd, s.device); err != nil {
			t.Fatal(err)
		}
	}
	return fd
}

func (s spec) flag(t testing.TB, fd, level, name int, on bool) {
	t.Helper()
	value := 0
	if on {
		value = 1
	}
	if err := unix.SetsockoptInt(fd, level, name, value); err != nil {
		t.Fatal(err)
	}
}

func setfsuid(uid int) { _, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0) }

// try binds, and listens where listen is set; the descriptor stays open.
func (s spec) try(t testing.TB, listen bool) (int, outcome) {
	t.Helper()
	fd := s.open(t)
	if err := unix.Bind(fd, s.sockaddr()); err != nil {
		return fd, outcome{AtBind, err}
	}
	if listen {
		if err := unix.Listen(fd, 8); err != nil {
			return fd, outcome{AtListen, err}
		}
	}
	return fd, outcome{}
}

// must is try that may not fail.
func (s spec) must(t testing.TB, listen bool) int {
	t.Helper()
	fd, got := s.try(t, listen)
	if got.errno != nil {
		t.Fatalf("%+v: %s: %v", s, got.at, got.errno)
	}
	return fd
}

// attempt tells what happens to s when it comes as a newcomer, and leaves nothing.
func (s spec) attempt(t testing.TB) outcome {
	t.Helper()
	fd, got := s.try(t, s.proto == fact.TCP)
	unix.Close(fd)
	return got
}

func errnoOf(name string) error {
	switch name {
	case "":
		return nil
	case "EADDRINUSE":
		return unix.EADDRINUSE
	case "EADDRNOTAVAIL":
		return unix.EADDRNOTAVAIL
	case "EACCES":
		return unix.EACCES
	case "EINVAL":
		return unix.EINVAL
	case "EAFNOSUPPORT":
		return unix.EAFNOSUPPORT
	}
	return unix.ENOTRECOVERABLE
}

// agrees tells whether a verdict says what the kernel did.
func agrees(v Verdict, got outcome) bool {
	return v.OK == (got.errno == nil) && errnoOf(v.Errno) == got.errno && v.At == got.at
}
