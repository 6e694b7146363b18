package flow

import (
	"net/netip"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// protocols are the transports that berth follows through rules, by IP number.
var protocols = [...]struct {
	number byte
	name   fact.Proto
}{{6, fact.TCP}, {17, fact.UDP}, {136, fact.UDPLite}, {132, fact.SCTP}}

const numProtocols = len(protocols)

// PortSets is one set of ports for each protocol that is followed.
type PortSets [numProtocols]Spans

// without returns the ports of p that o does not have.
func (p PortSets) without(o PortSets) PortSets {
	for i := range p {
		p[i] = p[i].without(o[i])
	}
	return p
}

// with returns the ports that p or o has.
func (p PortSets) with(o PortSets) PortSets {
	for i := range p {
		p[i] = p[i].With(o[i])
	}
	return p
}

var everyProtocol = PortSets{everyPort, everyPort, everyPort, everyPort}

// Traffic is what the conditions passed so far let through. It is a value: a copy
// goes its own way. [Search.Start] makes one.
type Traffic struct {
	Comment string // of the rule, where a condition carries one

	asked   []uint16 // the ports in question; empty = all
	hook    string
	ports   PortSets
	dst     netip.Prefix
	except  netip.Prefix
	device  string
	notDev  bool
	partial bool
	// narrowed counts the conditions that are no protocol and no port. Two
	// traffics of one origin with the same count differ in their ports only.
	narrowed int
	dead     bool
}

// Wanted tells whether anything asked for is left in t.
func (t *Traffic) Wanted() bool {
	if t.dead {
		return false
	}
	for _, s := range t.ports {
		if len(s) > 0 && (len(t.asked) == 0 || slices.ContainsFunc(t.asked, s.has)) {
			return true
		}
	}
	return false
}

// IPv6 tells whether t is known to be IPv6.
func (t *Traffic) IPv6() bool { return t.dst.IsValid() && !t.dst.Addr().Is4() }

// asks tells whether a port in question lies in from..last.
func (t *Traffic) asks(from, last uint16) bool {
	for _, p := range t.asked {
		if from <= p && p <= last {
			return true
		}
	}
	return len(t.asked) == 0
}

// Unread notes a condition that is not understood.
func (t *Traffic) Unread() {
	t.partial = true
	t.narrowed++
}

// Chance notes a choice among several targets, which together take everything.
func (t *Traffic) Chance() { t.narrowed++ }

// Protocol limits t to one transport protocol, or to all others.
func (t *Traffic) Protocol(number byte, is bool) {
	for i, p := range protocols {
		if (p.number == number) != is {
			t.ports[i] = nil
		}
	}
}

// Port limits t to the ports from..last, or to all others.
func (t *Traffic) Port(from, last uint16, inside bool) {
	if inside && !t.asks(from, last) {
		t.dead = true // the common case, and spans cost memory
		return
	}
	for i, s := range t.ports {
		if inside {
			t.ports[i] = s.cut(from, last)
		} else {
			t.ports[i] = s.drop(from, last)
		}
	}
}

// OnlyPorts keeps the ports of s, or all others.
func (t *Traffic) OnlyPorts(s Spans, inside bool) {
	for i, have := range t.ports {
		left := have.without(s)
		if inside {
			left = have.without(left)
		}
		t.ports[i] = left
	}
}

// Family limits t to IPv4 or to IPv6, or to what is not that one. It counts as a condition only where t
// had both.
func (t *Traffic) Family(v4, is bool) {
	if !is {
		v4 = !v4
	}
	all := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	if v4 {
		all = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	if !t.dst.IsValid() {
		t.dst = all
		t.narrowed++
		return
	}
	t.dead = t.dead || t.dst.Addr().Is4() != v4
}

// Destination limits t to an address range, or to all but it.
func (t *Traffic) Destination(p netip.Prefix, inside bool) {
	if inside {
		t.only(p)
		return
	}
	switch {
	case t.dst.IsValid() && !t.dst.Overlaps(p):
	case t.dst.IsValid() && p.Bits() <= t.dst.Bits():
		t.dead = true
	case t.except.IsValid() && t.except != p:
		t.Unread()
	default:
		t.except = p
		t.narrowed++
	}
}

func (t *Traffic) only(p netip.Prefix) {
	switch {
	case t.dst.IsValid() && !t.dst.Overlaps(p),
		t.except.IsValid() && t.except.Overlaps(p) && t.except.Bits() <= p.Bits():
		t.dead = true
	case !t.dst.IsValid() || p.Bits() > t.dst.Bits():
		t.dst = p
		t.narrowed++
	}
}

// Local notes a condition that the destination is, or is not, an address of
// this machine. Binds are about this machine, so "not" leaves nothing.
func (t *Traffic) Local(is bool) {
	t.dead = t.dead || !is
	t.narrowed++
}

// Nowhere notes a condition that no traffic for this machine meets.
func (t *Traffic) Nowhere() { t.dead = true }

// Side says at which of a packet's interfaces a condition looks.
type Side bool

// The two sides.
const (
	Incoming Side = false
	Outgoing Side = true
)

// Through limits t to an interface. Only one side exists in a hook: prerouting
// knows where a packet came in, output where it will go out.
func (t *Traffic) Through(s Side, name string, is bool) {
	if (s == Outgoing) != (t.hook == Output) {
		t.dead = t.dead || is
		return
	}
	same := t.device == name
	switch {
	case t.device == "":
		t.device, t.notDev = name, !is
		t.narrowed++
	case !t.notDev && same == is, t.notDev && same && !is:
	case !t.notDev, same && is:
		t.dead = true
	case is:
		t.device, t.notDev = name, false
		t.narrowed++
	default:
		t.Unread()
	}
}
