package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// Ls is a list of sockets with their owners.
type Ls struct {
	Index *diagnose.Index
	Rows  []ListRow
}

// ListRow is one socket and who has it.
type ListRow struct {
	Socket *fact.Socket
	Holder diagnose.Holder
}

// NewLs lists the sockets of x that keep says yes to, in stable order: port,
// protocol, address, holder.
func NewLs(x *diagnose.Index, keep func(ListRow) bool) Ls {
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
			v.Container = containerName(k)
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
func (l Ls) WriteText(out io.Writer, st Style) error {
	return writeTable(out, st, l.columns(), l.cells())
}

func (l Ls) columns() []column {
	cols := []column{{"PROTO", 5, false}, {"ADDRESS", 12, false}, {"PORT", 5, true}}
	if l.connections() {
		cols = append(cols, column{"STATE", 6, false}, column{"PEER", 12, false})
	}
	if l.elsewhere() {
		cols = append(cols, column{"NETNS", 8, false})
	}
	return append(cols, column{"OWNER", 12, false}, column{"PROCESS", 10, false}, column{"USER", 6, false})
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
		row := []string{string(s.Proto), address(s), itoa(int(s.Local.Port()))}
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
		a += "%" + name(s.Device)
	}
	return a
}

func peer(s *fact.Socket) string {
	if !s.Remote.IsValid() || s.Remote.Port() == 0 {
		return "-"
	}
	return addrPort(s.Remote)
}

func (l Ls) netns(s *fact.Socket) string {
	ns := l.Index.Namespace(s.Netns)
	switch {
	case s.Netns == "":
		return "-"
	case ns != nil && ns.Name != "":
		return name(ns.Name)
	case ns != nil:
		return itoa(int(ns.Inode))
	}
	return name(string(s.Netns))
}

func (l Ls) owner(r ListRow) string {
	n := names{l.Index}
	switch r.Holder.Owner.Kind {
	case diagnose.OwnerUnknown:
		return "(hidden)"
	case diagnose.OwnerNobody:
		return "-"
	case diagnose.OwnerKernel:
		if u := l.Index.Unit(r.Holder.Owner.ID); u != nil {
			return "kernel: " + name(u.Name)
		}
		return "kernel"
	case diagnose.OwnerHTTPSys:
		return l.httpOwner(r)
	case diagnose.OwnerProcess:
		return "-"
	case diagnose.OwnerContainer:
		return "container " + name(containerName(l.Index.Container(r.Holder.Owner.ID)))
	}
	return n.row(r.Holder.Owner.ID)
}

func (l Ls) httpOwner(r ListRow) string {
	who, sure := names{l.Index}.behind(r.Holder)
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
			return "PID " + itoa(r.Socket.PID)
		}
		return "-"
	}
	s := name(ps[0].Name) + " (" + itoa(ps[0].PID) + ")"
	if len(ps) > 1 {
		s += " +" + itoa(len(ps)-1)
	}
	return s
}

func (l Ls) user(r ListRow) string {
	if ps := l.processes(r); len(ps) > 0 && ps[0].User != "" {
		return name(ps[0].User)
	}
	if k := r.Socket.Linux; k != nil && k.UID != nil {
		return itoa(int(*k.UID))
	}
	return "-"
}
