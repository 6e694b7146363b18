package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Ls is a list of sockets with their owners.
type Ls struct {
	Index *chain.Index
	Rows  []ListRow
}

// ListRow is one socket and who has it.
type ListRow struct {
	Socket *fact.Socket
	Holder chain.Holder
}

// NewLs lists the sockets of x that keep says yes to, in stable order: port,
// protocol, address, holder.
func NewLs(x *chain.Index, keep func(ListRow) bool) Ls {
	l := Ls{Index: x}
	for i := range x.Set.Sockets {
		s := &x.Set.Sockets[i]
		r := ListRow{Socket: s, Holder: x.Holders([]*fact.Socket{s})[0]}
		if keep(r) {
			l.Rows = append(l.Rows, r)
		}
	}
	slices.SortStableFunc(l.Rows, func(a, b ListRow) int {
		return cmp.Or(
			cmp.Compare(a.Socket.Local.Port(), b.Socket.Local.Port()),
			cmp.Compare(a.Socket.Proto, b.Socket.Proto),
			cmp.Compare(a.Socket.Netns, b.Socket.Netns),
			a.Socket.Local.Addr().Compare(b.Socket.Local.Addr()),
			cmp.Compare(a.Socket.Remote.String(), b.Socket.Remote.String()),
			cmp.Compare(a.Socket.ID, b.Socket.ID),
		)
	})
	return l
}

// Document is the list as api/v1 says it.
func (l Ls) Document() v1.Ls {
	set := l.Index.Set
	return v1.Ls{Head: head(set, "Ls", 0), Rows: l.rows(), Gaps: Gaps(set.Gaps, &set.Machine)}
}

func (l Ls) rows() []v1.Row {
	c := converter{l.Index}
	rows := make([]v1.Row, 0, len(l.Rows))
	for _, r := range l.Rows {
		v := v1.Row{Socket: c.socket(r.Socket), Owner: c.owner(r.Holder.Owner)}
		for _, p := range l.processes(r) {
			v.Processes = append(v.Processes, c.process(p))
		}
		if u := l.Index.Unit(r.Holder.Owner.ID); u != nil {
			v.Unit = u.Name
		}
		if k := l.Index.Container(r.Holder.Owner.ID); k != nil {
			v.Container = sentence.ContainerName(k)
		}
		rows = append(rows, v)
	}
	return rows
}

// processes are the holders of a row, each once, workers after their master.
func (l Ls) processes(r ListRow) []*fact.Process {
	var out []*fact.Process
	add := func(id fact.ID) {
		if p := l.Index.Process(id); p != nil && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, n := range r.Holder.Nodes {
		add(n.ID)
		for _, w := range n.Workers {
			add(w)
		}
		for _, q := range n.Children {
			for _, p := range q.Children {
				add(p.ID)
			}
		}
	}
	return out
}

// WriteText writes the list as a table that fits the terminal.
func (l Ls) WriteText(out io.Writer, st layout.Style) error {
	if len(l.Rows) == 0 {
		_, err := io.WriteString(out, "Nothing to list, as far as this user can see.\n")
		return err
	}
	return layout.Table(out, st, l.columns(), l.cells())
}

func (l Ls) columns() []layout.Column {
	cols := []layout.Column{{Title: "PROTO", Least: 5}, {Title: "ADDRESS", Least: 12}, {Title: "PORT", Least: 5, Right: true}}
	if l.connections() {
		cols = append(cols, layout.Column{Title: "STATE", Least: 6}, layout.Column{Title: "PEER", Least: 12})
	}
	if l.elsewhere() {
		cols = append(cols, layout.Column{Title: "NETNS", Least: 8})
	}
	return append(cols, layout.Column{Title: "OWNER", Least: 12}, layout.Column{Title: "PROCESS", Least: 10}, layout.Column{Title: "USER", Least: 6})
}

func (l Ls) connections() bool {
	return slices.ContainsFunc(l.Rows, func(r ListRow) bool { return !r.Socket.State.Serves() })
}

func (l Ls) elsewhere() bool {
	return slices.ContainsFunc(l.Rows, func(r ListRow) bool { return r.Socket.Netns != "" })
}

func (l Ls) cells() [][]string {
	conns, else_ := l.connections(), l.elsewhere()
	var rows [][]string
	for _, r := range l.Rows {
		s := r.Socket
		row := []string{string(s.Proto), address(s), sentence.Itoa(int(s.Local.Port()))}
		if conns {
			row = append(row, string(s.State), peer(s))
		}
		if else_ {
			row = append(row, l.netns(s))
		}
		rows = append(rows, append(row, l.owner(r), l.process(r), l.user(r)))
	}
	return rows
}

func address(s *fact.Socket) string {
	a := s.Local.Addr().Unmap().String()
	only, known := s.V6Only()
	if s.Local.Addr().Is6() && s.Wildcard() && known && !only {
		a = "*"
	}
	if s.Device != "" {
		a += "%" + sentence.Name(s.Device)
	}
	return a
}

func peer(s *fact.Socket) string {
	if !s.Remote.IsValid() || s.Remote.Port() == 0 {
		return "-"
	}
	return sentence.AddrPort(s.Remote)
}

func (l Ls) netns(s *fact.Socket) string {
	ns := l.Index.Namespace(s.Netns)
	switch {
	case s.Netns == "":
		return "-"
	case ns != nil && ns.Name != "":
		return sentence.Name(ns.Name)
	case ns != nil:
		return sentence.Itoa(int(ns.Inode))
	}
	return sentence.Name(string(s.Netns))
}

func (l Ls) owner(r ListRow) string {
	n := words(l.Index)
	switch r.Holder.Owner.Kind {
	case chain.OwnerUnknown:
		return "(hidden)"
	case chain.OwnerNobody:
		return "-"
	case chain.OwnerKernel:
		if u := l.Index.Unit(r.Holder.Owner.ID); u != nil {
			return "kernel: " + sentence.Name(u.Name)
		}
		return "kernel"
	case chain.OwnerHTTPSys:
		return l.httpOwner(r)
	case chain.OwnerProcess:
		for _, nd := range r.Holder.Nodes {
			if us := l.Index.Candidates(nd); nd.ID == r.Holder.Owner.ID && len(us) > 1 {
				return sentence.OneOf(us)
			}
		}
		return "-"
	case chain.OwnerContainer:
		return "container " + sentence.Name(sentence.ContainerName(l.Index.Container(r.Holder.Owner.ID)))
	}
	return n.Row(r.Holder.Owner.ID)
}

func (l Ls) httpOwner(r ListRow) string {
	who, sure := words(l.Index).Behind(r.Holder)
	if len(who) == 0 {
		return "HTTP.sys"
	}
	if !sure {
		return "HTTP.sys: one of " + strings.Join(who, ", ")
	}
	return "HTTP.sys: " + strings.Join(who, ", ")
}

func (l Ls) process(r ListRow) string {
	ps := l.processes(r)
	if len(ps) == 0 {
		if r.Socket.PID != 0 {
			return "PID " + sentence.Itoa(r.Socket.PID)
		}
		return "-"
	}
	s := sentence.Name(ps[0].Name)
	if ps[0].PID != 0 {
		s += " (" + sentence.Itoa(ps[0].PID) + ")"
	}
	if len(ps) > 1 {
		s += " +" + sentence.Itoa(len(ps)-1)
	}
	return s
}

func (l Ls) user(r ListRow) string {
	if ps := l.processes(r); len(ps) > 0 && ps[0].User != "" {
		return sentence.Name(ps[0].User)
	}
	if k := r.Socket.Linux; k != nil && k.UID != nil {
		return sentence.Itoa(int(*k.UID))
	}
	return "-"
}
