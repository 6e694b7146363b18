// Package xt reads the matches and targets of iptables, which iptables-nft keeps
// inside nftables rules and the older iptables in tables of its own, and follows
// traffic through such tables.
//
// It is pure and compiles on every OS. Layouts are those of a 64-bit kernel;
// numbers are in host order unless they are addresses or a target's ports.
package xt

import (
	"encoding/binary"
	"net/netip"

	"github.com/berthd/berth/internal/machine/redirect/flow"
)

func host16(b []byte, at int) uint16 { return binary.NativeEndian.Uint16(b[at:]) }
func host32(b []byte, at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }

// Match narrows t by the match of this name and revision. One that is not known
// makes t partial.
func Match(extension []byte, rev uint32, b []byte, t *flow.Traffic) {
	switch name := string(extension); {
	case name == "comment":
		t.Comment, _, _ = cutText(b)
	case name == "tcp" && len(b) >= 12:
		if b[9] != 0 || b[8] != 0 { // TCP flags, TCP option
			t.Unread()
		}
		matchPorts(t, b, 4, 0, b[11])
	case (name == "udp" || name == "udplite") && len(b) >= 9:
		matchPorts(t, b, 4, 0, b[8])
	case name == "sctp" && len(b) >= 292:
		if host32(b, 284)&4 != 0 { // chunk types
			t.Unread()
		}
		matchSCTP(t, b)
	case name == "multiport" && len(b) >= 48 && rev == 1:
		matchMultiport(t, b, b[47] != 0)
	case name == "multiport" && len(b) >= 32 && rev == 0:
		matchMultiport(t, append(b[:32:32], make([]byte, 15)...), false)
	case name == "addrtype" && len(b) >= 8:
		matchAddrtype(t, b, rev)
	case name == "statistic":
		t.Chance()
	default:
		t.Unread()
	}
}

// matchPorts reads two port ranges; bit 0 of inverse belongs to the source, bit 1
// to the destination.
func matchPorts(t *flow.Traffic, b []byte, dst, src int, inverse byte) {
	t.Port(host16(b, dst), host16(b, dst+2), inverse&2 == 0)
	if host16(b, src) != 0 || host16(b, src+2) != 65535 || inverse&1 != 0 {
		t.Unread()
	}
}

// matchSCTP reads the ports of an SCTP match, which are looked at only where a flag
// says so.
func matchSCTP(t *flow.Traffic, b []byte) {
	flags, inverse := host32(b, 284), host32(b, 288)
	if flags&2 != 0 {
		t.Port(host16(b, 0), host16(b, 2), inverse&2 == 0)
	}
	if flags&1 != 0 {
		t.Unread()
	}
}

func matchMultiport(t *flow.Traffic, b []byte, inverse bool) {
	mode, count := b[0], min(int(b[1]), 15)
	if mode == 0 { // source ports
		t.Unread()
		return
	}
	var s flow.Spans
	for i := 0; i < count; i++ {
		x := flow.Span{From: host16(b, 2+2*i), Last: host16(b, 2+2*i)}
		if b[32+i] != 0 && i+1 < count { // first half of a range
			i++
			x.Last = host16(b, 2+2*i)
		}
		if x.From <= x.Last {
			s = s.With(flow.Spans{x})
		}
	}
	t.OnlyPorts(s, !inverse)
	if mode == 2 { // source or destination
		t.Unread()
	}
}

func matchAddrtype(t *flow.Traffic, b []byte, rev uint32) {
	const local = 1 << 2 // RTN_LOCAL
	source, dest := host16(b, 0), host16(b, 2)
	inverse := false
	if rev == 0 && len(b) >= 12 {
		inverse = host32(b, 8) != 0
	} else if rev != 0 {
		inverse = host32(b, 4)&2 != 0
	}
	if dest != 0 {
		t.Local((dest&local != 0) != inverse)
	}
	if source != 0 {
		t.Unread()
	}
}

// TargetOf reads a target that takes traffic away; ok is false for all others.
func TargetOf(name string, rev uint32, b []byte) (g flow.Target, ok bool) {
	switch name {
	case "DNAT", "NETMAP":
		g.Kind = "dnat"
	case "REDIRECT":
		g.Kind = "redirect"
	case "TPROXY":
		return tproxy(rev, b), true
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
		g.Addr = ""
	}
	return g, true
}

// Flags of a NAT range.
const (
	rangeAddrs  = 1
	rangePorts  = 2
	rangeOffset = 32
)

func natRange4(g *flow.Target, b []byte) {
	if len(b) < 20 {
		return
	}
	flags := host32(b, 4)
	if flags&rangeAddrs != 0 {
		g.Addr = between(b[8:12], b[12:16])
	}
	if flags&rangePorts != 0 {
		g.From, g.Last = binary.BigEndian.Uint16(b[16:]), binary.BigEndian.Uint16(b[18:])
	}
}

// natRange reads flags, two addresses of 16 bytes, two ports, and in its second
// form a base port.
func natRange(g *flow.Target, b []byte) {
	if len(b) < 40 {
		return
	}
	flags := host32(b, 0)
	if flags&rangeAddrs != 0 {
		g.Addr = inetBetween(b[4:20], b[20:36])
	}
	if flags&rangePorts != 0 {
		g.From, g.Last = binary.BigEndian.Uint16(b[36:]), binary.BigEndian.Uint16(b[38:])
	}
	if flags&rangeOffset != 0 && len(b) >= 42 {
		g.Base, g.Shift = binary.BigEndian.Uint16(b[40:]), true
	}
}

func tproxy(rev uint32, b []byte) flow.Target {
	g := flow.Target{Kind: "tproxy"}
	switch {
	case rev == 0 && len(b) >= 14:
		g.Addr, g.From = between(b[8:12], b[8:12]), binary.BigEndian.Uint16(b[12:])
	case rev == 1 && len(b) >= 26:
		g.Addr, g.From = inetBetween(b[8:24], b[8:24]), binary.BigEndian.Uint16(b[24:])
	}
	g.Last = g.From
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
