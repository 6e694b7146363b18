// Package filter picks the rows of a list: those of some ports, protocols and owners.
// It is pure.
package filter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report"
)

// Span is a range of ports, both ends in it.
type Span struct{ From, To uint16 }

// Singles is the ports for the kernel to filter by, nil where a range is asked for.
func Singles(spans []Span) []uint16 {
	var out []uint16
	for _, s := range spans {
		if s.From != s.To || len(spans) > 16 {
			return nil
		}
		out = append(out, s.From)
	}
	return out
}

// Filter says which rows are kept. Values of one field mean "any of these", fields
// mean "all of these", and an empty field asks for nothing.
type Filter struct {
	Spans      []Span
	Protos     []fact.Proto
	PIDs       []int
	Users      []string // names or uids
	Units      []string // with or without their ending
	Containers []string
	All        bool // connections and bound sockets too
	AllNetns   bool
}

// Keeps tells whether a row of x's set is kept.
func (f Filter) Keeps(x *chain.Index, r report.ListRow) bool {
	s := r.Socket
	return (f.All || s.State.Serves() && !Connected(s)) &&
		(f.AllNetns || s.Netns == "") &&
		(len(f.Spans) == 0 || slices.ContainsFunc(f.Spans, func(p Span) bool { return p.From <= s.Local.Port() && s.Local.Port() <= p.To })) &&
		(len(f.Protos) == 0 || slices.Contains(f.Protos, s.Proto)) &&
		f.owner(x, r)
}

// Connected tells a socket that has another end.
func Connected(s *fact.Socket) bool { return s.Remote.IsValid() && s.Remote.Port() != 0 }

func (f Filter) owner(x *chain.Index, r report.ListRow) bool {
	if len(f.PIDs)+len(f.Users)+len(f.Units)+len(f.Containers) == 0 {
		return true
	}
	has := rowFacts(x, r)
	return anyOf(f.PIDs, has.pids) && anyOf(f.Users, has.users) && anyOf(withSuffix(f.Units), has.units) && anyOf(f.Containers, has.containers)
}

// owners are the names under which a row can be asked for.
type owners struct {
	pids                     []int
	users, units, containers []string
}

func rowFacts(x *chain.Index, r report.ListRow) owners {
	var f owners
	if l := r.Socket.Linux; l != nil && l.UID != nil {
		f.users = append(f.users, strconv.Itoa(int(*l.UID)))
	}
	if r.Socket.PID != 0 {
		f.pids = append(f.pids, r.Socket.PID)
	}
	f.walk(x, r.Holder.Nodes)
	return f
}

func (f *owners) walk(x *chain.Index, nodes []chain.Node) {
	for _, n := range nodes {
		for _, id := range append([]fact.ID{n.ID}, n.Workers...) {
			f.one(x, id)
		}
		f.walk(x, n.Children)
	}
}

func (f *owners) one(x *chain.Index, id fact.ID) {
	if p := x.Process(id); p != nil {
		f.pids = append(f.pids, p.PID)
		f.users = append(f.users, p.User)
		if p.UID != nil {
			f.users = append(f.users, strconv.Itoa(int(*p.UID)))
		}
	}
	if u := x.Unit(id); u != nil {
		f.units = append(f.units, u.Name)
	}
	if k := x.Container(id); k != nil {
		f.containers = append(f.containers, k.Name, k.Full, strings.TrimPrefix(string(k.ID), "container:"+k.Engine+"/"))
	}
}

func anyOf[T comparable](wanted, have []T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w T) bool { return slices.Contains(have, w) })
}

// withSuffix lets a person leave ".service" out.
func withSuffix(names []string) []string {
	out := slices.Clone(names)
	for _, n := range names {
		if !strings.Contains(n, ".") {
			out = append(out, n+".service", n+".socket")
		}
	}
	return out
}
