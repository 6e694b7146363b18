package bindrule

import (
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// addresses are the forms of the table, and for each of them another of its kind.
var addresses = []struct {
	addr   string
	v6only bool
}{
	{addr: "0.0.0.0"}, {addr: "127.0.0.1"}, {addr: "127.0.0.2"},
	{addr: "::"}, {addr: "::", v6only: true}, {addr: "::1"}, {addr: "::1", v6only: true}, {addr: "fd00::1"},
	{addr: "::ffff:0.0.0.0"}, {addr: "::ffff:127.0.0.1"},
}

// pairs yields every first and second socket: forms, flags and users.
func pairs(proto fact.Proto, each func(first, second spec)) {
	for _, a := range addresses {
		for _, b := range addresses {
			for bits := range 32 {
				on := func(i int) bool { return bits&(1<<i) != 0 }
				at := func(addr string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(addr), 80) }
				each(spec{proto: proto, local: at(a.addr), v6only: a.v6only, reuseAddr: on(0), reusePort: on(1)},
					spec{proto: proto, local: at(b.addr), v6only: b.v6only, reuseAddr: on(2), reusePort: on(3), other: on(4)})
			}
		}
	}
}

func TestNetnsBindTable(t *testing.T) {
	for _, c := range []struct {
		proto  fact.Proto
		state  fact.State
		listen bool
	}{
		{fact.TCP, fact.Listen, true},
		{fact.TCP, fact.Bound, false},
		{fact.UDP, fact.Unconnected, false},
		{fact.UDPLite, fact.Unconnected, false},
	} {
		t.Run(fmt.Sprintf("%s %s", c.proto, c.state), func(t *testing.T) {
			needProtocol(t, c.proto)
			testbed.Netns(t, func() {
				testbed.Run(t, "ip", "addr", "add", "fd00::1/128", "dev", "lo", "nodad")
				cells, refused, wrong := 0, 0, 0
				pairs(c.proto, func(first, second spec) {
					fd := first.must(t, c.listen)
					got := second.attempt(t)
					unix.Close(fd)
					if cells++; got.errno != nil {
						refused++
					}
					if !check(t, first, second, c.state, got) {
						wrong++
					}
					if wrong > 20 {
						t.Fatal("too many")
					}
				})
				t.Logf("%d cells, %d refused by the kernel", cells, refused)
				if refused == 0 || refused == cells {
					t.Error("a table that is all one answer proves nothing")
				}
			})
		})
	}
}

// needProtocol leaves out a protocol that newer kernels have dropped.
func needProtocol(t *testing.T, p fact.Proto) {
	t.Helper()
	if p != fact.UDPLite {
		return
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_UDPLITE)
	if err != nil {
		testbed.Need(t, testbed.TierNetns, "UDP-Lite in this kernel")
	}
	unix.Close(fd)
}

// check compares the kernel with the rules: with the flags known, and with the
// flags unseen, where only a certain verdict has to be right.
func check(t *testing.T, first, second spec, state fact.State, got outcome) bool {
	t.Helper()
	v := Judge(second.want(), first.have(state), fact.Machine{})
	ok := agrees(v, got) && v.Confidence == Certain
	if !ok {
		t.Errorf("first %+v %s\nsecond %+v\nkernel %+v\nrule %+v", first, state, second, got, v)
	}
	blind := Judge(second.want(), first.blind(state), fact.Machine{})
	if blind.Confidence == Certain && !agrees(blind, got) {
		t.Errorf("certain without the flags, and wrong: first %+v %s\nsecond %+v\nkernel %+v\nrule %+v", first, state, second, got, blind)
		return false
	}
	return ok
}

func TestNetnsWhoeverListensFirstWins(t *testing.T) {
	testbed.Netns(t, func() {
		s := spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:80"), reuseAddr: true}
		first := s.must(t, false)
		defer unix.Close(first)
		v := Judge(s.want(), s.have(fact.Bound), fact.Machine{})
		if !v.OK || !v.Race || v.Rule != SharedAddress {
			t.Errorf("rule %+v, want a race", v)
		}
		second := s.must(t, true)
		defer unix.Close(second)
		if err := unix.Listen(first, 8); err != unix.EADDRINUSE {
			t.Errorf("the first one's listen: %v, want EADDRINUSE", err)
		}
		shared := s
		shared.reusePort = true
		if v := Judge(shared.want(), shared.have(fact.Bound), fact.Machine{}); !v.OK || v.Race {
			t.Errorf("with SO_REUSEPORT on both: %+v, want no race", v)
		}
	})
}

func TestNetnsDevicesKeepSocketsApart(t *testing.T) {
	testbed.Netns(t, func() {
		testbed.Run(t, "ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
		for _, proto := range []fact.Proto{fact.TCP, fact.UDP} {
			for _, a := range []string{"", "d0", "d1"} {
				for _, b := range []string{"", "d0", "d1"} {
					first := spec{proto: proto, local: netip.MustParseAddrPort("[::]:80"), device: a}
					second := spec{proto: proto, local: netip.MustParseAddrPort("0.0.0.0:80"), device: b}
					fd := first.must(t, proto == fact.TCP)
					got := second.attempt(t)
					unix.Close(fd)
					state := fact.Listen
					if proto == fact.UDP {
						state = fact.Unconnected
					}
					check(t, first, second, state, got)
					if (got.errno == nil) != (a != "" && b != "" && a != b) {
						t.Errorf("%s on %q and %q: %v", proto, a, b, got.errno)
					}
				}
			}
		}
	})
}

func TestNetnsProtocolsDoNotConflict(t *testing.T) {
	testbed.Netns(t, func() {
		first := spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:80")}
		second := first
		second.proto = fact.UDP
		fd := first.must(t, true)
		defer unix.Close(fd)
		check(t, first, second, fact.Listen, second.attempt(t))
		check(t, first, first, fact.Listen, first.attempt(t)) // the twin
	})
}
