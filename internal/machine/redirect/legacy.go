package redirect

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
)

// The older iptables keeps a table as one block of entries, which point at each
// other by their offset. Layouts are those of a 64-bit kernel.

// Standard verdicts of a target without a name; a positive one is an offset.
const (
	legacyReturn   = -5
	gotoFlag       = 2
	targetHeader   = 32
	legacyNameSize = 29
)

// legacyLayout is where the fields of an entry stand.
type legacyLayout struct {
	family                byte
	addr                  int // bytes of an address
	protocol, flags       int
	inverse               int
	target, next, matches int // matches: the size of the fixed part
}

var (
	layout4 = legacyLayout{family: familyIP, addr: 4, protocol: 80, flags: 82, inverse: 83, target: 88, next: 90, matches: 112}
	layout6 = legacyLayout{family: familyIP6, addr: 16, protocol: 128, flags: 131, inverse: 132, target: 140, next: 142, matches: 168}
)

// Bits of an entry's inverse field.
const (
	inverseIn    = 0x01
	inverseOut   = 0x02
	inverseSrc   = 0x08
	inverseDst   = 0x10
	inverseFrag  = 0x20
	inverseProto = 0x40
)

// legacyTable is one table of one family as the kernel gave it.
type legacyTable struct {
	legacyLayout
	name    string
	entries []byte
	hooks   map[string]int // offset of the first entry for a hook
}

// legacyEntry is one rule.
type legacyEntry struct {
	at, next   int
	head       []byte // fixed part
	matches    []byte
	targetName []byte
	targetRev  byte
	targetInfo []byte
}

// entry reads the rule at an offset; ok is false where the block is broken.
func (l *legacyTable) entry(at int) (r legacyEntry, ok bool) {
	if at < 0 || at+l.matches > len(l.entries) {
		return r, false
	}
	b := l.entries[at:]
	target, next := int(host16(b, l.target)), int(host16(b, l.next))
	if target < l.legacyLayout.matches || next < target+targetHeader || next > len(b) {
		return r, false
	}
	r.at, r.next = at, at+next
	r.head, r.matches = b[:l.matches], b[l.matches:target]
	r.targetName, r.targetRev, r.targetInfo = extension(b[target:next])
	return r, true
}

// extension reads the head that matches and targets share: size, name, revision.
func extension(b []byte) (name []byte, rev byte, info []byte) {
	name, _, _ = bytes.Cut(b[2:2+legacyNameSize], []byte{0})
	return name, b[targetHeader-1], b[targetHeader:]
}

// follow sends t through the rules from an offset on, as evaluation.chain does.
func (e *evaluation) legacy(l *legacyTable, at int, t traffic, depth int) portSets {
	f := newFrame(t)
	if depth > maxDepth {
		e.stopped = true
		return f.out()
	}
	for {
		r, ok := l.entry(at)
		in := t
		in.ports = f.rest
		if !ok || string(r.targetName) == "ERROR" || !in.wanted() || !e.spend() {
			return f.out()
		}
		p := legacyPassage{e: e, l: l, f: &f, depth: depth}
		p.run(&r, in)
		at = r.next
	}
}

// legacyPassage is one rule looked at with one frame's traffic.
type legacyPassage struct {
	e     *evaluation
	l     *legacyTable
	f     *frame
	depth int
}

func (p *legacyPassage) run(r *legacyEntry, t traffic) {
	p.head(r.head, &t)
	for b := r.matches; len(b) > targetHeader && t.wanted(); {
		n := int(host16(b, 0))
		if n < targetHeader || n > len(b) {
			t.unread()
			break
		}
		name, rev, info := extension(b[:n])
		p.e.xtMatch(name, uint32(rev), info, &t)
		b = b[n:]
	}
	if !t.wanted() {
		return
	}
	if len(r.targetName) == 0 {
		p.verdict(r, &t)
		return
	}
	if g, ok := xtTarget(string(r.targetName), uint32(r.targetRev), r.targetInfo); ok {
		p.take(r, &t, g)
	}
}

func (p *legacyPassage) verdict(r *legacyEntry, t *traffic) {
	if len(r.targetInfo) < 4 {
		return
	}
	v := int(int32(host32(r.targetInfo, 0)))
	switch {
	case v == legacyReturn:
		p.f.end(t, t.ports)
	case v < 0:
		p.f.end(t, portSets{})
	case v == r.next: // no verdict: on to the next rule
	default:
		out := p.e.legacy(p.l, v, *t, p.depth+1)
		if r.head[p.l.flags]&gotoFlag != 0 {
			p.f.end(t, out)
			return
		}
		gone := *t
		for i := range gone.ports {
			gone.ports[i] = t.ports[i].without(out[i])
		}
		p.f.end(&gone, portSets{})
	}
}

func (p *legacyPassage) take(r *legacyEntry, t *traffic, g target) {
	program := "iptables"
	if p.l.family == familyIP6 {
		program = "ip6tables"
	}
	chain := p.l.chainOf(r.at, t.hook)
	at := strconv.Itoa(r.at)
	g.chain = familyName(p.l.family) + " " + p.l.name + " " + chain
	g.id = "xt:" + familyName(p.l.family) + "/" + p.l.name + "/" + chain + "#" + at
	g.evidence = program + " (legacy) table " + p.l.name
	p.e.emit(t, g)
	p.f.end(t, portSets{})
}

// chainOf names the chain that holds the rule at an offset: the closest name
// written before it, or the hook whose rules it stands among.
func (l *legacyTable) chainOf(want int, hook string) string {
	name := ""
	for at := 0; at < want; {
		r, ok := l.entry(at)
		if !ok {
			break
		}
		if string(r.targetName) == "ERROR" {
			name = text(r.targetInfo)
		}
		at = r.next
	}
	switch {
	case name != "":
		return name
	case hook == hookOutput:
		return "OUTPUT"
	}
	return "PREROUTING"
}

// head narrows t by the fixed part of an entry.
func (p *legacyPassage) head(b []byte, t *traffic) {
	l := p.l
	inverse := b[l.inverse]
	a := l.addr
	if proto := byte(host16(b, l.protocol)); proto != 0 {
		t.protocol(proto, inverse&inverseProto == 0)
	}
	if dst, mask := b[a:2*a], b[3*a:4*a]; !zero(mask) {
		l.destination(dst, mask, inverse&inverseDst == 0, t)
	}
	if !zero(b[2*a : 3*a]) {
		t.unread() // source
	}
	names, masks := 4*a, 4*a+32
	p.device(b[names:names+16], b[masks:masks+16], incoming, inverse&inverseIn == 0, t)
	p.device(b[names+16:names+32], b[masks+16:masks+32], outgoing, inverse&inverseOut == 0, t)
	if l.family == familyIP && b[l.flags]&1 != 0 || inverse&inverseFrag != 0 {
		t.unread() // fragments
	}
}

func (l *legacyTable) destination(dst, mask []byte, inside bool, t *traffic) {
	addr, ok := netip.AddrFromSlice(dst)
	n := prefixBits(mask)
	if p, err := addr.Prefix(n); ok && err == nil && n >= 0 {
		t.destination(p, inside)
		return
	}
	t.unread()
}

// device reads a condition on an interface; the mask says how much of the name
// counts, its closing zero included.
func (p *legacyPassage) device(name, mask []byte, s side, is bool, t *traffic) {
	n := 0
	for n < len(mask) && mask[n] != 0 {
		n++
	}
	if n > 0 {
		t.through(s, p.e.device(name[:n]), is)
	}
}

func zero(b []byte) bool {
	return len(bytes.TrimLeft(b, "\x00")) == 0
}

// decodeLegacyInfo reads what the kernel says of a table before its entries: the
// hooks it has, where each starts, and the size of the block.
func decodeLegacyInfo(b []byte) (hooks map[string]int, size int, ok bool) {
	if len(b) < 84 || bits.UintSize != 64 {
		return nil, 0, false
	}
	hooks = map[string]int{}
	valid := binary.NativeEndian.Uint32(b[32:])
	for number, name := range map[int]string{0: hookPrerouting, 3: hookOutput} {
		if valid&(1<<number) != 0 {
			hooks[name] = int(host32(b, 36+4*number))
		}
	}
	return hooks, int(host32(b, 80)), true
}

// enterLegacy follows all traffic through the hooks of one table.
func (e *evaluation) enterLegacy(l *legacyTable) {
	for _, hook := range []string{hookPrerouting, hookOutput} {
		at, ok := l.hooks[hook]
		if !ok || hook == hookOutput && l.name != "nat" {
			continue
		}
		e.legacy(l, at, e.start(hook, l.family), 0)
	}
}
