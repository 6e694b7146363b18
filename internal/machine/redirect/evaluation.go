package redirect

import (
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// Names of the two hooks where traffic for a port is taken.
const (
	hookPrerouting = "prerouting"
	hookOutput     = "output"
)

// Limits of one reading. A machine with more rules gets a gap, not a wait.
const (
	maxRules     = 200_000
	maxRedirects = 20_000
	maxDepth     = 16 // as deep as the kernel jumps
)

// kernel is what the evaluation asks for on its way.
type kernel struct {
	// rules returns the rules of a chain, each the attributes of one message.
	rules func(chainKey) ([][]byte, error)
	// set returns a set's flags and the length of its keys.
	set func(setKey) (setInfo, error)
	// elements returns the elements of a set.
	elements func(setKey) ([]element, error)
	device   func(index uint32) string
}

type chainKey struct {
	family      byte
	table, name string
}

// evaluation follows rules and collects what they take.
type evaluation struct {
	kernel  kernel
	ports   []uint16
	seen    map[fact.ID]bool
	names   map[string]string
	found   []fact.Redirect
	budget  int
	stopped bool
	err     error
}

func newEvaluation(k kernel, ports []uint16) *evaluation {
	return &evaluation{
		kernel: k, ports: ports, budget: maxRules,
		seen: map[fact.ID]bool{}, names: map[string]string{},
	}
}

// start is all traffic of a hook and, but for familyInet, of one address family.
func (e *evaluation) start(hook string, family byte) traffic {
	t := traffic{asked: e.ports, hook: hook, ports: everyProtocol}
	if family != familyInet {
		t.family(family == familyIP, true)
	}
	return t
}

// device keeps one copy of each interface name.
func (e *evaluation) device(b []byte) string {
	name, ok := e.names[string(b)]
	if !ok {
		name = deviceName(b)
		e.names[string(b)] = name
	}
	return name
}

// spend tells whether one more rule may be looked at.
func (e *evaluation) spend() bool {
	e.budget--
	if e.budget < 0 || len(e.found) >= maxRedirects {
		e.stopped = true
	}
	return !e.stopped
}

func (e *evaluation) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// frame is the passage of some traffic through one chain.
type frame struct {
	in   traffic
	rest portSets // still on its way down the chain
	back portSets // returned early to the caller
}

func newFrame(t traffic) frame { return frame{in: t, rest: t.ports} }

// out is what comes back to the caller of the chain.
func (f *frame) out() portSets {
	out := f.rest
	for i := range out {
		out[i] = out[i].with(f.back[i])
	}
	return out
}

// end takes t off the chain: to nowhere, or back to the caller. Only traffic that
// differs from what entered by its ports alone is known to be all gone.
func (f *frame) end(t *traffic, back portSets) {
	if t.narrowed != f.in.narrowed {
		return
	}
	for i := range f.rest {
		f.rest[i] = f.rest[i].without(t.ports[i])
		f.back[i] = f.back[i].with(back[i])
	}
}

// target is where a rule sends traffic.
type target struct {
	kind string
	// addr is "", an address, or a range of addresses with a dash.
	addr        string
	from, last  uint16 // 0 = the port stays
	base        uint16 // with a base, port p goes to from+p-base
	shift       bool
	chain       string
	id          string
	evidence    string
	ruleComment string
}

// emit notes that t goes to g.
func (e *evaluation) emit(t *traffic, g target) {
	if alike(t.ports) {
		e.emitSpans(t, g, "", t.ports[0])
		return
	}
	for i, p := range protocols {
		e.emitSpans(t, g, p.name, t.ports[i])
	}
}

func alike(p portSets) bool {
	for _, s := range p[1:] {
		if len(s) != len(p[0]) {
			return false
		}
		for i := range s {
			if s[i] != p[0][i] {
				return false
			}
		}
	}
	return true
}

func (e *evaluation) emitSpans(t *traffic, g target, proto fact.Proto, s spans) {
	for _, x := range s {
		if !t.asks(x.from, x.last) {
			continue
		}
		r := row(t, g, proto, x)
		if !e.seen[r.ID] {
			e.seen[r.ID] = true
			e.found = append(e.found, r)
		}
	}
}

func row(t *traffic, g target, proto fact.Proto, x span) fact.Redirect {
	r := fact.Redirect{
		Kind: g.kind, Proto: proto, Dst: t.dst, Except: t.except, From: x.from, Last: x.last,
		To: g.to(x), Hook: t.hook, Device: t.device, NotDev: t.notDev,
		Partial: t.partial, Comment: g.ruleComment, Chain: g.chain, Evidence: g.evidence,
	}
	if t.comment != "" {
		r.Comment = t.comment
	}
	id := "redirect:" + g.id + ":" + t.hook + ":" + string(proto) + ":" + strconv.Itoa(int(x.from))
	if t.dst.IsValid() && t.dst.Bits() > 0 {
		id += ":" + t.dst.String()
	}
	if r.To != "" {
		id += ">" + r.To
	}
	r.ID = fact.ID(id)
	return r
}

// to writes where the ports of x arrive.
func (g target) to(x span) string {
	from, last := g.from, g.last
	switch {
	case from == 0 && x.from == x.last:
		from, last = x.from, x.from
	case from != 0 && g.shift && x.from == x.last && x.from >= g.base:
		from += x.from - g.base
		last = from
	}
	if from == 0 {
		return g.addr
	}
	ports := strconv.Itoa(int(from))
	if last > from {
		ports += "-" + strconv.Itoa(int(last))
	}
	for i := range len(g.addr) {
		if g.addr[i] == ':' {
			return "[" + g.addr + "]:" + ports
		}
	}
	return g.addr + ":" + ports
}
