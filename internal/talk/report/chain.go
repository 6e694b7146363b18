package report

import (
	"slices"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

func (n names) nodeLine(nd chain.Node) layout.Line {
	l := layout.Line{Text: n.linkWord(nd.Link) + n.Row(nd.ID)}
	if p := n.X.Process(nd.ID); p != nil {
		l.Text = n.linkWord(nd.Link) + n.processHead(p, nd)
		if nd.Link != fact.StartedBy { // its words stand in the line of parents
			l.Kids = n.processLines(p)
		}
	}
	if k := n.X.Container(nd.ID); k != nil {
		l.Text = n.linkWord(nd.Link) + n.Container(k)
	}
	if u := n.X.Unit(nd.ID); u != nil {
		l.Text += n.unitWords(u)
	}
	if q := n.X.Queue(nd.ID); q != nil {
		l.Text = n.linkWord(nd.Link) + queueWords(q.Name)
	}
	several := len(n.X.Candidates(nd)) > 1
	for _, c := range nd.Children {
		kid := n.nodeLine(c)
		if several && n.X.Unit(c.ID) != nil {
			kid.Text = "one of: " + kid.Text
		}
		l.Kids = append(l.Kids, kid)
	}
	return l
}

func queueWords(q string) string {
	if q == "" {
		return "an unnamed HTTP.sys request queue"
	}
	return `HTTP.sys request queue "` + sentence.Name(q) + `"`
}

func (n names) linkWord(k fact.LinkKind) string {
	switch k {
	case fact.InheritedBy:
		return "inherited by "
	case fact.CreatedIn:
		return "made in "
	case fact.Triggers:
		return "starts "
	case fact.ListensFor:
		return "for "
	case fact.ForwardsTo:
		return "forwards to "
	case fact.PublishedBy:
		return "published for "
	case fact.StartedBy:
		return "started by "
	case fact.OneOfQueues:
		return "one of: "
	}
	return ""
}

// pids names processes by number, the first eight of them.
func (n names) pids(ids []fact.ID) string {
	var out []string
	for i, id := range ids {
		if i == 8 {
			out = append(out, "…")
			break
		}
		if p := n.X.Process(id); p != nil {
			out = append(out, sentence.Itoa(p.PID))
		}
	}
	return strings.Join(out, ", ")
}

// copies puts the processes together that one parent has started with the same
// arguments: each is told as one of the first.
func (n names) copies(nodes []chain.Node) (out [][]chain.Node) {
	alike := func(a, b chain.Node) bool {
		p, q := n.X.Process(a.ID), n.X.Process(b.ID)
		return p != nil && q != nil && a.Link == b.Link && len(a.Workers)+len(b.Workers) == 0 &&
			p.PPID == q.PPID && p.Exe == q.Exe && slices.Equal(p.Args, q.Args)
	}
	for _, nd := range nodes {
		i := slices.IndexFunc(out, func(same []chain.Node) bool { return alike(same[0], nd) })
		if i < 0 {
			out = append(out, []chain.Node{nd})
			continue
		}
		out[i] = append(out[i], nd)
	}
	return out
}

func (n names) processHead(p *fact.Process, nd chain.Node) string {
	s := n.Process(p)
	if p.User != "" {
		s += ", user " + sentence.Name(p.User)
	}
	if len(nd.Workers) > 0 {
		s += ", and " + sentence.Plural(len(nd.Workers), "worker", "workers") + " (" + n.pids(nd.Workers) + ")"
	}
	if l := p.Linux; l != nil && l.PIDNS != 0 {
		s += ", PID " + sentence.Itoa(l.NSPID) + " in a PID namespace of its own"
	}
	if l := p.Linux; l != nil && l.ThreadOf != 0 {
		s += ", a thread of PID " + sentence.Itoa(l.ThreadOf)
	}
	if p.State != "" && p.State != "running" {
		s += ", " + sentence.Name(p.State)
	}
	return s
}

// processLines are what decides most conflicts: command, start, folder.
func (n names) processLines(p *fact.Process) []layout.Line {
	var out []layout.Line
	if len(p.Args) > 0 {
		out = append(out, layout.Line{Text: "command  " + sentence.Clean(n.Typed(p.Args), sentence.CommandWidth)})
	} else if p.Exe != "" {
		out = append(out, layout.Line{Text: "program  " + sentence.Clean(p.Exe, sentence.CommandWidth)})
	}
	if t := n.started(p); t != "" {
		out = append(out, layout.Line{Text: "started  " + t})
	}
	if p.Cwd != "" && p.Cwd != "/" {
		out = append(out, layout.Line{Text: "folder   " + sentence.Clean(p.Cwd, sentence.CommandWidth)})
	}
	return out
}

func (n names) started(p *fact.Process) string {
	var s string
	if !p.Start.IsZero() {
		s = p.Start.Format(time.DateTime)
		if a := sentence.Ago(p.Start, n.X.Set.At); a != "" {
			s += ", " + a
		}
	}
	var by []string
	for i, a := range n.X.Ancestors(p) {
		if i == 4 {
			by = append(by, "…")
			break
		}
		by = append(by, sentence.Name(a.Name)+" ("+sentence.Itoa(a.PID)+")")
	}
	if len(by) > 0 {
		s = join(s, "by "+strings.Join(by, " ← "))
	}
	if p.Terminal != "" {
		s = join(s, "on "+sentence.Name(p.Terminal))
	}
	return s
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// startWords is a Windows service's start type: "automatic, delayed".
func startWords(w *fact.WindowsService) string {
	s := w.StartWord()
	switch {
	case s == "":
	case w.Delayed:
		s += " (delayed)"
	case w.Triggered:
		s += " (events start it)"
	}
	return s
}

func (n names) unitWords(u *fact.Unit) string {
	s := ""
	if u.Description != "" && u.Description != u.Name && !n.told {
		s = join(s, sentence.Clean(u.Description, sentence.NameWidth))
	}
	if u.Active != "" {
		st := sentence.Name(u.Active)
		if u.Sub != "" && u.Sub != u.Active {
			st += " (" + sentence.Name(u.Sub) + ")"
		}
		s = join(s, st)
	}
	if u.FileState != "" {
		s = join(s, sentence.Name(u.FileState))
	}
	if w := startWords(u.Windows); w != "" {
		s = join(s, w)
	}
	if u.Restart != "" {
		s = join(s, "Restart="+sentence.Name(u.Restart))
	}
	if s == "" {
		return ""
	}
	return "   " + s
}
