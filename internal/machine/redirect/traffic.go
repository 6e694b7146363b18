package redirect

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

type portSets [numProtocols]spans

var everyProtocol = portSets{everyPort, everyPort, everyPort, everyPort}

// traffic is what the conditions passed so far let through.
type traffic struct {
	asked   []uint16 // the ports in question; empty = all
	hook    string
	ports   portSets
	dst     netip.Prefix
	except  netip.Prefix
	device  string
	notDev  bool
	partial bool
	comment string
	// narrowed counts the conditions that are no protocol and no port. Two
	// traffics of one origin with the same count differ in their ports only.
	narrowed int
	dead     bool
}

// wanted tells whether anything asked for is left in t.
func (t *traffic) wanted() bool {
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

// asks tells whether a port in question lies in from..last.
func (t *traffic) asks(from, last uint16) bool {
	for _, p := range t.asked {
		if from <= p && p <= last {
			return true
		}
	}
	return len(t.asked) == 0
}

// unread notes a condition that is not understood.
func (t *traffic) unread() {
	t.partial = true
	t.narrowed++
}

// chance notes a choice among several targets, which together take everything.
func (t *traffic) chance() { t.narrowed++ }

func (t *traffic) protocol(number byte, is bool) {
	for i, p := range protocols {
		if (p.number == number) != is {
			t.ports[i] = nil
		}
	}
}

func (t *traffic) port(from, last uint16, inside bool) {
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

// onlyPorts keeps the ports of s, or all others.
func (t *traffic) onlyPorts(s spans, inside bool) {
	for i, have := range t.ports {
		left := have.without(s)
		if inside {
			left = have.without(left)
		}
		t.ports[i] = left
	}
}

// family limits t to one address family; it counts as a condition only where t
// had both.
func (t *traffic) family(v4, is bool) {
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

func (t *traffic) destination(p netip.Prefix, inside bool) {
	if inside {
		t.only(p)
		return
	}
	switch {
	case t.dst.IsValid() && !t.dst.Overlaps(p):
	case t.dst.IsValid() && p.Bits() <= t.dst.Bits():
		t.dead = true
	case t.except.IsValid() && t.except != p:
		t.unread()
	default:
		t.except = p
		t.narrowed++
	}
}

func (t *traffic) only(p netip.Prefix) {
	switch {
	case t.dst.IsValid() && !t.dst.Overlaps(p),
		t.except.IsValid() && t.except.Overlaps(p) && t.except.Bits() <= p.Bits():
		t.dead = true
	case !t.dst.IsValid() || p.Bits() > t.dst.Bits():
		t.dst = p
		t.narrowed++
	}
}

// local notes a condition that the destination is, or is not, an address of
// this machine. Binds are about this machine, so "not" leaves nothing.
func (t *traffic) local(is bool) {
	t.dead = t.dead || !is
	t.narrowed++
}

// interfaces names the side a condition on a network interface looks at.
type side bool

const (
	incoming side = false
	outgoing side = true
)

// through limits t to an interface. Only one side exists in a hook: prerouting
// knows where a packet came in, output where it will go out.
func (t *traffic) through(s side, name string, is bool) {
	if (s == outgoing) != (t.hook == hookOutput) {
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
		t.unread()
	}
}
