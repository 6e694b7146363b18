package diagnose

import (
	"cmp"
	"net/netip"
	"path"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/owner"
	"github.com/berthd/berth/internal/fact"
)

// known asks the catalog about each holder and says the most specific entry
// once. A match on numbers alone is a guess, and said to be one.
func (w *who) known(h *chain.Holder) {
	for _, id := range h.Sockets {
		for _, s := range w.subjects(w.x.Socket(id), h) {
			found := catalog.Match(s.Subject)
			if len(found) == 0 || found[0].Kind == catalog.Holder && len(w.x.Links(s.row, fact.ForwardsTo)) > 0 {
				continue // what the program is for says nothing of a port it keeps for another
			}
			sure := Certain
			if s.Nameless() {
				sure = Possible
			}
			w.know(found[0].ID, sure, s.row)
			break
		}
	}
}

func (w *who) know(entry string, sure Confidence, about fact.ID) {
	for _, f := range w.a.Findings {
		if f.Rule == RuleKnown && f.Args["entry"] == entry {
			return
		}
	}
	w.say(RuleKnown, sure, map[string]string{"entry": entry}, about)
}

// subject is what the catalog is asked, and the row it is about.
type subject struct {
	catalog.Subject
	row fact.ID
}

// subjects are what is known of a holder: one for each registration, else one
// for each process, else the unit or the bare numbers.
func (w *who) subjects(s *fact.Socket, h *chain.Holder) []subject {
	base := catalog.Subject{OS: w.x.Set.Machine.OS, Proto: s.Proto, Port: s.Local.Port(), Addr: s.Local.Addr()}
	var out []subject
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

func (w *who) registered(c catalog.Subject, n chain.Node) subject {
	c.Kernel = "http.sys"
	if r := w.x.Registration(n.ID); r != nil {
		c.URLPath = urlPath(r.URL)
	}
	for _, q := range n.Children {
		if row := w.x.Queue(q.ID); row != nil {
			c.Queue = row.Name
		}
		if q.Link == fact.InQueue {
			c.Service = w.behind(q)
		}
	}
	return subject{c, n.ID}
}

// behind is the one service that serves a queue, or "" where it may be several.
func (w *who) behind(queue chain.Node) string {
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

// urlPath is the path of scheme://host:port/path.
func urlPath(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	_, path, _ := strings.Cut(rest, "/")
	return "/" + path
}

func (w *who) processSubject(c catalog.Subject, n chain.Node, p *fact.Process) subject {
	c.Exe, c.Comm, c.Cut, c.Args = p.Exe, p.Name, p.NameCut, p.Args
	if base := path.Base(p.Exe); base == "busybox" || base == "toybox" {
		c.Comm = base // which goes by the name of whatever it plays
	}
	if p.Kernel {
		c.Kernel = "socket"
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
	return subject{c, p.ID}
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
func (w *who) bare(c catalog.Subject, s *fact.Socket, h *chain.Holder) subject {
	u := w.x.Unit(h.Owner.ID)
	switch {
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
	return subject{c, cmp.Or(h.Owner.ID, s.ID)}
}
