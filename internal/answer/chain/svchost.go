package chain

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Candidates are the Windows services in a node's process. Where there are several,
// the socket may be any one's of them.
func (x *Index) Candidates(n Node) []*fact.Unit {
	var out []*fact.Unit
	for _, c := range n.Children {
		if u := x.units[c.ID]; u != nil && u.Manager == "scm" && c.Link == fact.PartOf {
			out = append(out, u)
		}
	}
	return out
}

// meant leaves of a process's services the one that the system names as the
// socket's owner, where it names one.
func (x *Index) meant(s *fact.Socket, above []Node) []Node {
	module := ""
	if s.Windows != nil {
		module = s.Windows.Module
	}
	tagged := x.Links(s.ID, fact.CreatedIn)
	named := func(n Node) bool {
		u := x.units[n.ID]
		return u != nil && (strings.EqualFold(u.Name, module) || slices.ContainsFunc(tagged, func(l fact.Link) bool { return l.To == n.ID }))
	}
	if !slices.ContainsFunc(above, named) {
		return above
	}
	return slices.DeleteFunc(above, func(n Node) bool {
		u := x.units[n.ID]
		return u != nil && u.Manager == "scm" && !named(n)
	})
}
