package chain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/fact"
)

// OwnerKind says what sort of thing a chain ends at.
type OwnerKind string

// What a chain can end at: the thing a person can act on.
const (
	OwnerContainer OwnerKind = "container"
	OwnerUnit      OwnerKind = "unit"
	OwnerProcess   OwnerKind = "process"
	OwnerKernel    OwnerKind = "kernel"
	OwnerHTTPSys   OwnerKind = "http.sys"
	OwnerNobody    OwnerKind = "nobody"  // ownerless by nature: TIME_WAIT
	OwnerUnknown   OwnerKind = "unknown" // someone, hidden from the asker
)

// Owner is the last link of a chain.
type Owner struct {
	Kind OwnerKind
	ID   fact.ID // empty for OwnerNobody and OwnerUnknown
}

// Node is one row in a holder's tree, with the link that leads to it.
type Node struct {
	ID       fact.ID
	Link     fact.LinkKind
	Evidence string
	Note     string
	Workers  []fact.ID // other holders of the same socket that this process forked
	Children []Node
}

// Holder is one owner and the sockets it has on the endpoint.
type Holder struct {
	Sockets []fact.ID
	Owner   Owner
	Nodes   []Node
}

// Holders groups the serving and bound sockets of socks by owner and builds the
// tree of each. Order follows socks.
func (x *Index) Holders(socks []*fact.Socket) []Holder {
	var out []Holder
	at := map[string]int{}
	for _, s := range socks {
		nodes := x.nodes(s)
		h := Holder{Sockets: []fact.ID{s.ID}, Owner: x.owner(s, nodes), Nodes: nodes}
		key := x.groupKey(h)
		if i, ok := at[key]; ok && h.Owner.Kind != OwnerUnknown {
			out[i].Sockets = append(out[i].Sockets, s.ID)
			out[i].Nodes = mergeNodes(out[i].Nodes, h.Nodes)
			continue
		}
		at[key] = len(out)
		out = append(out, h)
	}
	return out
}

// groupKey keeps sockets apart that one owner holds through different
// processes: two copies of a server are two holders. Copies that it forked itself,
// each with a socket of its own (SO_REUSEPORT), are one.
func (x *Index) groupKey(h Holder) string {
	var b strings.Builder
	b.WriteString(string(h.Owner.Kind) + " " + string(h.Owner.ID))
	if h.Owner.Kind == OwnerProcess || h.Owner.Kind == OwnerUnit {
		for _, n := range h.Nodes {
			if n.Link == fact.HeldBy {
				b.WriteString(" " + string(x.first(n.ID)))
			}
		}
	}
	return b.String()
}

// first is the topmost of the copies that process id is one of: its ancestors with
// the same program and arguments. A title in place of the arguments, such as
// "app: worker 2", tells nothing of them.
func (x *Index) first(id fact.ID) fact.ID {
	p := x.procs[id]
	if p == nil || len(p.Args) == 0 {
		return id
	}
	titled := len(p.Args) == 1 && strings.Contains(p.Args[0], " ")
	for _, a := range x.Ancestors(p) {
		if !owner.SameProgram(p, a) || !titled && !slices.Equal(p.Args, a.Args) {
			break
		}
		id = a.ID
	}
	return id
}

// mergeNodes adds the nodes of b whose row a does not have yet.
func mergeNodes(a, b []Node) []Node {
	for _, n := range b {
		if !slices.ContainsFunc(a, func(m Node) bool { return m.ID == n.ID && m.Link == n.Link }) {
			a = append(a, n)
		}
	}
	return a
}

// nodes builds the tree below one socket: what asked for it, who holds it, who
// inherited it, what the kernel's HTTP listener holds it for.
func (x *Index) nodes(s *fact.Socket) []Node {
	var out []Node
	for _, l := range x.Links(s.ID, fact.ListensFor) {
		out = append(out, x.unitNode(l))
	}
	out = append(out, x.processNodes(s)...)
	if len(out) == 0 {
		for _, l := range x.Links(s.ID, fact.CreatedIn) {
			out = append(out, x.leaf(l))
		}
	}
	for _, l := range x.Links(s.ID, fact.PublishedBy) {
		if !Mentions(out, l.To) {
			out = append(out, x.leaf(l))
		}
	}
	return append(out, x.registrationNodes(s)...)
}

// Mentions tells whether a tree of nodes has the row id.
func Mentions(nodes []Node, id fact.ID) bool {
	for _, n := range nodes {
		if n.ID == id || Mentions(n.Children, id) {
			return true
		}
	}
	return false
}

func (x *Index) leaf(l fact.Link) Node {
	return Node{ID: l.To, Link: l.Kind, Evidence: l.Evidence, Note: l.Note}
}

func (x *Index) unitNode(l fact.Link) Node {
	n := x.leaf(l)
	for _, t := range x.Links(l.To, fact.Triggers) {
		n.Children = append(n.Children, x.leaf(t))
	}
	return n
}

// processNodes folds forked workers under the process that forked them.
func (x *Index) processNodes(s *fact.Socket) []Node {
	links := x.Links(s.ID, fact.HeldBy, fact.InheritedBy)
	holds := map[fact.ID]bool{}
	for _, l := range links {
		if l.Kind == fact.HeldBy {
			holds[l.To] = true
		}
	}
	workers := map[fact.ID][]fact.ID{}
	var out []Node
	for _, l := range links {
		if m := x.master(l, holds); m != "" {
			workers[m] = append(workers[m], l.To)
			continue
		}
		n := x.leaf(l)
		n.Children = x.meant(s, x.above(l.To))
		if slices.ContainsFunc(n.Children, func(c Node) bool { return c.Link == fact.ForwardsTo }) {
			n.Link = fact.HeldBy // an engine's forwarder is handed the socket, and means to keep it
		}
		out = append(out, n)
	}
	for i := range out {
		out[i].Workers = workers[out[i].ID]
	}
	if x.Set.Machine.Source == "paste" {
		// Most texts name no parents: the lowest number is the likeliest master.
		slices.SortStableFunc(out, func(a, b Node) int { return cmp.Compare(x.procs[a.ID].PID, x.procs[b.ID].PID) })
	}
	return out
}

// master is the topmost ancestor of l's process that holds the same socket and
// runs the same program, or "" where l's process is itself the top.
func (x *Index) master(l fact.Link, holds map[fact.ID]bool) fact.ID {
	p := x.procs[l.To]
	if p == nil || l.Kind != fact.HeldBy {
		return ""
	}
	var top fact.ID
	for _, a := range x.Ancestors(p) {
		if holds[a.ID] && owner.SameProgram(p, a) {
			top = a.ID
		}
	}
	return top
}

// above is what a process belongs to: container, unit, supervisor, forward target.
func (x *Index) above(id fact.ID) []Node {
	var out []Node
	for _, l := range x.Links(id, fact.ForwardsTo, fact.PartOf, fact.StartedBy) {
		n := x.leaf(l)
		if u := x.units[l.To]; u != nil && (u.Name == "init.scope" || slices.ContainsFunc(out, func(o Node) bool { return x.alike(o, u) })) {
			continue
		}
		if c := x.conts[l.To]; c != nil {
			for _, u := range x.Links(c.ID, fact.PartOf) {
				n.Children = append(n.Children, x.leaf(u))
			}
		}
		out = append(out, n)
	}
	return out
}

// alike: cron forks itself for each job, and is one supervisor all the same.
func (x *Index) alike(n Node, u *fact.Unit) bool {
	v := x.units[n.ID]
	return v != nil && n.Link == fact.StartedBy && v.Manager == u.Manager && v.Name == u.Name
}

func (x *Index) registrationNodes(s *fact.Socket) []Node {
	var out []Node
	for _, l := range x.Links(s.ID, fact.TakenBy) {
		n := x.leaf(l)
		for _, q := range x.Links(l.To, fact.InQueue, fact.OneOfQueues) {
			qn := x.leaf(q)
			for _, p := range x.Links(q.To, fact.ServedBy) {
				pn := x.leaf(p)
				pn.Children = x.above(p.To)
				if x.units[p.To] == nil || !Mentions(qn.Children, p.To) {
					qn.Children = append(qn.Children, pn)
				}
			}
			n.Children = append(n.Children, qn)
		}
		out = append(out, n)
	}
	return out
}

// owner picks the thing a person can act on.
func (x *Index) owner(s *fact.Socket, nodes []Node) Owner {
	if len(x.Links(s.ID, fact.TakenBy)) > 0 {
		return Owner{OwnerHTTPSys, x.Links(s.ID, fact.TakenBy)[0].To}
	}
	// An heir, whatever its PID, comes after those that serve.
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(a, b Node) int { return heirs(a) - heirs(b) })
	for _, pick := range []func(Node) (Owner, bool){x.asContainer, x.asUnit, x.asKernel, x.asProcess} {
		for _, n := range nodes {
			if o, ok := pick(n); ok {
				return o
			}
		}
	}
	if s.Inode() == 0 && s.PID == 0 && !s.State.Serves() {
		return Owner{Kind: OwnerNobody}
	}
	return Owner{Kind: OwnerUnknown}
}

func heirs(n Node) int {
	if n.Link == fact.InheritedBy {
		return 1
	}
	return 0
}

func (x *Index) asContainer(n Node) (Owner, bool) {
	if x.conts[n.ID] != nil {
		return Owner{OwnerContainer, n.ID}, true
	}
	for _, c := range n.Children {
		if x.conts[c.ID] != nil {
			return Owner{OwnerContainer, c.ID}, true
		}
	}
	return Owner{}, false
}

func (x *Index) asUnit(n Node) (Owner, bool) {
	if u := x.units[n.ID]; u != nil && owner.Ownable(u) {
		return Owner{OwnerUnit, n.ID}, true
	}
	if p := x.procs[n.ID]; n.Link == fact.InheritedBy || len(x.Candidates(n)) > 1 || p != nil && p.Kernel {
		return Owner{}, false
	}
	for _, c := range n.Children {
		if u := x.units[c.ID]; u != nil && owner.Ownable(u) && !owner.StartedOnly(u, x.procs[n.ID]) {
			return Owner{OwnerUnit, c.ID}, true
		}
	}
	return Owner{}, false
}

func (x *Index) asKernel(n Node) (Owner, bool) {
	if u := x.units[n.ID]; u != nil && u.Manager == "kernel" {
		return Owner{OwnerKernel, n.ID}, true
	}
	return Owner{}, false
}

func (x *Index) asProcess(n Node) (Owner, bool) {
	p := x.procs[n.ID]
	if p == nil {
		return Owner{}, false
	}
	if p.Kernel {
		return Owner{OwnerKernel, n.ID}, true
	}
	return Owner{OwnerProcess, x.first(n.ID)}, true
}
