package netstat

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/sockdiag"
	"github.com/berthd/berth/internal/testbed"
)

const nobody = 65534

// bindTo makes a socket that is bound, and listens where it is a stream and
// backlog is not 0; prepare may set options before.
func bindTo(t testing.TB, kind int, addr string, backlog int, prepare ...func(fd int) error) int {
	t.Helper()
	a := netip.MustParseAddrPort(addr)
	domain, sa := unix.AF_INET, unix.Sockaddr(nil)
	if a.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	} else {
		domain, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	}
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	for _, p := range prepare {
		if err := p(fd); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		t.Fatalf("bind %s: %v", addr, err)
	}
	if backlog > 0 {
		if err := unix.Listen(fd, backlog); err != nil {
			t.Fatal(err)
		}
	}
	return fd
}

func option(level, name, value int) func(int) error {
	return func(fd int) error { return unix.SetsockoptInt(fd, level, name, value) }
}

func mustRead(t testing.TB, q Query) fact.Set {
	t.Helper()
	set, err := Read(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Gaps) > 0 {
		t.Errorf("gaps: %+v", set.Gaps)
	}
	return set
}

func inodeOf(t testing.TB, fd int) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

func TestNetnsPortsAreMatchedExactly(t *testing.T) {
	testbed.Netns(t, func() {
		ports := []uint16{80, 81, 82, 300, 3000, 3001, 13000, 30000, 30001, 65535}
		for _, p := range ports {
			bindTo(t, unix.SOCK_STREAM, fmt.Sprintf("0.0.0.0:%d", p), 1)
			bindTo(t, unix.SOCK_DGRAM, fmt.Sprintf("[::]:%d", p), 0)
		}
		dialTo(t, "127.0.0.1:3000", 0) // its own end is another port; the remote one must not match
		for _, want := range [][]uint16{
			{3000}, {30000}, {80}, {65535}, {80, 81, 82}, {80, 82}, {30000, 80, 3000}, {81, 80, 81, 65535}, {4000}, ports,
		} {
			set := mustRead(t, Query{Ports: want, Serving: true})
			var tcp, udp []uint16
			for _, s := range set.Sockets {
				if s.Proto == fact.TCP {
					tcp = append(tcp, s.Local.Port())
				} else {
					udp = append(udp, s.Local.Port())
				}
			}
			var expect []uint16
			for _, p := range ports {
				if slices.Contains(want, p) {
					expect = append(expect, p)
				}
			}
			if !slices.Equal(tcp, expect) || !slices.Equal(udp, expect) {
				t.Errorf("%v: tcp %v udp %v, want %v", want, tcp, udp, expect)
			}
		}
		if n := len(mustRead(t, Query{Serving: true}).Sockets); n != 2*len(ports) {
			t.Errorf("no filter: %d rows, want %d", n, 2*len(ports))
		}
	})
}

// The kernel's own filter, without the look at each row that follows it.
func TestNetnsTheKernelFilters(t *testing.T) {
	testbed.Netns(t, func() {
		for p := 1; p <= 60; p++ {
			bindTo(t, unix.SOCK_STREAM, fmt.Sprintf("127.0.0.1:%d", p), p%2)
		}
		for _, ports := range [][]uint16{{7}, {7, 8, 9}, {1, 3, 5, 60}, {60, 59, 1, 2, 30}} {
			conn, err := dialDiag()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			r := reader{q: Query{Serving: true}, from: live()} // wants every port
			d := diag{reader: &r, conn: conn}
			filter := sockdiag.Ports(ports)
			d.filter = &filter
			if err := d.read(fact.TCP); err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(r.set.Sockets, compare)
			var got []uint16
			for _, s := range r.set.Sockets {
				got = append(got, s.Local.Port())
			}
			if want := slices.Sorted(slices.Values(ports)); !slices.Equal(got, want) {
				t.Errorf("%v: got %v", want, got)
			}
		}
	})
}

func TestNetnsBoundAndListening(t *testing.T) {
	testbed.Netns(t, func() {
		fd := bindTo(t, unix.SOCK_STREAM, "127.0.0.1:80", 0)
		six := bindTo(t, unix.SOCK_STREAM, "[::1]:80", 0)
		for _, serving := range []bool{true, false} {
			set := mustRead(t, Query{Ports: []uint16{80}, Serving: serving})
			if d := cmp.Diff([]string{"tcp 127.0.0.1:80 bound", "tcp [::1]:80 bound"}, endpoints(set)); d != "" {
				t.Errorf("serving %v: %s", serving, d)
			}
			if got := set.Sockets[0].Inode(); got != inodeOf(t, fd) {
				t.Errorf("inode %d, want %d", got, inodeOf(t, fd))
			}
		}
		if err := unix.Listen(fd, 5); err != nil {
			t.Fatal(err)
		}
		unix.Close(six)
		set := mustRead(t, Query{Ports: []uint16{80}, Serving: true})
		if d := cmp.Diff([]string{"tcp 127.0.0.1:80 listen"}, endpoints(set)); d != "" {
			t.Error(d)
		}
		if l := set.Sockets[0].Linux; *l.Backlog != 0 || *l.BacklogMax != 5 {
			t.Errorf("backlog %d of %d, want 0 of 5", *l.Backlog, *l.BacklogMax)
		}
		dialTo(t, "127.0.0.1:80", 0)
		if l := mustRead(t, Query{Ports: []uint16{80}, Serving: true}).Sockets[0].Linux; *l.Backlog != 1 {
			t.Errorf("backlog %d after one connection that nobody accepted, want 1", *l.Backlog)
		}
	})
}

func TestNetnsPartsMakeTheWhole(t *testing.T) {
	testbed.Netns(t, func() {
		bindTo(t, unix.SOCK_STREAM, "127.0.0.1:80", 5)
		second := bindTo(t, unix.SOCK_STREAM, "[::1]:80", 0)
		bindTo(t, unix.SOCK_DGRAM, "127.0.0.1:80", 0)
		tabled := []string{"tcp 127.0.0.1:80 listen", "udp 127.0.0.1:80 unconnected"}
		for _, c := range []struct {
			part   Part
			protos []fact.Proto
			want   []string
		}{
			{Whole, nil, []string{tabled[0], "tcp [::1]:80 bound", tabled[1]}},
			{Tabled, nil, tabled},
			{BoundTCP, nil, []string{"tcp [::1]:80 bound"}},
			{BoundTCP, []fact.Proto{fact.UDP}, nil},
		} {
			set := mustRead(t, Query{Ports: []uint16{80}, Protos: c.protos, Serving: true, Part: c.part})
			if d := cmp.Diff(c.want, endpoints(set)); d != "" {
				t.Errorf("part %d of %v: %s", c.part, c.protos, d)
			}
		}
		unix.Close(second)
		if set := mustRead(t, Query{Ports: []uint16{80}, Serving: true, Part: BoundTCP}); len(set.Sockets) != 0 {
			t.Errorf("after the bound one is gone: %v", endpoints(set))
		}
	})
}

func TestNetnsDualStackAndIPv6Only(t *testing.T) {
	testbed.Netns(t, func() {
		v6only := func(on int) func(int) error { return option(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, on) }
		bindTo(t, unix.SOCK_STREAM, "[::]:80", 1, v6only(0))
		bindTo(t, unix.SOCK_STREAM, "[::]:81", 1, v6only(1))
		bindTo(t, unix.SOCK_DGRAM, "[::]:82", 0, v6only(1))
		bindTo(t, unix.SOCK_STREAM, "[::]:83", 0, v6only(1))
		bindTo(t, unix.SOCK_STREAM, "[::ffff:127.0.0.1]:84", 1, v6only(0))
		bindTo(t, unix.SOCK_STREAM, "0.0.0.0:85", 1)
		var got []string
		for _, s := range mustRead(t, Query{}).Sockets {
			only, ok := s.V6Only()
			got = append(got, fmt.Sprintf("%s %v %v", s.Local, only, ok))
		}
		want := []string{
			"[::]:80 false true", "[::]:81 true true", "[::]:82 true true", "[::]:83 true true",
			"[::ffff:127.0.0.1]:84 false true", "0.0.0.0:85 false false",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// dialTo connects from a fixed local port, or any.
func dialTo(t testing.TB, addr string, localPort int) *net.TCPConn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{Port: localPort}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func TestNetnsConnectionStates(t *testing.T) {
	testbed.Netns(t, func() {
		l := bindTo(t, unix.SOCK_STREAM, "127.0.0.1:80", 8)
		states := func(port uint16) []string { return endpoints(mustRead(t, Query{Ports: []uint16{port}})) }
		c := dialTo(t, "127.0.0.1:80", 4000)
		fd, _, err := unix.Accept(l)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"tcp 127.0.0.1:4000 established 127.0.0.1:80"}, states(4000)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"tcp 127.0.0.1:80 listen", "tcp 127.0.0.1:80 established 127.0.0.1:4000"}, states(80)); d != "" {
			t.Error(d)
		}
		if n := len(mustRead(t, Query{Ports: []uint16{80, 4000}, Serving: true}).Sockets); n != 1 {
			t.Errorf("serving: %d rows, want the listener alone", n)
		}
		_ = c.CloseWrite()
		awaitStates(t, 80, "tcp 127.0.0.1:80 listen", "tcp 127.0.0.1:80 close-wait 127.0.0.1:4000")
		awaitStates(t, 4000, "tcp 127.0.0.1:4000 fin-wait-2 127.0.0.1:80")
		unix.Close(fd)
		c.Close()
		awaitStates(t, 4000, "tcp 127.0.0.1:4000 time-wait 127.0.0.1:80")
		wait := mustRead(t, Query{Ports: []uint16{4000}}).Sockets[0].Linux
		if wait.Inode != 0 || wait.UID != nil || wait.ExpiresMS == 0 || wait.ExpiresMS > 61000 {
			t.Errorf("%+v, want no owner and a timer", wait)
		}
	})
}

func awaitStates(t *testing.T, port uint16, want ...string) {
	t.Helper()
	testbed.Await(t, fmt.Sprint(want), func() bool {
		return slices.Equal(endpoints(mustRead(t, Query{Ports: []uint16{port}})), want)
	})
}

func TestNetnsUDPWithAndWithoutAPeer(t *testing.T) {
	testbed.Netns(t, func() {
		bindTo(t, unix.SOCK_DGRAM, "0.0.0.0:53", 0)
		fd := bindTo(t, unix.SOCK_DGRAM, "127.0.0.1:54", 0)
		bindTo(t, unix.SOCK_STREAM, "127.0.0.1:53", 1)
		if err := unix.Connect(fd, &unix.SockaddrInet4{Port: 53, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		q := Query{Ports: []uint16{53, 54}, Protos: []fact.Proto{fact.UDP}}
		if d := cmp.Diff([]string{"udp 0.0.0.0:53 unconnected", "udp 127.0.0.1:54 established 127.0.0.1:53"}, endpoints(mustRead(t, q))); d != "" {
			t.Error(d)
		}
		q.Serving = true
		if d := cmp.Diff([]string{"udp 0.0.0.0:53 unconnected"}, endpoints(mustRead(t, q))); d != "" {
			t.Error(d)
		}
	})
}

func TestNetnsDeviceAndMark(t *testing.T) {
	testbed.Netns(t, func() {
		bindTo(t, unix.SOCK_STREAM, "0.0.0.0:80", 1, func(fd int) error { return unix.BindToDevice(fd, "lo") })
		bindTo(t, unix.SOCK_STREAM, "0.0.0.0:81", 1, option(unix.SOL_SOCKET, unix.SO_MARK, 7), option(unix.SOL_IP, unix.IP_TRANSPARENT, 1))
		got := mustRead(t, Query{}).Sockets
		if got[0].Device != "lo" || got[0].Linux.Mark != 0 || got[0].Linux.Transparent {
			t.Errorf("%+v %+v, want the device alone", got[0], got[0].Linux)
		}
		if got[1].Device != "" || got[1].Linux.Mark != 7 || !got[1].Linux.Transparent {
			t.Errorf("%+v %+v, want mark and transparency", got[1], got[1].Linux)
		}
	})
}

func TestNetnsASharedListenerIsOneRow(t *testing.T) {
	testbed.Need(t, testbed.TierNetns, "sleep")
	testbed.Netns(t, func() {
		fd := bindTo(t, unix.SOCK_STREAM, "0.0.0.0:80", 1)
		dup, err := unix.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		file := os.NewFile(uintptr(dup), "listener")
		defer file.Close()
		cmd := testbed.Command("sleep", "60")
		cmd.ExtraFiles = []*os.File{file}
		testbed.StartCmd(t, cmd)
		if got := mustRead(t, Query{}).Sockets; len(got) != 1 || got[0].Inode() != inodeOf(t, fd) {
			t.Errorf("%+v, want one row", got)
		}
		group := option(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		bindTo(t, unix.SOCK_STREAM, "0.0.0.0:81", 1, group)
		bindTo(t, unix.SOCK_STREAM, "0.0.0.0:81", 1, group)
		if got := mustRead(t, Query{Ports: []uint16{81}}).Sockets; len(got) != 2 || got[0].ID == got[1].ID {
			t.Errorf("%+v, want the two sockets of a group as two rows", got)
		}
	})
}

// unprivileged runs fn as an ordinary user, on this thread alone.
func unprivileged(fn func()) {
	const keep = ^uintptr(0)
	_, _, _ = unix.RawSyscall(unix.SYS_SETRESUID, keep, nobody, keep)
	defer func() { _, _, _ = unix.RawSyscall(unix.SYS_SETRESUID, keep, 0, keep) }()
	fn()
}

func TestNetnsUIDIsTheCreators(t *testing.T) {
	testbed.Netns(t, func() {
		unprivileged(func() { bindTo(t, unix.SOCK_STREAM, "127.0.0.1:8080", 1) })
		bindTo(t, unix.SOCK_STREAM, "127.0.0.1:8081", 1)
		got := mustRead(t, Query{}).Sockets
		if *got[0].Linux.UID != nobody || *got[1].Linux.UID != 0 {
			t.Errorf("uids %d and %d", *got[0].Linux.UID, *got[1].Linux.UID)
		}
	})
}

func TestNetnsUDPLiteAndRaw(t *testing.T) {
	testbed.Netns(t, func() {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDPLITE)
		if err != nil {
			testbed.Need(t, testbed.TierNetns, "UDP-Lite in this kernel")
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrInet4{Port: 80}); err != nil {
			t.Fatal(err)
		}
		raw, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(raw)
		if d := cmp.Diff([]string{"udplite 0.0.0.0:80 unconnected"}, endpoints(mustRead(t, Query{Serving: true}))); d != "" {
			t.Error(d)
		}
		set, err := Read(context.Background(), Query{Protos: []fact.Proto{fact.Raw}})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"raw 0.0.0.0:1 unconnected"}, endpoints(set)); d != "" {
			t.Error(d)
		}
	})
}
