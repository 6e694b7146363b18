package netstat

import (
	"context"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/berthd/berth/internal/fact"
)

func mustRead(t *testing.T, q Query) []fact.Socket {
	t.Helper()
	set, err := Read(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range set.Gaps {
		if g.Kind != fact.GapNoBound && g.Kind != fact.GapPermission { // an older Windows; services closed to this user
			t.Errorf("gap %+v", g)
		}
	}
	return set.Sockets
}

func listen(t *testing.T, network, address string) (net.Listener, uint16) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, l.Addr().(*net.TCPAddr).AddrPort().Port()
}

// A listener is found by its port, with the process that has it; a port that
// nobody has is empty.
func TestReadFindsItsOwnListeners(t *testing.T) {
	for _, c := range []struct{ network, address, want string }{
		{"tcp4", "127.0.0.1:0", "127.0.0.1"},
		{"tcp4", "0.0.0.0:0", "0.0.0.0"},
		{"tcp6", "[::1]:0", "::1"},
		{"tcp6", "[::]:0", "::"},
		{"tcp", ":0", "::"}, // both families; Windows has a row for IPv4 too
	} {
		l, port := listen(t, c.network, c.address)
		for _, serving := range []bool{true, false} {
			got := mustRead(t, Query{Ports: []uint16{port}, Protos: []fact.Proto{fact.TCP}, Serving: serving})
			ours := func(s fact.Socket) bool {
				return s.Local == netip.AddrPortFrom(netip.MustParseAddr(c.want), port) && s.State == fact.Listen && s.PID == os.Getpid()
			}
			if !slices.ContainsFunc(got, ours) {
				t.Errorf("%s %s, serving %v: %+v", c.network, c.address, serving, got)
			}
			for _, s := range got {
				if s.PID != os.Getpid() || s.Remote.IsValid() {
					t.Errorf("%s %s: %+v is not ours", c.network, c.address, s)
				}
			}
		}
		l.Close()
		if got := mustRead(t, Query{Ports: []uint16{port}}); len(got) != 0 {
			t.Errorf("%s %s, after close: %+v", c.network, c.address, got)
		}
	}
}

func TestReadFindsBothEndsOfAConnection(t *testing.T) {
	l, port := listen(t, "tcp4", "127.0.0.1:0")
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	from := client.LocalAddr().(*net.TCPAddr).AddrPort()
	got := mustRead(t, Query{Ports: []uint16{port, from.Port()}, Protos: []fact.Proto{fact.TCP}})
	for _, want := range [][2]netip.AddrPort{
		{netip.AddrPortFrom(from.Addr(), port), from},
		{from, netip.AddrPortFrom(from.Addr(), port)},
	} {
		if !slices.ContainsFunc(got, func(s fact.Socket) bool {
			return s.State == fact.Established && s.Local == want[0] && s.Remote == want[1] && s.PID == os.Getpid()
		}) {
			t.Errorf("no connection from %s to %s in %+v", want[0], want[1], got)
		}
	}
	for _, s := range mustRead(t, Query{Ports: []uint16{port, from.Port()}, Serving: true}) {
		if s.State != fact.Listen {
			t.Errorf("serving: %+v", s)
		}
	}
}

// Go's own UDP sockets do not open under Wine 10.
func TestReadFindsADatagramSocket(t *testing.T) {
	for _, loopback := range []bool{true, false} {
		fd, err := windows.Socket(windows.AF_INET, windows.SOCK_DGRAM, windows.IPPROTO_UDP)
		if err != nil {
			t.Fatal(err)
		}
		bind := &windows.SockaddrInet4{}
		if loopback {
			bind.Addr = [4]byte{127, 0, 0, 1}
		}
		if err := windows.Bind(fd, bind); err != nil {
			t.Fatal(err)
		}
		sa, err := windows.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		port := uint16(sa.(*windows.SockaddrInet4).Port)
		got := mustRead(t, Query{Ports: []uint16{port}, Serving: true, Protos: []fact.Proto{fact.UDP}})
		if len(got) != 1 || got[0].State != fact.Unconnected || got[0].PID != os.Getpid() || got[0].Wildcard() == loopback {
			t.Errorf("%+v, want our datagram socket", got)
		}
		if got := mustRead(t, Query{Ports: []uint16{port}, Protos: []fact.Proto{fact.TCP}}); len(got) != 0 {
			t.Errorf("as TCP: %+v", got)
		}
		windows.Closesocket(fd)
		if got := mustRead(t, Query{Ports: []uint16{port}}); len(got) != 0 {
			t.Errorf("after close: %+v", got)
		}
	}
}

// A bound socket is in the table that the system has for these, or the gap says
// that it has none.
func TestABoundSocketIsFoundOrToldOf(t *testing.T) {
	fd, err := windows.Socket(windows.AF_INET, windows.SOCK_STREAM, windows.IPPROTO_TCP)
	if err != nil {
		t.Fatal(err)
	}
	defer windows.Closesocket(fd)
	if err := windows.Bind(fd, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	sa, err := windows.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for _, serving := range []bool{true, false} {
		set, err := Read(context.Background(), Query{Ports: []uint16{uint16(sa.(*windows.SockaddrInet4).Port)}, Serving: serving})
		if err != nil {
			t.Fatal(err)
		}
		found := len(set.Sockets) == 1 && set.Sockets[0].State == fact.Bound && set.Sockets[0].PID == os.Getpid()
		told := len(set.Gaps) == 1 && set.Gaps[0].Kind == fact.GapNoBound
		if found == told {
			t.Errorf("%+v: want the socket or the gap", set)
		}
	}
}

func BenchmarkServing(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(context.Background(), Query{Ports: []uint16{80}, Serving: true}); err != nil {
			b.Fatal(err)
		}
	}
}

// A machine without IPv6 says so in one of two ways; neither is a table that was
// refused.
func TestAFamilyThatIsNotThere(t *testing.T) {
	from := live()
	for err, want := range map[error]bool{
		windows.ERROR_NOT_SUPPORTED: true, windows.ERROR_NO_DATA: true,
		windows.ERROR_ACCESS_DENIED: false, windows.ERROR_INVALID_PARAMETER: false,
	} {
		if from.noFamily(err) != want {
			t.Errorf("%v: %v", err, !want)
		}
	}
}
