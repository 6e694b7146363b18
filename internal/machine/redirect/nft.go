package redirect

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/berthd/berth/internal/sys/netlink"
)

// Address families of netfilter.
const (
	familyInet = 1
	familyIP   = 2
	familyIP6  = 10
)

// Attributes of chains, rules, expressions and data, by the kernel's numbers.
const (
	chainTable, chainName, chainHook, chainUse, chainType = 1, 3, 4, 6, 7
	hookNumber, hookPriority                              = 1, 2
	ruleTable, ruleChain, ruleHandle                      = 1, 2, 3
	ruleExpressions, ruleUserdata                         = 4, 7
	exprName, exprData                                    = 1, 2
	dataValue, dataVerdict                                = 1, 2
	verdictCode, verdictChain                             = 1, 2
)

// Verdict codes of nftables.
const (
	verdictContinue = -1
	verdictBreak    = -2
	verdictJump     = -3
	verdictGoto     = -4
	verdictReturn   = -5
)

// find returns the payload of the first attribute of a type, or nil.
func find(b []byte, want uint16) []byte {
	for {
		typ, data, rest, ok := netlink.Next(b)
		if !ok {
			return nil
		}
		if typ == want {
			return data
		}
		b = rest
	}
}

// number reads an attribute of four bytes in network order; absent is 0.
func number(b []byte, want uint16) uint32 {
	if d := find(b, want); len(d) >= 4 {
		return binary.BigEndian.Uint32(d)
	}
	return 0
}

func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// baseChain is a chain that a hook of the kernel enters.
type baseChain struct {
	key      chainKey
	hook     string
	nat      bool
	priority int32
}

// decodeChain reads one chain message (behind its 4-byte family header). ok is
// false for chains where no traffic for a port of this machine can be taken, and
// for those without rules.
func decodeChain(family byte, attrs []byte) (c baseChain, ok bool) {
	hook := find(attrs, chainHook)
	if hook == nil || number(attrs, chainUse) == 0 {
		return c, false
	}
	if family != familyIP && family != familyIP6 && family != familyInet {
		return c, false
	}
	c.key = chainKey{family, text(find(attrs, chainTable)), text(find(attrs, chainName))}
	c.nat = text(find(attrs, chainType)) == "nat"
	c.priority = int32(number(hook, hookPriority))
	switch number(hook, hookNumber) {
	case 0:
		c.hook = hookPrerouting
		return c, true
	case 3:
		c.hook = hookOutput
		return c, c.nat
	}
	return c, false
}

func familyName(f byte) string {
	switch f {
	case familyIP:
		return "ip"
	case familyIP6:
		return "ip6"
	}
	return "inet"
}

func (k chainKey) String() string { return familyName(k.family) + " " + k.table + " " + k.name }

// enter follows all traffic of a hook through its base chain.
func (e *evaluation) enter(c baseChain) {
	e.chain(c.key, e.start(c.hook, c.key.family), 0)
}

// chain follows t through the rules of a chain and returns the ports that come
// back to the caller.
func (e *evaluation) chain(key chainKey, t traffic, depth int) portSets {
	f := newFrame(t)
	if depth > maxDepth {
		e.stopped = true
		return f.out()
	}
	rules, err := e.kernel.rules(key)
	if err != nil {
		e.fail(err)
	}
	for _, r := range rules {
		in := t
		in.ports = f.rest
		if !in.wanted() || !e.spend() {
			break
		}
		p := passage{e: e, f: &f, key: key, rule: r, depth: depth}
		p.run(find(r, ruleExpressions), in, registers{})
	}
	return f.out()
}

// passage is one rule looked at with one frame's traffic.
type passage struct {
	e     *evaluation
	f     *frame
	key   chainKey
	rule  []byte
	depth int
}

// run follows t through the expressions of a rule. It calls itself once for each
// alternative that a lookup opens.
func (p *passage) run(exprs []byte, t traffic, r registers) {
	for t.wanted() {
		_, item, rest, ok := netlink.Next(exprs)
		if !ok {
			return
		}
		exprs = rest
		name, data := find(item, exprName), find(item, exprData)
		name = bytes.TrimSuffix(name, []byte{0})
		if string(name) == "lookup" {
			p.lookup(data, exprs, t, r)
			return
		}
		if !p.step(name, data, &t, &r) {
			return
		}
	}
}

// verdict acts on the verdict of a rule; more tells whether the rule goes on.
func (p *passage) verdict(data []byte, t *traffic) (more bool) {
	code := int32(number(data, verdictCode))
	switch code {
	case verdictContinue:
		return true
	case verdictBreak:
	case verdictReturn:
		p.f.end(t, t.ports)
	case verdictJump, verdictGoto:
		p.follow(text(find(data, verdictChain)), t, code == verdictGoto)
	default:
		p.f.end(t, portSets{})
	}
	return false
}

func (p *passage) follow(name string, t *traffic, leave bool) {
	out := p.e.chain(chainKey{p.key.family, p.key.table, name}, *t, p.depth+1)
	if leave {
		p.f.end(t, out)
		return
	}
	gone := *t
	for i := range gone.ports {
		gone.ports[i] = t.ports[i].without(out[i])
	}
	p.f.end(&gone, portSets{})
}

// take emits the target of the rule and ends the way of t.
func (p *passage) take(t *traffic, g target) {
	handle := find(p.rule, ruleHandle)
	n := uint64(0)
	if len(handle) >= 8 {
		n = binary.BigEndian.Uint64(handle)
	}
	h := strconv.FormatUint(n, 10)
	g.chain = p.key.String()
	g.id = "nft:" + familyName(p.key.family) + "/" + p.key.table + "/" + p.key.name + "#" + h
	g.evidence = "nftables rule, handle " + h
	g.ruleComment = userComment(find(p.rule, ruleUserdata))
	p.e.emit(t, g)
	p.f.end(t, portSets{})
}

// userComment reads the comment that nft keeps beside a rule: records of type,
// length and text.
func userComment(b []byte) string {
	for len(b) >= 2 {
		n := int(b[1])
		if n > len(b)-2 {
			return ""
		}
		if b[0] == 0 {
			return text(b[2 : 2+n])
		}
		b = b[2+n:]
	}
	return ""
}
