package redirect

import (
	"encoding/binary"
	"net/netip"
)

// Matches and targets of iptables, which iptables-nft keeps inside nftables rules
// and the older iptables in its own tables. Numbers are in host order unless they
// are addresses or a target's ports.

func host16(b []byte, at int) uint16 { return binary.NativeEndian.Uint16(b[at:]) }
func host32(b []byte, at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }

// xtMatch narrows t by one match.
func (e *evaluation) xtMatch(extension []byte, rev uint32, b []byte, t *traffic) {
	switch name := string(extension); {
	case name == "comment":
		t.comment = text(b)
	case name == "tcp" && len(b) >= 12:
		if b[9] != 0 || b[8] != 0 { // TCP flags, TCP option
			t.unread()
		}
		xtPorts(t, b, 4, 0, b[11])
	case (name == "udp" || name == "udplite") && len(b) >= 9:
		xtPorts(t, b, 4, 0, b[8])
	case name == "sctp" && len(b) >= 292:
		if host32(b, 284)&4 != 0 { // chunk types
			t.unread()
		}
		xtSCTP(t, b)
	case name == "multiport" && len(b) >= 48 && rev == 1:
		xtMultiport(t, b, b[47] != 0)
	case name == "multiport" && len(b) >= 32 && rev == 0:
		xtMultiport(t, append(b[:32:32], make([]byte, 15)...), false)
	case name == "addrtype" && len(b) >= 8:
		xtAddrtype(t, b, rev)
	case name == "statistic":
		t.chance()
	default:
		t.unread()
	}
}

// xtPorts reads two port ranges; bit 0 of inverse belongs to the source, bit 1
// to the destination.
func xtPorts(t *traffic, b []byte, dst, src int, inverse byte) {
	t.port(host16(b, dst), host16(b, dst+2), inverse&2 == 0)
	if host16(b, src) != 0 || host16(b, src+2) != 65535 || inverse&1 != 0 {
		t.unread()
	}
}

// xtSCTP reads the ports of an SCTP match, which are looked at only where a flag
// says so.
func xtSCTP(t *traffic, b []byte) {
	flags, inverse := host32(b, 284), host32(b, 288)
	if flags&2 != 0 {
		t.port(host16(b, 0), host16(b, 2), inverse&2 == 0)
	}
	if flags&1 != 0 {
		t.unread()
	}
}

func xtMultiport(t *traffic, b []byte, inverse bool) {
	mode, count := b[0], min(int(b[1]), 15)
	if mode == 0 { // source ports
		t.unread()
		return
	}
	var s spans
	for i := 0; i < count; i++ {
		x := span{host16(b, 2+2*i), host16(b, 2+2*i)}
		if b[32+i] != 0 && i+1 < count { // first half of a range
			i++
			x.last = host16(b, 2+2*i)
		}
		if x.from <= x.last {
			s = s.with(spans{x})
		}
	}
	t.onlyPorts(s, !inverse)
	if mode == 2 { // source or destination
		t.unread()
	}
}

func xtAddrtype(t *traffic, b []byte, rev uint32) {
	const local = 1 << routeLocal
	source, dest := host16(b, 0), host16(b, 2)
	inverse := false
	if rev == 0 && len(b) >= 12 {
		inverse = host32(b, 8) != 0
	} else if rev != 0 {
		inverse = host32(b, 4)&2 != 0
	}
	if dest != 0 {
		t.local((dest&local != 0) != inverse)
	}
	if source != 0 {
		t.unread()
	}
}

// xtTarget reads a target that takes traffic away; ok is false for all others.
func xtTarget(name string, rev uint32, b []byte) (g target, ok bool) {
	switch name {
	case "DNAT", "NETMAP":
		g.kind = "dnat"
	case "REDIRECT":
		g.kind = "redirect"
	case "TPROXY":
		return xtTproxy(rev, b), true
	default:
		return g, false
	}
	// Revision 0 of IPv4 counts its ranges first; all later ones share a form.
	if rev == 0 && len(b) >= 4 && len(b) < 40 {
		natRange4(&g, b)
	} else {
		natRange(&g, b)
	}
	if name == "REDIRECT" {
		g.addr = ""
	}
	return g, true
}

// Flags of a NAT range.
const (
	rangeAddrs  = 1
	rangePorts  = 2
	rangeOffset = 32
)

func natRange4(g *target, b []byte) {
	if len(b) < 20 {
		return
	}
	flags := host32(b, 4)
	if flags&rangeAddrs != 0 {
		g.addr = between(b[8:12], b[12:16])
	}
	if flags&rangePorts != 0 {
		g.from, g.last = binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[18:])
	}
}

// natRange reads flags, two addresses of 16 bytes, two ports, and in its second
// form a base port.
func natRange(g *target, b []byte) {
	if len(b) < 40 {
		return
	}
	flags := host32(b, 0)
	if flags&rangeAddrs != 0 {
		g.addr = inetBetween(b[4:20], b[20:36])
	}
	if flags&rangePorts != 0 {
		g.from, g.last = binary.BigEndian.Uint16(b[36:]), binary.BigEndian.Uint16(b[38:])
	}
	if flags&rangeOffset != 0 && len(b) >= 42 {
		g.base, g.shift = binary.BigEndian.Uint16(b[40:]), true
	}
}

func xtTproxy(rev uint32, b []byte) target {
	g := target{kind: "tproxy"}
	switch {
	case rev == 0 && len(b) >= 14:
		g.addr, g.from = between(b[8:12], b[8:12]), binary.BigEndian.Uint16(b[12:])
	case rev == 1 && len(b) >= 26:
		g.addr, g.from = inetBetween(b[8:24], b[8:24]), binary.BigEndian.Uint16(b[24:])
	}
	g.last = g.from
	return g
}

func between(low, high []byte) string {
	a, _ := netip.AddrFromSlice(low)
	z, _ := netip.AddrFromSlice(high)
	if a.IsUnspecified() {
		return ""
	}
	if z != a && !z.IsUnspecified() {
		return a.String() + "-" + z.String()
	}
	return a.String()
}

// inetBetween reads addresses of 16 bytes that hold an IPv4 address when all but
// the first four are zero.
func inetBetween(low, high []byte) string {
	for _, x := range [][]byte{low[4:], high[4:]} {
		for _, b := range x {
			if b != 0 {
				return between(low, high)
			}
		}
	}
	return between(low[:4], high[:4])
}
