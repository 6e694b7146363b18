package xt

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"sort"
	"strconv"

	"github.com/berthd/berth/internal/machine/redirect/flow"
)

// The older iptables keeps a table as one block of entries, which point at each
// other by their offset.

const (
	returnVerdict = -5 // a positive one is an offset
	gotoFlag      = 2
	header        = 32 // size, name and revision in front of a match or target
	nameSize      = 29
)

// Layout is where the fields of an entry stand in a table of one family.
type Layout struct {
	program, family   string
	v6                bool
	addr              int // bytes of an address
	protocol, flags   int
	inverse           int
	target, next, fix int // fix: the size of the fixed part
}

// IPv4 is the layout of the tables of iptables.
func IPv4() Layout {
	return Layout{program: "iptables", family: "ip", addr: 4, protocol: 80, flags: 82, inverse: 83, target: 88, next: 90, fix: 112}
}

// IPv6 is the layout of the tables of ip6tables.
func IPv6() Layout {
	return Layout{program: "ip6tables", family: "ip6", v6: true, addr: 16, protocol: 128, flags: 131, inverse: 132, target: 140, next: 142, fix: 168}
}

// Bits of an entry's inverse field.
const (
	inverseIn    = 0x01
	inverseOut   = 0x02
	inverseDst   = 0x10
	inverseFrag  = 0x20
	inverseProto = 0x40
)

// Info is what the kernel says of a table before its entries.
type Info struct {
	Size               int // of all entries
	prerouting, output int // offsets of the first entries
	hooks              uint32
}

// InfoSize is how many bytes the kernel writes for an [Info].
const InfoSize = 84

// DecodeInfo reads the answer to IPT_SO_GET_INFO.
func DecodeInfo(b []byte) (i Info, ok bool) {
	if len(b) < InfoSize || bits.UintSize != 64 {
		return i, false
	}
	i.hooks = host32(b, 32)
	i.prerouting, i.output = int(host32(b, 36)), int(host32(b, 36+4*3))
	i.Size = int(host32(b, 80))
	return i, true
}

// Table is one table of one family.
type Table struct {
	Layout
	Name    string // "nat", "mangle"
	Info    Info
	Entries []byte
}

// Follow sends all traffic in question through the hooks of t.
func (t *Table) Follow(s *flow.Search) {
	if t.Info.hooks&1 != 0 {
		t.enter(s, flow.Prerouting, t.Info.prerouting)
	}
	if t.Info.hooks&(1<<3) != 0 && t.Name == "nat" {
		t.enter(s, flow.Output, t.Info.output)
	}
}

func (t *Table) enter(s *flow.Search, hook string, at int) {
	all := s.Start(hook)
	all.Family(!t.v6, true)
	w := walk{table: t, search: s, hook: hook}
	w.chain(at, all, 0)
}

// entry is one rule.
type entry struct {
	at, next   int
	head       []byte // fixed part
	matches    []byte
	targetName []byte
	targetRev  byte
	targetInfo []byte
}

// entryAt reads the rule at an offset; ok is false where the block is broken.
func (t *Table) entryAt(at int) (r entry, ok bool) {
	if at < 0 || at+t.fix > len(t.Entries) {
		return r, false
	}
	b := t.Entries[at:]
	target, next := int(host16(b, t.target)), int(host16(b, t.next))
	if target < t.fix || next < target+header || next > len(b) {
		return r, false
	}
	r.at, r.next = at, at+next
	r.head, r.matches = b[:t.fix], b[t.fix:target]
	r.targetName, r.targetRev, r.targetInfo = extension(b[target:next])
	return r, true
}

// extension takes apart what matches and targets share.
func extension(b []byte) (name []byte, rev byte, info []byte) {
	name, _, _ = bytes.Cut(b[2:2+nameSize], []byte{0})
	return name, b[header-1], b[header:]
}

// chainStart is where the rules of a chain made by a person begin.
type chainStart struct {
	at   int
	name string
}

// chains lists them in the order of the block.
func (t *Table) chains() []chainStart {
	var list []chainStart
	for at := 0; ; {
		r, ok := t.entryAt(at)
		if !ok {
			return list
		}
		if string(r.targetName) == "ERROR" {
			name, _, _ := cutText(r.targetInfo)
			list = append(list, chainStart{r.at, name})
		}
		at = r.next
	}
}

// chainOf names the chain that holds the rule at an offset: the closest name
// written before it, or the hook whose rules it stands among.
func (w *walk) chainOf(at int) string {
	if w.starts == nil {
		w.starts = w.table.chains()
	}
	i := sort.Search(len(w.starts), func(i int) bool { return w.starts[i].at > at })
	switch {
	case i > 0:
		return w.starts[i-1].name
	case w.hook == flow.Output:
		return "OUTPUT"
	}
	return "PREROUTING"
}

func cutText(b []byte) (string, []byte, bool) {
	before, after, ok := bytes.Cut(b, []byte{0})
	return string(before), after, ok
}

// walk follows the traffic of one hook through one table.
type walk struct {
	table  *Table
	search *flow.Search
	hook   string
	starts []chainStart
}

// chain follows t through the rules from an offset on, and returns what comes
// back to the caller.
func (w *walk) chain(at int, t flow.Traffic, depth int) []flow.Traffic {
	f, ok := w.search.Enter(t, depth)
	for ok {
		r, whole := w.table.entryAt(at)
		if !whole || string(r.targetName) == "ERROR" {
			break
		}
		ok = f.Rule(func(t flow.Traffic) { w.rule(&f, &r, t, depth) })
		at = r.next
	}
	return f.Out()
}

func (w *walk) rule(f *flow.Frame, r *entry, t flow.Traffic, depth int) {
	w.head(r.head, &t)
	for b := r.matches; len(b) >= header && t.Wanted(); {
		n := int(binary.NativeEndian.Uint16(b))
		if n < header || n > len(b) {
			t.Unread()
			break
		}
		name, rev, info := extension(b[:n])
		Match(name, uint32(rev), info, &t)
		b = b[n:]
	}
	if !t.Wanted() {
		return
	}
	if len(r.targetName) == 0 {
		w.verdict(f, r, &t, depth)
		return
	}
	if g, ok := TargetOf(string(r.targetName), uint32(r.targetRev), r.targetInfo); ok {
		f.Take(&t, w.named(r, g))
	}
}

func (w *walk) verdict(f *flow.Frame, r *entry, t *flow.Traffic, depth int) {
	if len(r.targetInfo) < 4 {
		return
	}
	v := int(int32(host32(r.targetInfo, 0)))
	switch {
	case v == returnVerdict:
		f.Return(t)
	case v < 0:
		f.End(t)
	case v == r.next: // no verdict: on to the next rule
	default:
		out := w.chain(v, *t, depth+1)
		f.Jumped(t, out, r.head[w.table.flags]&gotoFlag != 0)
	}
}

func (w *walk) named(r *entry, g flow.Target) flow.Target {
	t := w.table
	chain := w.chainOf(r.at)
	g.Chain = t.family + " " + t.Name + " " + chain
	g.Rule = "xt:" + t.family + "/" + t.Name + "/" + chain + "#" + strconv.Itoa(r.at)
	g.Evidence = t.program + " (legacy) table " + t.Name
	return g
}

// head narrows t by the fixed part of an entry.
func (w *walk) head(b []byte, t *flow.Traffic) {
	l := w.table
	inverse := b[l.inverse]
	a := l.addr
	if proto := byte(host16(b, l.protocol)); proto != 0 {
		t.Protocol(proto, inverse&inverseProto == 0)
	}
	if dst, mask := b[a:2*a], b[3*a:4*a]; !zero(mask) {
		destination(dst, mask, inverse&inverseDst == 0, t)
	}
	if !zero(b[2*a : 3*a]) {
		t.Unread() // source
	}
	names, masks := 4*a, 4*a+32
	w.device(b[names:names+16], b[masks:masks+16], flow.Incoming, inverse&inverseIn == 0, t)
	w.device(b[names+16:names+32], b[masks+16:masks+32], flow.Outgoing, inverse&inverseOut == 0, t)
	if !l.v6 && b[l.flags]&1 != 0 || inverse&inverseFrag != 0 {
		t.Unread() // fragments
	}
}

func destination(dst, mask []byte, inside bool, t *flow.Traffic) {
	addr, _ := netip.AddrFromSlice(dst)
	if p, err := addr.Prefix(prefixBits(mask)); err == nil && p.IsValid() {
		t.Destination(p, inside)
		return
	}
	t.Unread()
}

// prefixBits is the number of leading ones of a mask, or -1 where ones follow.
func prefixBits(mask []byte) int {
	n := 0
	for i, b := range mask {
		ones := bits.LeadingZeros8(^b)
		n += ones
		if ones < 8 {
			if b<<ones != 0 || !zero(mask[i+1:]) {
				return -1
			}
			return n
		}
	}
	return n
}

// device reads a condition on an interface; the mask says how much of the name
// counts, its closing zero included.
func (w *walk) device(name, mask []byte, s flow.Side, is bool, t *flow.Traffic) {
	n := 0
	for n < len(mask) && mask[n] != 0 {
		n++
	}
	if n > 0 {
		t.Through(s, w.search.Device(name[:n]), is)
	}
}

func zero(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }
