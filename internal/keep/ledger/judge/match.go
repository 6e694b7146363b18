package judge

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/ledger"
)

// answer is whether a holder is an owner.
type answer int

const (
	no answer = iota
	perhaps
	shares // the kernel's HTTP listener, where the owner could be as well
	yes
)

type matcher struct {
	x *chain.Index
	// http: the owner may be one that registers URLs with the kernel. A program with
	// sockets of its own, which an exe: beside no prefix: says, is not.
	http bool
}

// any is the best answer that one of owners gets.
func (m matcher) any(owners []ledger.Owner, h chain.Holder) answer {
	t := m.things(h)
	best := no
	has := func(k ledger.OwnerKind) bool {
		return slices.ContainsFunc(owners, func(o ledger.Owner) bool { return o.Kind == k })
	}
	m.http = !has(ledger.Exe) || has(ledger.Prefix)
	for _, o := range owners {
		best = max(best, m.one(o, h, t))
	}
	return best
}

func (m matcher) one(o ledger.Owner, h chain.Holder, t things) answer {
	if o.Kind == ledger.Prefix {
		return m.prefix(o.Name, h, t)
	}
	if h.Owner.Kind == chain.OwnerHTTPSys && !m.sure(h) && m.named(o, t) == yes {
		return perhaps // one of several request queues
	}
	return m.named(o, t)
}

func (m matcher) named(o ledger.Owner, t things) answer {
	switch o.Kind {
	case ledger.Unit, ledger.Service:
		return m.unit(o, t)
	case ledger.Exe:
		return m.exe(o, t)
	case ledger.Container, ledger.Compose:
		return container(o, t)
	case ledger.User:
		return m.user(o.Name, t)
	}
	return no
}

// things is what a holder consists of.
type things struct {
	procs  []*fact.Process
	units  []*fact.Unit
	maybe  []*fact.Unit // of several in one process, any one
	conts  []*fact.Container
	urls   []string
	uids   []uint32
	kernel bool // the kernel's HTTP listener, or another part of it
	hidden bool // somebody, and nothing is known of him
}

func (m matcher) things(h chain.Holder) things {
	t := things{hidden: h.Owner.Kind == chain.OwnerUnknown, kernel: h.Owner.Kind == chain.OwnerHTTPSys || h.Owner.Kind == chain.OwnerKernel}
	for _, id := range h.Sockets {
		s := m.x.Socket(id)
		if s != nil && s.Linux != nil && s.Linux.UID != nil && s.Inode() != 0 {
			t.uids = append(t.uids, *s.Linux.UID)
		}
	}
	heirs := !slices.ContainsFunc(h.Nodes, func(n chain.Node) bool { return n.Link != fact.InheritedBy })
	for _, n := range h.Nodes {
		if heirs || n.Link != fact.InheritedBy {
			m.walk(&t, n, nil)
		}
	}
	return t
}

func (m matcher) walk(t *things, n chain.Node, under *fact.Process) {
	if p := m.x.Process(n.ID); p != nil {
		t.procs = append(t.procs, p)
		under = p
	}
	if u := m.x.Unit(n.ID); u != nil && (under == nil || !owner.StartedOnly(u, under)) {
		t.units = append(t.units, u)
	}
	if c := m.x.Container(n.ID); c != nil {
		t.conts = append(t.conts, c)
	}
	if r := m.x.Registration(n.ID); r != nil {
		t.urls = append(t.urls, r.URL)
	}
	several := m.x.Candidates(n)
	if len(several) < 2 {
		several = nil
	}
	t.maybe = append(t.maybe, several...)
	for _, c := range n.Children {
		if u := m.x.Unit(c.ID); u == nil || !slices.Contains(several, u) {
			m.walk(t, c, under)
		}
	}
}

// sure tells whether it is known behind which registration the owner stands.
func (m matcher) sure(h chain.Holder) bool {
	for _, n := range h.Nodes {
		if slices.ContainsFunc(n.Children, func(c chain.Node) bool { return c.Link == fact.OneOfQueues }) {
			return false
		}
	}
	return true
}

func (m matcher) unit(o ledger.Owner, t things) answer {
	same := func(u *fact.Unit) bool { return sameUnit(o, u) }
	switch {
	case slices.ContainsFunc(t.units, same):
		return yes
	case slices.ContainsFunc(t.maybe, same):
		return perhaps
	case t.hidden && len(t.units) == 0:
		return perhaps
	case t.kernel && m.http && m.x.Set.Machine.OS == "windows" && len(t.urls) == 0:
		return perhaps // PID 4, and no listing tells for whom
	case t.kernel:
	case len(t.units)+len(t.maybe)+len(t.conts) == 0 && o.Kind == ledger.Service && m.noServices():
		return perhaps // a text without the services
	}
	return no
}

// noServices: the facts are of a Windows machine and name no service at all.
func (m matcher) noServices() bool {
	return m.x.Set.Machine.OS == "windows" && !slices.ContainsFunc(m.x.Set.Units, func(u fact.Unit) bool { return u.Manager == "scm" })
}

func sameUnit(o ledger.Owner, u *fact.Unit) bool {
	if u.Manager == "scm" {
		return o.Kind == ledger.Service && strings.EqualFold(u.Name, o.Name)
	}
	return u.Name == o.Name || strings.TrimSuffix(u.Name, ".service") == o.Name
}

// exe compares a program's path from its end, part by part; a part may have "*". What
// a link of that name leads to is the owner too.
func (m matcher) exe(o ledger.Owner, t things) answer {
	want, word, _ := strings.Cut(o.Name, " -- ")
	best := no
	for _, p := range t.procs {
		if !m.program(strings.TrimSpace(want), p) && (o.Behind == "" || !m.program(o.Behind, p)) {
			continue
		}
		switch word = strings.TrimSpace(word); {
		case word == "" || slices.ContainsFunc(p.Args, func(a string) bool { return strings.Contains(strings.ToLower(a), strings.ToLower(word)) }):
			return yes
		case len(p.Args) == 0:
			best = perhaps
		}
	}
	if len(t.procs) == 0 && (t.hidden || len(t.units) > 0) {
		return perhaps // the unit is known by its control group, the process is not
	}
	return best
}

func (m matcher) program(want string, p *fact.Process) bool {
	have := p.Exe
	if have == "" {
		have, want = p.Name, path.Base(slashes(want))
		if p.NameCut {
			want = want[:min(len(want), len(have))]
		}
	}
	if m.x.Set.Machine.OS == "windows" {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	return tail(slashes(want), slashes(have))
}

func slashes(s string) string { return strings.ReplaceAll(s, `\`, "/") }

// tail tells whether have ends in want, in whole parts. An absolute want is all of it.
func tail(want, have string) bool {
	w, h := strings.Split(want, "/"), strings.Split(have, "/")
	if len(w) > len(h) || w[0] == "" && len(w) != len(h) {
		return false
	}
	for i, part := range h[len(h)-len(w):] {
		if ok, err := path.Match(w[i], part); err != nil && w[i] != part || err == nil && !ok {
			return false
		}
	}
	return true
}

func container(o ledger.Owner, t things) answer {
	for _, c := range t.conts {
		if o.Kind == ledger.Compose && (c.Project == o.Name || c.Project+"/"+c.Service == o.Name) ||
			o.Kind == ledger.Container && (c.Name == o.Name || len(o.Name) >= 6 && strings.HasPrefix(c.Full, o.Name)) {
			return yes
		}
		if c.Name == "" || o.Kind == ledger.Compose && c.Project == "" && c.State == "" {
			return perhaps // a container by its control group alone: the engine was not heard
		}
	}
	if t.hidden {
		return perhaps
	}
	return no
}

func (m matcher) user(want string, t things) answer {
	known := false
	for _, p := range t.procs {
		known = known || p.User != "" || p.UID != nil
		_, bare, _ := strings.Cut(p.User, `\`)
		if p.User == want || bare != "" && strings.EqualFold(bare, want) || p.UID != nil && strconv.Itoa(int(*p.UID)) == want {
			return yes
		}
	}
	for _, uid := range t.uids {
		if strconv.Itoa(int(uid)) == want || uid == 0 && want == "root" {
			return yes
		}
	}
	_, err := strconv.Atoi(want)
	if known || err == nil && len(t.uids) > 0 {
		return no
	}
	return perhaps
}

func (m matcher) prefix(want string, h chain.Holder, t things) answer {
	switch {
	case slices.ContainsFunc(t.urls, func(u string) bool { return strings.EqualFold(u, want) }):
		return yes
	case h.Owner.Kind == chain.OwnerHTTPSys:
		return shares
	case t.kernel && m.x.Set.Machine.OS == "windows", t.hidden:
		return perhaps
	}
	return no
}
