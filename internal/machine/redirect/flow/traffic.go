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

	asked []uint16 // the ports in question; empty = all
	hook  string
	ports PortSets
	conditions
}

// conditions are all limits of a traffic but those on protocol and port.
type conditions struct {
	dst    netip.Prefix
	except [maxExcept]netip.Prefix
	device string
	notDev bool
	unread int // conditions that are not understood
	chance int // choices by chance, which leave nothing out for good
	dead   bool
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
func (t *Traffic) Unread() { t.unread++ }

// Chance notes a choice among several targets, which together take everything.
func (t *Traffic) Chance() { t.chance++ }

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

// Family limits t to IPv4 or to IPv6, or to what is not that one.
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
	case p.Bits() == 0:
		t.Family(p.Addr().Is4(), false)
	case t.dst.IsValid() && !t.dst.Overlaps(p):
	case t.dst.IsValid() && p.Bits() <= t.dst.Bits():
		t.dead = true
	default:
		t.leaveOut(p)
	}
}

// maxExcept bounds the ranges that one traffic leaves out; of more, the widest.
const maxExcept = 4

func (t *Traffic) leaveOut(p netip.Prefix) {
	narrowest := 0
	for i, x := range t.except {
		switch {
		case !x.IsValid():
			t.except[i] = p
			return
		case x.Overlaps(p) && x.Bits() <= p.Bits():
			return
		case x.Bits() > t.except[narrowest].Bits():
			narrowest = i
		}
	}
	if t.except[narrowest].Bits() > p.Bits() {
		t.except[narrowest] = p
	}
}

// leftOut tells whether all of p is left out of t.
func (t *Traffic) leftOut(p netip.Prefix) bool {
	for _, x := range t.except {
		if x.IsValid() && x.Overlaps(p) && x.Bits() <= p.Bits() {
			return true
		}
	}
	return false
}

func (t *Traffic) only(p netip.Prefix) {
	switch {
	case t.dst.IsValid() && !t.dst.Overlaps(p), t.leftOut(p):
		t.dead = true
	case !t.dst.IsValid() || p.Bits() > t.dst.Bits():
		t.dst = p
	}
}

// Local notes a condition that the destination is, or is not, an address of
// this machine. Binds are about this machine, so "not" leaves nothing.
func (t *Traffic) Local(is bool) { t.dead = t.dead || !is }

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
	case !t.notDev && same == is, t.notDev && same && !is:
	case !t.notDev, same && is:
		t.dead = true
	case is:
		t.device, t.notDev = name, false
	default:
		t.Unread()
	}
}

// minus appends to list what is left of t when gone is taken out of it. Both come
// from the traffic origin, and gone's conditions beyond those of origin are met in
// turn: what fails the first is left, and what fails the next.
func (t Traffic) minus(gone, origin *Traffic, list []Traffic) []Traffic {
	outside := t
	outside.ports = t.ports.without(gone.ports)
	list = keep(list, outside)
	t.ports = t.ports.without(outside.ports)
	if gone.dst != origin.dst {
		fails := t
		fails.Destination(gone.dst, false)
		list = keep(list, fails)
		t.only(gone.dst)
	}
	for i, except := range gone.except {
		if except == origin.except[i] {
			continue
		}
		fails := t
		fails.only(except)
		list = keep(list, fails)
		t.Destination(except, false)
	}
	if gone.device != origin.device || gone.notDev != origin.notDev {
		fails := t
		fails.Through(t.ownSide(), gone.device, gone.notDev)
		list = keep(list, fails)
		t.Through(t.ownSide(), gone.device, !gone.notDev)
	}
	if gone.unread != origin.unread {
		t.Unread()
		list = keep(list, t)
	} else if gone.chance != origin.chance {
		list = keep(list, t)
	}
	return list
}

func (t *Traffic) ownSide() Side { return Side(t.hook == Output) }

// keep adds t to list, joined with the traffic that differs by its ports alone.
func keep(list []Traffic, t Traffic) []Traffic {
	if !t.Wanted() {
		return list
	}
	for i := range list {
		if list[i].conditions == t.conditions {
			list[i].ports = list[i].ports.with(t.ports)
			return list
		}
	}
	return append(list, t)
}
