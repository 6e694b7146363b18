package bindrule

import (
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// asUser runs fn with the effective user of an ordinary account on this thread
// alone: without a single capability.
func asUser(t testing.TB, fn func()) {
	t.Helper()
	const keep = ^uintptr(0)
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, keep, otherUser, keep); e != 0 {
		t.Fatal(e)
	}
	defer unix.RawSyscall(unix.SYS_SETRESUID, keep, 0, keep)
	fn()
}

func setting(t testing.TB, path, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/net/"+path, []byte(value), 0o644); err != nil {
		t.Fatal(err)
	}
}

// plain is the machine of these tests: loopback, and one address of each family.
func plain() fact.Machine {
	start := uint16(1024)
	addr := func(dev, p string) fact.Addr { return fact.Addr{Prefix: netip.MustParsePrefix(p), Device: dev} }
	return fact.Machine{
		Linux: &fact.LinuxNet{UnprivStart: &start},
		Addrs: []fact.Addr{
			addr("lo", "127.0.0.1/8"), addr("lo", "::1/128"),
			addr("d0", "192.0.2.1/24"), addr("d0", "2001:db8::1/64"),
		},
	}
}

func network(t testing.TB) {
	t.Helper()
	testbed.Run(t, "ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1")
	testbed.Run(t, "ip", "link", "set", "d0", "up")
	testbed.Run(t, "ip", "link", "set", "d1", "up")
	testbed.Run(t, "ip", "addr", "add", "192.0.2.1/24", "dev", "d0")
	testbed.Run(t, "ip", "addr", "add", "2001:db8::1/64", "dev", "d0", "nodad")
}

// alone compares the first refusal of the machine's own rules with the kernel.
func alone(t *testing.T, name string, s spec, w Want, m fact.Machine) {
	t.Helper()
	got := attemptWant(t, s, w)
	first := Verdict{OK: true}
	if all := Self(w, m); len(all) > 0 {
		first = all[0]
	}
	if !agrees(first, got) {
		t.Errorf("%s: %s: kernel %+v, rules %+v", name, w.Local, got, first)
	}
}

func attemptWant(t *testing.T, s spec, w Want) outcome {
	fd := s.open(t)
	defer unix.Close(fd)
	if w.Freebind {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Bind(fd, s.sockaddr()); err != nil {
		return outcome{AtBind, err}
	}
	if s.proto == fact.TCP {
		if err := unix.Listen(fd, 1); err != nil {
			return outcome{AtListen, err}
		}
	}
	return outcome{}
}

func TestNetnsAddressAndPrivilege(t *testing.T) {
	testbed.Netns(t, func() {
		network(t)
		endpoints := []string{
			"0.0.0.0", "127.0.0.1", "127.9.9.9", "192.0.2.1", "192.0.2.9", "192.0.2.255", "198.51.100.1",
			"::", "::1", "::2", "2001:db8::1", "2001:db8::9", "fe80::1", "ff02::1", "ff05::1", "224.0.0.1", "255.255.255.255",
			"::ffff:127.0.0.1", "::ffff:192.0.2.9",
		}
		for _, proto := range []fact.Proto{fact.TCP, fact.UDP} {
			for _, addr := range endpoints {
				for _, port := range []uint16{80, 1023, 1024, 8080} {
					for bits := range 8 {
						s := spec{proto: proto, local: netip.AddrPortFrom(netip.MustParseAddr(addr), port), v6only: bits&2 != 0}
						w := s.want()
						w.Freebind, w.Privileged = bits&1 != 0, bits&4 != 0
						if w.Privileged {
							alone(t, "root", s, w, plain())
						} else {
							asUser(t, func() { alone(t, "user", s, w, plain()) })
						}
					}
				}
			}
		}
	})
}

func TestNetnsSettingsMoveTheRules(t *testing.T) {
	testbed.Netns(t, func() {
		network(t)
		m := plain()
		yes := true
		try := func(name, addr string) {
			s := spec{proto: fact.TCP, local: netip.MustParseAddrPort(addr)}
			w := s.want()
			w.Privileged = false
			asUser(t, func() { alone(t, name, s, w, m) })
		}
		setting(t, "ipv4/ip_unprivileged_port_start", "80")
		*m.Linux.UnprivStart = 80
		try("unprivileged from 80", "0.0.0.0:80")
		try("unprivileged from 80", "0.0.0.0:79")
		try("before", "192.0.2.9:80")
		setting(t, "ipv4/ip_nonlocal_bind", "1")
		m.Linux.NonlocalBind4 = &yes
		try("nonlocal IPv4", "192.0.2.9:80")
		try("nonlocal IPv4", "[2001:db8::9]:80")
		setting(t, "ipv6/ip_nonlocal_bind", "1")
		m.Linux.NonlocalBind6 = &yes
		try("nonlocal IPv6", "[2001:db8::9]:80")
	})
}

func TestNetnsTentativeAddress(t *testing.T) {
	testbed.Netns(t, func() {
		network(t)
		m := plain()
		own := fact.Addr{Prefix: netip.MustParsePrefix("2001:db8::5/64"), Device: "d0", Tentative: true}
		m.Addrs = append(m.Addrs, own)
		s := spec{proto: fact.TCP, local: netip.MustParseAddrPort("[2001:db8::5]:80")}
		setting(t, "ipv6/conf/d0/dad_transmits", "100") // keep it tentative
		testbed.Run(t, "ip", "addr", "add", "2001:db8::5/64", "dev", "d0")
		alone(t, "tentative", s, s.want(), m)
		testbed.Run(t, "ip", "addr", "del", "2001:db8::5/64", "dev", "d0")
		testbed.Run(t, "ip", "addr", "add", "2001:db8::5/64", "dev", "d0", "nodad")
		m.Addrs[len(m.Addrs)-1].Tentative = false
		alone(t, "checked", s, s.want(), m)
	})
}

// IPv6 switched off by net.ipv6.conf.all.disable_ipv6 takes the addresses away,
// not the family: "::" still binds, and takes IPv4.
func TestNetnsIPv6SwitchedOff(t *testing.T) {
	testbed.Netns(t, func() {
		network(t)
		for _, dev := range []string{"all", "default"} {
			setting(t, "ipv6/conf/"+dev+"/disable_ipv6", "1")
		}
		m := plain()
		m.Addrs = []fact.Addr{m.Addrs[0], m.Addrs[2]}
		for _, addr := range []string{"[::]:80", "[::1]:80", "127.0.0.1:80"} {
			s := spec{proto: fact.TCP, local: netip.MustParseAddrPort(addr)}
			alone(t, "off", s, s.want(), m)
		}
		first := spec{proto: fact.TCP, local: netip.MustParseAddrPort("[::]:80")}
		second := spec{proto: fact.TCP, local: netip.MustParseAddrPort("0.0.0.0:80")}
		fd := first.must(t, true)
		defer unix.Close(fd)
		check(t, first, second, fact.Listen, second.attempt(t))
	})
}
