package report

import (
	"time"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/reach"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// maxAncestors bounds the parents shown for one process.
const maxAncestors = 16

type converter struct{ x *chain.Index }

// names adds to the sentences what only answers need.
type names struct {
	sentence.Names
	// told is set where the catalog says what the holder is: its unit's own
	// description would only repeat it.
	told bool
}

func words(x *chain.Index) names { return names{Names: sentence.Names{X: x}} }

// Gaps says gaps as api/v1 rows; the list is never nil.
func Gaps(gaps []fact.Gap, m *fact.Machine) []v1.Gap {
	out := make([]v1.Gap, 0, len(gaps))
	for _, g := range gaps {
		out = append(out, v1.Gap{Kind: string(g.Kind), Subject: g.Subject, Text: sentence.Gap(g), Err: g.Err,
			Hint: sentence.GapHint(g, m), Raw: g.Raw, About: string(g.About)})
	}
	return out
}

func head(set *fact.Set, kind string, exit int) v1.Head {
	m := set.Machine
	return v1.Head{API: v1.API, Kind: kind, At: set.At, Exit: exit,
		Machine: &v1.Machine{OS: m.OS, Arch: m.Arch, Kernel: m.Kernel, Host: m.Host}}
}

func endpoint(e fact.Endpoint) v1.Endpoint {
	out := v1.Endpoint{Port: e.Port, Proto: string(e.Proto)}
	for _, a := range e.Addrs {
		out.Addresses = append(out.Addresses, a.String())
	}
	return out
}

func (c converter) socket(s *fact.Socket) v1.Socket {
	out := v1.Socket{
		ID: string(s.ID), Proto: string(s.Proto), Address: s.Local.Addr().String(), Port: s.Local.Port(), State: string(s.State),
		Device: s.Device, Netns: string(s.Netns), Evidence: s.Evidence,
		Reach: string(reach.Of(s, &c.x.Set.Machine).Scope),
	}
	if s.Remote.IsValid() && s.Remote.Port() != 0 {
		out.Remote, out.RemotePort = s.Remote.Addr().String(), s.Remote.Port()
	}
	if l := s.Linux; l != nil {
		out.V6Only, out.ReuseAddr, out.ReusePort = l.V6Only, l.ReuseAddr, l.ReusePort
		out.UID, out.Backlog, out.BacklogMax = number(l.UID), number(l.Backlog), number(l.BacklogMax)
		out.Inode, out.Cgroup = l.Inode, l.Cgroup
	}
	return out
}

func number(p *uint32) *int {
	if p == nil {
		return nil
	}
	n := int(*p)
	return &n
}

func (c converter) process(p *fact.Process) v1.Process {
	out := v1.Process{
		ID: string(p.ID), PID: p.PID, PPID: p.PPID, Name: p.Name, Exe: p.Exe, ExeState: p.ExeState, Args: p.Args,
		User: p.User, Cwd: p.Cwd, State: p.State, Terminal: p.Terminal, Start: when(p.Start), Evidence: p.Evidence,
	}
	if l := p.Linux; l != nil {
		out.NSPID, out.ThreadOf = l.NSPID, l.ThreadOf
	}
	for i, a := range c.x.Ancestors(p) {
		if i == maxAncestors {
			break
		}
		out.Parents = append(out.Parents, v1.Parent{PID: a.PID, Name: a.Name})
	}
	return out
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func unit(u *fact.Unit) v1.Unit {
	out := v1.Unit{
		ID: string(u.ID), Manager: u.Manager, Name: u.Name, Description: u.Description, Active: u.Active, Sub: u.Sub,
		Result: u.Result, FileState: u.FileState, MainPID: u.MainPID, Restart: u.Restart, NRestarts: u.NRestarts,
		Triggers: u.Triggers, TriggeredBy: u.TriggeredBy, Fragment: u.Fragment, User: u.User, Evidence: u.Evidence,
	}
	if w := u.Windows; w != nil {
		out.Start, out.Delayed, out.Triggered, out.DependsOn = w.StartWord(), w.Delayed, w.Triggered, w.DependsOn
	}
	for _, l := range u.Log {
		out.Log = append(out.Log, v1.LogLine{At: when(l.At), Text: l.Text})
	}
	return out
}

func container(c *fact.Container) v1.Container {
	out := v1.Container{
		ID: string(c.ID), Engine: c.Engine, Name: c.Name, Image: c.Image, State: c.State, Project: c.Project, Service: c.Service,
		WorkDir: c.WorkDir, Pod: c.Pod, Network: c.Network, Restart: c.Restart, Evidence: c.Evidence,
	}
	for _, p := range c.Ports {
		pub := v1.Published{Proto: string(p.Proto), Port: p.Host.Port(), ContainerPort: p.Container}
		if p.Host.Addr().IsValid() {
			pub.Address = p.Host.Addr().String()
		}
		out.Ports = append(out.Ports, pub)
	}
	return out
}

func redirect(r *fact.Redirect) v1.Redirect {
	return v1.Redirect{ID: string(r.ID), Kind: r.Kind, To: r.To, Hook: r.Hook, Chain: r.Chain, Comment: r.Comment,
		Partial: r.Partial, Evidence: r.Evidence}
}

func (c converter) node(n chain.Node) v1.Node {
	out := v1.Node{ID: string(n.ID), Link: string(n.Link), Evidence: n.Evidence, Note: n.Note}
	c.fill(&out, n.ID)
	for _, w := range n.Workers {
		if p := c.x.Process(w); p != nil {
			out.Workers = append(out.Workers, c.process(p))
		}
	}
	for _, ch := range n.Children {
		out.Children = append(out.Children, c.node(ch))
	}
	return out
}

func (c converter) fill(out *v1.Node, id fact.ID) {
	if p := c.x.Process(id); p != nil {
		v := c.process(p)
		out.Process = &v
	}
	if u := c.x.Unit(id); u != nil {
		v := unit(u)
		out.Unit = &v
	}
	if k := c.x.Container(id); k != nil {
		v := container(k)
		out.Container = &v
	}
	if q := c.x.Queue(id); q != nil {
		out.Queue = &v1.Queue{ID: string(q.ID), Name: q.Name, PIDs: q.PIDs, Evidence: q.Evidence}
	}
	if r := c.x.Registration(id); r != nil {
		out.Registration = r.URL
	}
	if r := c.x.Redirect(id); r != nil {
		v := redirect(r)
		out.Redirect = &v
	}
}

func (c converter) owner(o chain.Owner) v1.Owner {
	return v1.Owner{Kind: string(o.Kind), ID: string(o.ID), Name: c.ownerName(o)}
}

// ownerName is the bare name of an owner: what a person would type to a tool.
func (c converter) ownerName(o chain.Owner) string {
	if u := c.x.Unit(o.ID); u != nil {
		return u.Name
	}
	if k := c.x.Container(o.ID); k != nil {
		return sentence.ContainerName(k)
	}
	if p := c.x.Process(o.ID); p != nil {
		return p.Name
	}
	if r := c.x.Registration(o.ID); r != nil {
		return r.URL
	}
	return ""
}

func (c converter) holders(hs []chain.Holder) []v1.Holder {
	out := make([]v1.Holder, 0, len(hs))
	for _, h := range hs {
		v := v1.Holder{Owner: c.owner(h.Owner), Chain: []v1.Node{}}
		for _, id := range h.Sockets {
			v.Sockets = append(v.Sockets, c.socket(c.x.Socket(id)))
		}
		for _, n := range h.Nodes {
			v.Chain = append(v.Chain, c.node(n))
		}
		out = append(out, v)
	}
	return out
}

func ids(in []fact.ID) []string {
	out := make([]string, len(in))
	for i, id := range in {
		out[i] = string(id)
	}
	return out
}

func (n names) remedies(rs []remedy.Remedy) []v1.Remedy {
	out := make([]v1.Remedy, 0, len(rs))
	for _, r := range rs {
		out = append(out, RemedyDocument(n.X, r))
	}
	return out
}

// RemedyDocument is one remedy of an answer made on x, as api/v1 says it.
func RemedyDocument(x *chain.Index, r remedy.Remedy) v1.Remedy {
	n := sentence.Names{X: x}
	v := v1.Remedy{ID: r.ID(), Kind: string(r.Kind), Target: r.Target, Text: n.Remedy(r), Effect: sentence.Full(n.Effect(r))}
	for _, c := range r.Command {
		v.Command = append(v.Command, n.Command(c))
	}
	return v
}
