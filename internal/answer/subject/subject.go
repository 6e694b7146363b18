// Package subject gathers what the catalog can be asked about a holder: the program,
// its service, its container, the URL and the queue behind the kernel's HTTP
// listener. It is pure.
package subject

import (
	"cmp"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/fact"
)

// of asks one index.
type of struct{ x *chain.Index }

// Subject is what the catalog is asked, and the row it is about.
type Subject struct {
	catalog.Subject
	Row fact.ID
}

// Of is what is known of a holder of s: one subject for each registration, else one
// for each process, else the unit or the bare numbers.
func Of(x *chain.Index, s *fact.Socket, h *chain.Holder) []Subject {
	w := of{x}
	base := catalog.Subject{OS: w.x.Set.Machine.OS, Proto: s.Proto, Port: s.Local.Port(), Addr: s.Local.Addr()}
	var out []Subject
	for _, n := range h.Nodes {
		if n.Link == fact.TakenBy {
			out = append(out, w.registered(base, n))
		}
	}
	for _, n := range h.Nodes {
		if p := w.x.Process(n.ID); p != nil && n.Link != fact.InheritedBy && len(out) == 0 {
			out = append(out, w.processSubject(base, n, p))
		}
	}
	if len(out) == 0 {
		out = append(out, w.bare(base, s, h))
	}
	return out
}

func (w of) registered(c catalog.Subject, n chain.Node) Subject {
	c.Kernel = "http.sys"
	if r := w.x.Registration(n.ID); r != nil {
		_, _, c.URLPath, _ = catalog.SplitPrefix(r.URL)
	}
	for _, q := range n.Children {
		if row := w.x.Queue(q.ID); row != nil {
			c.Queue = row.Name
		}
		if q.Link == fact.InQueue {
			c.Service = w.behind(q)
		}
	}
	return Subject{c, n.ID}
}

// behind is the one service that serves a queue, or "" where it may be several.
func (w of) behind(queue chain.Node) string {
	var names []string
	for _, p := range queue.Children {
		if u := w.x.Unit(p.ID); u != nil {
			return u.Name // tagged by the system
		}
		for _, u := range w.x.Candidates(p) {
			names = append(names, u.Name)
		}
	}
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

func (w of) processSubject(c catalog.Subject, n chain.Node, p *fact.Process) Subject {
	c.Exe, c.Comm, c.Cut, c.Args = p.Exe, p.Name, p.NameCut, p.Args
	if base := path.Base(p.Exe); base == "busybox" || base == "toybox" {
		c.Comm = base // which goes by the name of whatever it plays
	}
	if p.Kernel {
		c.Kernel = "socket"
		if c.OS == "windows" {
			c.Comm, c.Exe, c.Args = "System", "", nil // as Windows calls it
		}
	}
	if p.Linux != nil {
		c.Cgroup = p.Linux.Cgroup
	}
	for _, ch := range n.Children {
		if u := w.x.Unit(ch.ID); u != nil && owner.Ownable(u) && !owner.StartedOnly(u, p) {
			c = withUnit(c, u)
		}
		if k := w.x.Container(ch.ID); k != nil {
			c.Image = untagged(k.Image)
		}
	}
	for _, o := range w.x.Links(n.ID, fact.PartOf) {
		if u := w.x.Unit(o.To); u != nil && u.Manager != "scm" && owner.Ownable(u) && !owner.StartedOnly(u, p) {
			c = withUnit(c, u)
		}
	}
	if len(w.x.Candidates(n)) > 1 {
		c.Service = ""
	}
	return Subject{c, p.ID}
}

func withUnit(c catalog.Subject, u *fact.Unit) catalog.Subject {
	if u.Manager == "scm" || u.Manager == "launchd" {
		c.Service = u.Name
	} else {
		c.Unit = u.Name
	}
	return c
}

// untagged leaves the tag and the digest off an image's name.
func untagged(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
		image = image[:i]
	}
	return image
}

// bare: no process is known. A socket unit, a kernel part or the numbers remain.
func (w of) bare(c catalog.Subject, s *fact.Socket, h *chain.Holder) Subject {
	u := w.x.Unit(h.Owner.ID)
	switch {
	case slices.ContainsFunc(w.x.Set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapOwnerEnded && g.About == s.ID }):
		c.Kernel = "gone"
	case u != nil && u.Manager == "kernel":
		c.Kernel, _, _ = strings.Cut(u.Name, " ")
	case u != nil:
		c = withUnit(c, u)
	case h.Owner.Kind == chain.OwnerKernel:
		c.Kernel = "socket"
	}
	if !c.Addr.IsValid() {
		c.Addr = netip.Addr{}
	}
	return Subject{c, cmp.Or(h.Owner.ID, s.ID)}
}
