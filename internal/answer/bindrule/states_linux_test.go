package bindrule

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// lane is a real TCP connection over loopback: the server's end has port 80.
type lane struct {
	t                        testing.TB
	listener, server, client int
}

func (l *lane) close(fds ...*int) {
	for _, fd := range fds {
		if *fd >= 0 {
			unix.Close(*fd)
		}
		*fd = -1
	}
}

func (l *lane) closeAll() { l.close(&l.listener, &l.server, &l.client) }

// reset closes an end with RST, so that nothing stays behind.
func (l *lane) reset(fd *int) {
	_ = unix.SetsockoptLinger(*fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	l.close(fd)
}

// connectTo connects a fresh client socket, whose flags are those of s, to port 80.
func connectTo(t testing.TB, s spec, port uint16) (fd int, local netip.AddrPort) {
	t.Helper()
	fd = s.open(t)
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	if err := unix.Connect(fd, sockaddr(to)); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in := sa.(*unix.SockaddrInet4)
	return fd, netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))
}

// serverLane makes a connection to a server with the flags of s, whose listener ends
// at once: what is left on port 80 is the connection alone.
func serverLane(t testing.TB, s spec) *lane {
	t.Helper()
	l := &lane{t: t, listener: s.must(t, true)}
	l.client, _ = connectTo(t, spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:0")}, s.local.Port())
	var err error
	if l.server, _, err = unix.Accept(l.listener); err != nil {
		t.Fatal(err)
	}
	l.close(&l.listener)
	return l
}

// TestNetnsStatesOfTheOther binds beside what is left of a server in each state
// that two ends of one loopback connection can be brought into.
func TestNetnsStatesOfTheOther(t *testing.T) {
	for _, c := range []struct {
		state fact.State
		reach func(*lane)
	}{
		{fact.Established, func(*lane) {}},
		{fact.CloseWait, func(l *lane) { l.close(&l.client) }},
		{fact.FinWait2, func(l *lane) { _ = unix.Shutdown(l.server, unix.SHUT_WR) }},
		{fact.TimeWait, func(l *lane) { l.close(&l.server, &l.client) }},
		{orphan, func(l *lane) { l.close(&l.server) }},
	} {
		testbed.Netns(t, func() { stateCells(t, c.state, c.reach) })
	}
}

func stateCells(t *testing.T, state fact.State, reach func(*lane)) {
	t.Helper()
	type cell struct{ first, second spec }
	var cells []cell
	for bits := range 32 {
		on := func(i int) bool { return bits&(1<<i) != 0 }
		for _, addr := range []string{"0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1"} {
			port := uint16(80 + len(cells)) // one each: what was there must not meet the next
			first := spec{proto: fact.TCP, local: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port), reuseAddr: on(0), reusePort: on(1)}
			second := spec{proto: fact.TCP, local: netip.AddrPortFrom(netip.MustParseAddr(addr), port), reuseAddr: on(2), reusePort: on(3), other: on(4)}
			l := serverLane(t, first)
			defer l.closeAll()
			reach(l)
			cells = append(cells, cell{first, second})
		}
	}
	awaitState(t, state, 80, uint16(80+len(cells)-1))
	for _, c := range cells {
		check(t, c.first, c.second, state, c.second.attempt(t))
	}
}

// TestNetnsOutgoingConnection binds the port that the kernel chose for a client.
func TestNetnsOutgoingConnection(t *testing.T) {
	testbed.Netns(t, func() {
		listener := spec{proto: fact.TCP, local: netip.MustParseAddrPort("127.0.0.1:80")}.must(t, true)
		defer unix.Close(listener)
		for bits := range 32 {
			on := func(i int) bool { return bits&(1<<i) != 0 }
			for _, addr := range []string{"0.0.0.0", "127.0.0.1", "127.0.0.2", "::"} {
				first := spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:0"), reuseAddr: on(0), reusePort: on(1)}
				fd, local := connectTo(t, first, 80)
				first.local = local
				second := spec{proto: fact.TCP, local: netip.AddrPortFrom(netip.MustParseAddr(addr), local.Port()), reuseAddr: on(2), reusePort: on(3), other: on(4)}
				awaitState(t, fact.Established, local.Port(), local.Port())
				check(t, first, second, fact.Established, second.attempt(t))
				l := lane{listener: -1, server: -1, client: fd}
				if accepted, _, err := unix.Accept(listener); err == nil {
					l.server = accepted
				}
				l.reset(&l.client)
				l.closeAll()
				if t.Failed() {
					return
				}
			}
		}
	})
}

// TestNetnsSynSent: a client whose SYN nobody answers has its port as well.
func TestNetnsSynSent(t *testing.T) {
	testbed.Netns(t, func() {
		testbed.Run(t, "ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
		testbed.Run(t, "ip", "addr", "add", "192.0.2.1/24", "dev", "d0")
		testbed.Run(t, "ip", "link", "set", "d0", "up")
		testbed.Run(t, "ip", "link", "set", "d1", "up")
		for bits := range 16 {
			on := func(i int) bool { return bits&(1<<i) != 0 }
			first := spec{proto: fact.TCP, local: netip.MustParseAddrPort("192.0.2.1:80"), reuseAddr: on(0), reusePort: on(1)}
			second := spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:80"), reuseAddr: on(2), reusePort: on(3)}
			fd := first.must(t, false)
			if err := unix.SetNonblock(fd, true); err != nil {
				t.Fatal(err)
			}
			if err := unix.Connect(fd, sockaddr(netip.MustParseAddrPort("192.0.2.9:9"))); err != unix.EINPROGRESS {
				t.Fatalf("connect: %v, want it to wait", err)
			}
			awaitState(t, fact.SynSent, 80, 80)
			check(t, first, second, fact.SynSent, second.attempt(t))
			unix.Close(fd)
		}
	})
}

// TestNetnsDyingConnection: with loopback down nothing is acknowledged, so a
// closed server's end stays in FIN_WAIT1 or LAST_ACK, without a descriptor.
func TestNetnsDyingConnection(t *testing.T) {
	for state, closeClient := range map[fact.State]bool{fact.FinWait1: false, fact.LastAck: true} {
		for bits := range 16 {
			on := func(i int) bool { return bits&(1<<i) != 0 }
			testbed.Netns(t, func() {
				first := spec{proto: fact.TCP, local: netip.MustParseAddrPort("127.0.0.1:80"), reuseAddr: on(0), reusePort: on(1)}
				second := spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:80"), reuseAddr: on(2), reusePort: on(3)}
				l := serverLane(t, first)
				if closeClient {
					l.close(&l.client)
				}
				testbed.Run(t, "ip", "link", "set", "lo", "down")
				l.close(&l.server)
				awaitState(t, state, 80, 80)
				check(t, first, second, state, second.attempt(t))
				l.closeAll()
			})
		}
	}
}

// A connection that is not established yet holds no port; its
// listener does.
func TestHalfOpenHoldsNoPort(t *testing.T) {
	s := spec{proto: fact.TCP, local: netip.MustParseAddrPort("127.0.0.1:80")}
	if v := Judge(s.want(), s.have(fact.SynRecv), fact.Machine{}); !v.OK || v.Rule != NotBound {
		t.Errorf("%+v", v)
	}
	if v := Judge(s.want(), s.have(fact.Established), fact.Machine{}); v.OK {
		t.Errorf("the twin: %+v", v)
	}
}

// orphan is FIN_WAIT2 after its socket was closed: to the kernel a kind of
// TIME_WAIT, with no owner.
const orphan fact.State = "orphaned fin-wait-2"

// awaitState waits until the kernel shows a socket in state on each of the ports.
func awaitState(t testing.TB, state fact.State, from, to uint16) {
	t.Helper()
	number := map[fact.State]string{
		fact.Established: "01", fact.SynSent: "02", fact.FinWait1: "04", fact.FinWait2: "05", orphan: "05",
		fact.TimeWait: "06", fact.CloseWait: "08", fact.LastAck: "09",
	}[state]
	testbed.Await(t, fmt.Sprintf("%s on ports %d to %d", state, from, to), func() bool {
		b, err := os.ReadFile("/proc/thread-self/net/tcp")
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for _, line := range strings.Split(string(b), "\n") {
			f := strings.Fields(line)
			if len(f) > 9 && f[3] == number && (state != orphan || f[9] == "0") {
				seen[f[1][strings.Index(f[1], ":"):]] = true
			}
		}
		for p := int(from); p <= int(to); p++ {
			if !seen[fmt.Sprintf(":%04X", p)] {
				return false
			}
		}
		return true
	})
}
