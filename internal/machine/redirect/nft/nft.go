// Package nft decodes what the kernel says of nftables' chains, rules and sets,
// and follows traffic through them.
//
// It reads the messages' raw bytes, so that a machine with many rules costs no
// memory for those that do not matter. It compiles on every OS; the caller brings
// the messages.
package nft

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/berthd/berth/internal/machine/redirect/flow"
	"github.com/berthd/berth/internal/sys/netlink"
)

// Address families of netfilter that berth follows.
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

// Kernel answers for the objects of one machine. The walk asks for the same chain
// or set more than once; rules and elements stay as they are until it ends.
type Kernel struct {
	// Rules returns the rules of a chain, each the attributes of one message.
	Rules func(ChainKey) ([][]byte, error)
	// Set returns what [DecodeSet] makes of a set's message.
	Set func(SetKey) (SetInfo, error)
	// Elements returns what [DecodeElements] makes of a set's elements.
	Elements func(SetKey) ([]Element, error)
	// Device names an interface; "" where there is none.
	Device func(index uint32) string
}

// ChainKey names a chain.
type ChainKey struct {
	Family      byte
	Table, Name string
}

// String is family, table and name, as nft writes them.
func (k ChainKey) String() string { return familyName(k.Family) + " " + k.Table + " " + k.Name }

// BaseChain is a chain that a hook of the kernel enters.
type BaseChain struct {
	ChainKey
	Hook     string
	Priority int32 // chains of one hook are entered lowest first
}

// DecodeChain reads the attributes of one chain message. ok is false for chains
// where no traffic for a port of this machine can be taken, and for those without
// rules.
func DecodeChain(family byte, attrs []byte) (c BaseChain, ok bool) {
	hook := find(attrs, chainHook)
	if hook == nil || number(attrs, chainUse) == 0 {
		return c, false
	}
	if family != familyIP && family != familyIP6 && family != familyInet {
		return c, false
	}
	c.ChainKey = ChainKey{family, text(find(attrs, chainTable)), text(find(attrs, chainName))}
	c.Priority = int32(number(hook, hookPriority))
	switch number(hook, hookNumber) {
	case 0:
		c.Hook = flow.Prerouting
		return c, true
	case 3:
		c.Hook = flow.Output
		return c, text(find(attrs, chainType)) == "nat"
	}
	return c, false
}

// IsRuleOf tells whether the attributes of a rule message belong to a chain.
func IsRuleOf(attrs []byte, c ChainKey) bool {
	return names(find(attrs, ruleChain), c.Name) && names(find(attrs, ruleTable), c.Table)
}

// names tells whether an attribute holds a name, without making it a string.
func names(attr []byte, name string) bool {
	return len(attr) == len(name)+1 && string(attr[:len(name)]) == name
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

// Follow sends all traffic in question through a base chain.
func Follow(s *flow.Search, k Kernel, c BaseChain) {
	t := s.Start(c.Hook)
	if c.Family != familyInet {
		t.Family(c.Family == familyIP, true)
	}
	w := walk{search: s, kernel: k}
	w.chain(c.ChainKey, t, 0)
}

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

// walk follows the traffic of one hook.
type walk struct {
	search *flow.Search
	kernel Kernel
}

// chain follows t through the rules of a chain and returns what comes back to the
// caller.
func (w *walk) chain(key ChainKey, t flow.Traffic, depth int) []flow.Traffic {
	f, ok := w.search.Enter(t, depth)
	if !ok {
		return f.Out()
	}
	rules, err := w.kernel.Rules(key)
	if err != nil {
		w.search.Fail(err)
	}
	for _, r := range rules {
		p := passage{w: w, f: &f, key: key, rule: r, depth: depth}
		if !f.Rule(p.meet) {
			break
		}
	}
	return f.Out()
}

// passage is one rule looked at with one frame's traffic.
type passage struct {
	w     *walk
	f     *flow.Frame
	key   ChainKey
	rule  []byte
	depth int
}

func (p *passage) meet(t flow.Traffic) { p.run(find(p.rule, ruleExpressions), t, registers{}) }

// run follows t through the expressions of a rule. It calls itself once for each
// alternative that a lookup opens.
func (p *passage) run(exprs []byte, t flow.Traffic, r registers) {
	for t.Wanted() {
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
func (p *passage) verdict(data []byte, t *flow.Traffic) (more bool) {
	code := int32(number(data, verdictCode))
	switch code {
	case verdictContinue:
		return true
	case verdictBreak:
	case verdictReturn:
		p.f.Return(t)
	case verdictJump, verdictGoto:
		key := ChainKey{p.key.Family, p.key.Table, text(find(data, verdictChain))}
		out := p.w.chain(key, *t, p.depth+1)
		p.f.Jumped(t, out, code == verdictGoto)
	default:
		p.f.End(t)
	}
	return false
}

// named completes a target with what is known of its rule.
func (p *passage) named(g flow.Target) flow.Target {
	n := uint64(0)
	if handle := find(p.rule, ruleHandle); len(handle) >= 8 {
		n = binary.BigEndian.Uint64(handle)
	}
	h := strconv.FormatUint(n, 10)
	g.Chain = p.key.String()
	g.Rule = "nft:" + familyName(p.key.Family) + "/" + p.key.Table + "/" + p.key.Name + "#" + h
	g.Evidence = "nftables rule, handle " + h
	g.Comment = userComment(find(p.rule, ruleUserdata))
	return g
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
