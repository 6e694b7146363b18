// Package flow follows the traffic for ports through packet filter rules: which
// part is still on its way, under which conditions, and what was taken away.
//
// It knows neither nftables nor iptables; their decoders drive it. It is pure and
// compiles on every OS.
package flow

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Names of the two hooks where traffic for a port is taken.
const (
	Prerouting = "prerouting"
	Output     = "output"
)

// Limits of one search. A machine with more rules gets a gap, not a wait.
const (
	maxRules     = 200_000
	maxRedirects = 20_000
	maxDepth     = 16 // as deep as the kernel jumps
)

// Search collects what rules take from the traffic for some ports.
type Search struct {
	// Found are the redirects so far, each once.
	Found []fact.Redirect
	// Cut is set when a limit ended the search early.
	Cut bool
	// Err is the first thing that could not be read on the way.
	Err error

	ports []uint16
	seen  map[fact.ID]int // index in Found
	names map[string]string
	rules int
}

// NewSearch begins a search; without ports it is for all of them.
func NewSearch(ports []uint16) *Search {
	return &Search{ports: ports, seen: map[fact.ID]int{}, names: map[string]string{}}
}

// Start is all traffic in question that enters a hook.
func (s *Search) Start(hook string) Traffic {
	return Traffic{asked: s.ports, hook: hook, ports: everyProtocol}
}

// Fail keeps the first error; a search goes on without what could not be read.
func (s *Search) Fail(err error) {
	if s.Err == nil {
		s.Err = err
	}
}

// Spend tells whether one more rule, or one more alternative of a rule, may be
// looked at.
func (s *Search) Spend() bool {
	s.rules++
	s.Cut = s.Cut || s.rules > maxRules || len(s.Found) >= maxRedirects
	return !s.Cut
}

// Device reads an interface name and keeps one copy of each. A name without its
// closing zero is the start of a name, written "eth*".
func (s *Search) Device(b []byte) string {
	name, ok := s.names[string(b)]
	if !ok {
		name = deviceName(b)
		s.names[string(b)] = name
	}
	return name
}

func deviceName(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return string(b[:i])
	}
	if len(b) < 16 {
		return string(b) + "*"
	}
	return string(b)
}

// Target is where a rule sends traffic, and which rule it is.
type Target struct {
	Kind string // as in [fact.Redirect]
	// Addr is "", an address, or a range of addresses with a dash.
	Addr       string
	From, Last uint16 // 0 = the port stays
	// Base is the port that arrives at From where Shift is set: port p arrives at From+p-Base.
	Base     uint16
	Shift    bool
	Rule     string // the rule's own ID among all rules
	Chain    string
	Comment  string
	Evidence string
}

func (s *Search) emit(t *Traffic, g Target) {
	if alike(t.ports) {
		s.emitSpans(t, g, "", t.ports[0])
		return
	}
	for i, p := range protocols {
		s.emitSpans(t, g, p.name, t.ports[i])
	}
}

func alike(p PortSets) bool {
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

func (s *Search) emitSpans(t *Traffic, g Target, proto fact.Proto, ports Spans) {
	for _, x := range ports {
		if !t.asks(x.From, x.Last) {
			continue
		}
		s.add(row(t, g, proto, x))
	}
}

// add keeps one row of a rule, the one with fewer conditions that were not read.
func (s *Search) add(r fact.Redirect) {
	i, have := s.seen[r.ID]
	switch {
	case !have:
		s.seen[r.ID] = len(s.Found)
		s.Found = append(s.Found, r)
	case s.Found[i].Partial && !r.Partial:
		s.Found[i] = r
	}
}

func row(t *Traffic, g Target, proto fact.Proto, x Span) fact.Redirect {
	r := fact.Redirect{
		Kind: g.Kind, Proto: proto, Dst: t.dst, Except: t.exceptions(), From: x.From, Last: x.Last,
		To: g.to(x), Hook: t.hook, Device: t.device, NotDev: t.notDev,
		Partial: t.unread > 0, Comment: g.Comment, Chain: g.Chain, Evidence: g.Evidence,
	}
	if t.Comment != "" {
		r.Comment = t.Comment
	}
	parts := []string{"redirect", g.Rule, t.hook, string(proto), strconv.Itoa(int(x.From))}
	if t.dst.IsValid() && t.dst.Bits() > 0 {
		parts = append(parts, t.dst.String())
	}
	for _, x := range r.Except {
		parts = append(parts, "!"+x.String())
	}
	switch {
	case t.notDev:
		parts = append(parts, "!"+t.device)
	case t.device != "":
		parts = append(parts, t.device)
	}
	r.ID = fact.ID(strings.Join(parts, ":") + ">" + r.To)
	return r
}

func (t *Traffic) exceptions() []netip.Prefix {
	var list []netip.Prefix
	for _, x := range t.except {
		if x.IsValid() {
			list = append(list, x)
		}
	}
	return list
}

// to writes where the ports of x arrive.
func (g Target) to(x Span) string {
	from, last := g.From, g.Last
	switch {
	case from == 0 && x.From == x.Last:
		from, last = x.From, x.From
	case from != 0 && g.Shift && x.From == x.Last && x.From >= g.Base:
		from += x.From - g.Base
		last = from
	}
	if from == 0 {
		return g.Addr
	}
	ports := strconv.Itoa(int(from))
	if last > from {
		ports += "-" + strconv.Itoa(int(last))
	}
	if strings.Contains(g.Addr, ":") {
		return "[" + g.Addr + "]:" + ports
	}
	return g.Addr + ":" + ports
}
