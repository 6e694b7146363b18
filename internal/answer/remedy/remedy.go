// Package remedy turns an answer into ways out, gentlest first.
//
// It is pure, and nothing is done by being named here. A remedy carries an ID of
// the form KIND[:TARGET] and arguments; the sentences are report's.
package remedy

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// Kind is what a remedy does, in the words of `berth free --remedy`.
type Kind string

// The kinds that berth names so far, gentlest first.
const (
	Wait    Kind = "wait"
	Port    Kind = "port"
	Address Kind = "address"
	Move    Kind = "move"
	Stop    Kind = "stop"
	Startup Kind = "startup"
	Order   Kind = "order"
	Split   Kind = "split"
	Feature Kind = "feature"
	Kernel  Kind = "kernel"
	Kill    Kind = "kill"
)

// Remedy is one way out.
type Remedy struct {
	Kind   Kind
	Target string
	About  fact.ID           // the row it would act on
	Args   map[string]string // what the sentence needs
	// Command is what a person types today, an argument list a line; berth runs none of it.
	Command [][]string
}

// ID is KIND[:TARGET].
func (r Remedy) ID() string {
	if r.Target == "" {
		return string(r.Kind)
	}
	return string(r.Kind) + ":" + r.Target
}

func order(k Kind) int {
	all := [...]Kind{Wait, Port, Address, Move, Stop, Startup, Order, Split, Feature, Kernel, Kill}
	return slices.Index(all[:], k)
}

// Suggest lists the ways out of a, gentlest first. A free port has none.
func Suggest(a diagnose.Answer, x *diagnose.Index) []Remedy {
	if a.Status == diagnose.Free || a.Status == diagnose.Unknown {
		return nil
	}
	s := &suggester{a: a, x: x}
	s.waiting()
	s.out = append(s.out, Remedy{Kind: Port})
	for _, h := range a.Holders {
		s.holder(h)
	}
	s.redirects()
	slices.SortStableFunc(s.out, func(p, q Remedy) int { return cmp.Compare(order(p.Kind), order(q.Kind)) })
	return slices.CompactFunc(s.out, func(p, q Remedy) bool { return p.ID() == q.ID() })
}

type suggester struct {
	a   diagnose.Answer
	x   *diagnose.Index
	out []Remedy
}

func (s *suggester) add(r Remedy) { s.out = append(s.out, r) }

// waiting: ended connections go away by themselves.
func (s *suggester) waiting() {
	for _, f := range s.a.Findings {
		if f.Rule == diagnose.RuleTimeWait {
			s.add(Remedy{Kind: Wait, Args: f.Args})
		}
	}
}

func (s *suggester) holder(h diagnose.Holder) {
	if h.Owner.Kind == diagnose.OwnerContainer {
		s.container(h.Owner.ID)
		return
	}
	if s.specific(h) {
		s.add(Remedy{Kind: Address, About: h.Sockets[0]})
	}
	switch h.Owner.Kind {
	case diagnose.OwnerUnit:
		s.unit(h)
	case diagnose.OwnerProcess:
		s.process(h)
	}
}

// specific: the holder leaves other addresses of the port alone.
func (s *suggester) specific(h diagnose.Holder) bool {
	for _, id := range h.Sockets {
		if s.x.Socket(id).Wildcard() {
			return false
		}
	}
	return true
}

func (s *suggester) container(id fact.ID) {
	c := s.x.Container(id)
	name := cmp.Or(c.Name, c.Full)
	if name == "" {
		return
	}
	r := Remedy{Kind: Stop, Target: name, About: id}
	switch c.Engine {
	case "docker", "podman":
		r.Command = [][]string{{c.Engine, "stop", name}}
	case "nspawn":
		r.Command = [][]string{{"machinectl", "poweroff", name}}
	}
	s.add(r)
	s.add(Remedy{Kind: Move, Target: name, About: id})
}

func (s *suggester) unit(h diagnose.Holder) {
	u := s.x.Unit(h.Owner.ID)
	r := Remedy{Kind: Stop, Target: u.Name, About: u.ID}
	switch u.Manager {
	case "systemd":
		r.Command = [][]string{append([]string{"systemctl", "stop"}, s.together(h, u)...)}
	case "systemd --user":
		r.Command = [][]string{append([]string{"systemctl", "--user", "stop"}, s.together(h, u)...)}
	case "supervisord":
		r.Command = [][]string{{"supervisorctl", "stop", u.Name}}
	case "runit":
		r.Command = [][]string{{"sv", "stop", u.Name}}
	case "pm2":
		r.Command = [][]string{{"pm2", "stop", u.Name}}
	}
	s.add(r)
	s.add(Remedy{Kind: Move, Target: u.Name, About: u.ID})
	if u.FileState == "enabled" {
		s.add(Remedy{Kind: Startup, Target: u.Name, About: u.ID,
			Command: [][]string{{"systemctl", "disable", u.Name}}})
	}
}

// together: a socket unit and the services it starts are stopped in one go, or
// the next connection starts them again.
func (s *suggester) together(h diagnose.Holder, u *fact.Unit) []string {
	names := []string{u.Name}
	for _, n := range slices.Concat(u.Triggers, u.TriggeredBy) {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

func (s *suggester) process(h diagnose.Holder) {
	p := s.x.Process(h.Owner.ID)
	pid := strconv.Itoa(p.PID)
	if p.PID <= 1 || p.Kernel || s.x.Set.Machine.OS == "windows" && p.PID == 4 {
		return
	}
	s.add(Remedy{Kind: Move, Target: "pid-" + pid, About: p.ID})
	r := Remedy{Kind: Stop, Target: "pid-" + pid, About: p.ID, Args: map[string]string{"state": p.State}}
	if s.x.Set.Machine.OS == "linux" || s.x.Set.Machine.OS == "darwin" {
		r.Command = [][]string{{"kill", "-TERM", pid}}
		if p.State == "stopped" {
			r.Command = append(r.Command, []string{"kill", "-CONT", pid})
		}
	}
	s.add(r)
}

// redirects: the container or service that a rule leads to is what is stopped.
func (s *suggester) redirects() {
	for _, f := range s.a.Findings {
		if f.Rule != diagnose.RuleNATOnly && f.Rule != diagnose.RuleNATShadow {
			continue
		}
		for _, id := range f.About {
			for _, l := range s.x.Links(id, fact.ForwardsTo) {
				if s.x.Container(l.To) != nil {
					s.container(l.To)
				}
			}
		}
	}
}
