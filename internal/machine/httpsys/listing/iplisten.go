package listing

import (
	"net/netip"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// ListenAddr is one row of `netsh http show iplisten`.
type ListenAddr struct {
	Addr netip.Addr
	Line int
}

type listenList struct {
	span Span
	rows []ListenAddr
}

// listenLists finds addresses alone on their lines under a title. A list without
// any looks like every other empty listing: only a command above it tells.
func listenLists(ls []shape.Line) []listenList {
	var out []listenList
	for _, t := range titles(ls) {
		var rows []ListenAddr
		last, indented := t.rule, true
		for i := t.first; i < len(ls); i++ {
			a, err := netip.ParseAddr(ls[i].Text)
			if err != nil {
				break
			}
			rows = append(rows, ListenAddr{a, ls[i].N})
			last, indented = i, indented && ls[i].Indent > 0
		}
		sure := t.show == "iplisten"
		if sure && (len(rows) > 0 || nothing(ls, t.first)) || len(rows) > 0 && t.show == "" && (t.heading || indented) {
			out = append(out, listenList{span(ls, t.from, last), rows})
		}
	}
	return out
}

// nothing tells whether no row of an output stands at index i: the text ends, or
// a prompt follows.
func nothing(ls []shape.Line, i int) bool { return i >= len(ls) || ls[i].Indent == 0 }

// FindListenLists finds the outputs of `netsh http show iplisten` among other lines.
func FindListenLists(lines []string) []Span {
	var out []Span
	for _, l := range listenLists(classify(lines)) {
		out = append(out, l.span)
	}
	return out
}

// ParseListenList reads the addresses of every listen list in text; ok is false
// where there is no such list, which is not the same as an empty one.
func ParseListenList(text string) (rows []ListenAddr, ok bool) {
	found := listenLists(classify(splitLines(text)))
	for _, l := range found {
		rows = append(rows, l.rows...)
	}
	return rows, len(found) > 0
}

// ListenListFacts turns a listen list that was read, even an empty one, into rows.
// evidence says where a line of the listing was read.
func ListenListFacts(rows []ListenAddr, evidence func(line int) string) fact.Set {
	set := fact.Set{Machine: fact.Machine{Windows: &fact.WindowsNet{ListenList: true}}}
	have := map[fact.ID]bool{}
	for _, r := range rows {
		if id := fact.ListenAddrID(r.Addr); !have[id] {
			have[id] = true
			set.ListenList = append(set.ListenList, fact.ListenAddr{ID: id, Addr: r.Addr, Evidence: evidence(r.Line)})
		}
	}
	return set
}
