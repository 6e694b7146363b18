package urlprefix

import (
	"net/netip"
	"strings"
)

// Entry is one row of a table: a registration, or a reservation and its rights.
type Entry[V any] struct {
	Prefix   Prefix
	Reserved bool
	ACL      []ACE // of a reservation
	Value    V     // the user's own
}

// Table is HTTP.sys's routing database: who registered which prefix, and for whom
// which is reserved. The zero Table is ready to use. Reads may run at the same time,
// a write may not run beside anything else.
type Table[V any] struct {
	ports map[portKey]*port[V]
	size  int
}

type portKey struct {
	port  uint16
	https bool
}

// port holds what is known of one port and scheme: a tree of paths for each host.
type port[V any] struct {
	strong, weak *site[V]
	names        map[string]*site[V] // by host
	domains      map[string]*site[V] // "*.example.com" by "example.com"
	addrs        map[netip.Addr]*site[V]
	entries      int
	live         int // registrations among them
}

// site is the tree of one host.
type site[V any] struct {
	root node[V]
	live int // registrations in it
	all  int
}

// node is one path; its children are the next segments, folded.
type node[V any] struct {
	kids map[string]*node[V]
	live *Entry[V]
	resv *Entry[V]
}

// Len is the number of entries.
func (t *Table[V]) Len() int { return t.size }

// Open tells whether anybody is registered on a port: a port is listened on from its
// first registration to its last.
func (t *Table[V]) Open(https bool, number uint16) bool {
	p := t.ports[portKey{number, https}]
	return p != nil && p.live > 0
}

// Conflict says why an entry cannot be added.
type Conflict[V any] struct {
	Rule Rule      // [RuleTaken], [RuleReservedAlready] or [RuleSchemeClash]
	With *Entry[V] // what is there already; nil for a clash of schemes
}

// Error names the rule.
func (c *Conflict[V]) Error() string {
	if c.With == nil {
		return string(c.Rule)
	}
	return string(c.Rule) + ": " + c.With.Prefix.String()
}

// Add enters e, unless that is a conflict: the same prefix is there, or the port
// speaks the other scheme. The error is always a [*Conflict].
func (t *Table[V]) Add(e Entry[V]) error {
	if t.clash(e.Prefix) {
		return &Conflict[V]{Rule: RuleSchemeClash}
	}
	if old := t.insert(e); old != nil {
		return &Conflict[V]{Rule: taken(e.Reserved), With: old}
	}
	return nil
}

// Insert enters what some other system has already let in: only the same prefix
// twice is refused.
func (t *Table[V]) Insert(e Entry[V]) bool { return t.insert(e) == nil }

func taken(reserved bool) Rule {
	if reserved {
		return RuleReservedAlready
	}
	return RuleTaken
}

// clash tells whether the port of p is used, or promised, with the other scheme.
func (t *Table[V]) clash(p Prefix) bool { return t.ports[portKey{p.Port, !p.HTTPS}] != nil }

// insert enters e and returns nil, or returns what is there.
func (t *Table[V]) insert(e Entry[V]) *Entry[V] {
	p := t.port(e.Prefix)
	s := p.site(e.Prefix)
	n := &s.root
	for path := Fold(e.Prefix.Path); len(path) > 1; {
		var seg string
		seg, path = next(path)
		kid := n.kids[seg]
		if kid == nil {
			kid = &node[V]{}
			if n.kids == nil {
				n.kids = map[string]*node[V]{}
			}
			n.kids[strings.Clone(seg)] = kid
		}
		n = kid
	}
	at := n.slot(e.Reserved)
	if *at != nil {
		return *at
	}
	*at = &e
	t.size++
	p.count(s, e.Reserved, 1)
	return nil
}

// next parts the first segment from a path that begins with a slash; what is left
// is empty, or begins with a slash again.
func next(path string) (seg, rest string) {
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[1 : i+1], path[i+1:]
	}
	return path[1:], ""
}

func (n *node[V]) slot(reserved bool) **Entry[V] {
	if reserved {
		return &n.resv
	}
	return &n.live
}

func (p *port[V]) count(s *site[V], reserved bool, by int) {
	p.entries += by
	s.all += by
	if !reserved {
		p.live += by
		s.live += by
	}
}

func (t *Table[V]) port(x Prefix) *port[V] {
	key := portKey{x.Port, x.HTTPS}
	p := t.ports[key]
	if p == nil {
		p = &port[V]{names: map[string]*site[V]{}, domains: map[string]*site[V]{}, addrs: map[netip.Addr]*site[V]{}}
		if t.ports == nil {
			t.ports = map[portKey]*port[V]{}
		}
		t.ports[key] = p
	}
	return p
}

// site finds or makes the tree of x's host.
func (p *port[V]) site(x Prefix) *site[V] {
	s := p.find(x)
	if s != nil {
		return s
	}
	s = &site[V]{}
	p.place(x, s)
	return s
}

// place puts s where x's host belongs; nil takes it away.
func (p *port[V]) place(x Prefix, s *site[V]) {
	domain, wild := x.subdomains()
	switch {
	case x.Bucket == Strong:
		p.strong = s
	case x.Bucket == Weak:
		p.weak = s
	case x.Bucket == IPBound:
		put(p.addrs, x.Addr, s)
	case wild:
		put(p.domains, domain, s)
	default:
		put(p.names, x.Host, s)
	}
}

func put[K comparable, V any](m map[K]*V, key K, v *V) {
	if v == nil {
		delete(m, key)
		return
	}
	m[key] = v
}

// find is the tree of x's host, or nil.
func (p *port[V]) find(x Prefix) *site[V] {
	domain, wild := x.subdomains()
	switch {
	case x.Bucket == Strong:
		return p.strong
	case x.Bucket == Weak:
		return p.weak
	case x.Bucket == IPBound:
		return p.addrs[x.Addr]
	case wild:
		return p.domains[domain]
	}
	return p.names[x.Host]
}

// Get returns the entry of exactly this prefix, or nil.
func (t *Table[V]) Get(x Prefix, reserved bool) *Entry[V] {
	s := t.siteOf(x)
	if s == nil {
		return nil
	}
	n := &s.root
	for path := x.Path; n != nil && len(path) > 1; {
		var seg string
		seg, path = next(path)
		n = n.kid(seg)
	}
	if n == nil {
		return nil
	}
	return *n.slot(reserved)
}

func (t *Table[V]) siteOf(x Prefix) *site[V] {
	if p := t.ports[portKey{x.Port, x.HTTPS}]; p != nil {
		return p.find(x)
	}
	return nil
}

// Remove takes an entry out and tells whether it was there.
func (t *Table[V]) Remove(x Prefix, reserved bool) bool {
	p, s := t.ports[portKey{x.Port, x.HTTPS}], t.siteOf(x)
	if s == nil || !s.root.remove(Fold(x.Path), reserved) {
		return false
	}
	t.size--
	p.count(s, reserved, -1)
	if s.all == 0 {
		p.place(x, nil)
	}
	if p.entries == 0 {
		delete(t.ports, portKey{x.Port, x.HTTPS})
	}
	return true
}

// remove empties one slot below n, and drops the nodes that nothing is left in.
func (n *node[V]) remove(path string, reserved bool) bool {
	if len(path) <= 1 {
		at := n.slot(reserved)
		was := *at != nil
		*at = nil
		return was
	}
	seg, rest := next(path)
	kid := n.kids[seg]
	if kid == nil || !kid.remove(rest, reserved) {
		return false
	}
	if kid.live == nil && kid.resv == nil && len(kid.kids) == 0 {
		delete(n.kids, seg)
	}
	return true
}

// Each calls visit with every entry, in no order, until it returns false.
func (t *Table[V]) Each(visit func(*Entry[V]) bool) {
	for key := range t.ports {
		if !t.OnPort(key.https, key.port, visit) {
			return
		}
	}
}

// OnPort calls visit with every entry of one port and scheme, in no order, until it
// returns false; it returns whether visit never did.
func (t *Table[V]) OnPort(https bool, number uint16, visit func(*Entry[V]) bool) bool {
	p := t.ports[portKey{number, https}]
	if p == nil {
		return true
	}
	if !p.strong.each(visit) || !p.weak.each(visit) {
		return false
	}
	for _, m := range [...]map[string]*site[V]{p.names, p.domains} {
		for _, s := range m {
			if !s.each(visit) {
				return false
			}
		}
	}
	for _, s := range p.addrs {
		if !s.each(visit) {
			return false
		}
	}
	return true
}

func (s *site[V]) each(visit func(*Entry[V]) bool) bool { return s == nil || s.root.each(visit) }

func (n *node[V]) each(visit func(*Entry[V]) bool) bool {
	for _, e := range [...]*Entry[V]{n.live, n.resv} {
		if e != nil && !visit(e) {
			return false
		}
	}
	for _, k := range n.kids {
		if !k.each(visit) {
			return false
		}
	}
	return true
}
