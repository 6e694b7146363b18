package unit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/republish"
	"github.com/berthd/berth/internal/fact"
)

// StopContainer stops a container through its engine, never its forwarder.
func StopContainer(d *draft.Draft, c *fact.Container) *draft.Refusal {
	return maker{d}.stopContainer(c)
}

func (m maker) stopContainer(c *fact.Container) *draft.Refusal {
	for i := range m.X.Set.Containers {
		if o := &m.X.Set.Containers[i]; slices.Contains(m.sharers(o), c) {
			c = o // whose network c uses: the port is that one's
			break
		}
	}
	if c.Engine != "docker" && c.Engine != "podman" {
		return m.Refuse("by-hand", "manager", c.Engine, "unit", draft.ContainerName(c))
	}
	if u := m.keeperUnit(c); u != nil {
		return m.stopUnit(u)
	}
	if len(c.Full) != 64 {
		return m.Refuse("identity-unknown", "name", draft.ContainerName(c))
	}
	for _, s := range m.sharers(c) {
		m.Step(plan.Step{Subject: m.containerSubject(s), Before: m.containerState(s), After: plan.State{"running": "no"},
			Class: plan.Restartable, Why: draft.Reason("stop-sharer", "container", draft.ContainerName(s), "of", draft.ContainerName(c))})
	}
	m.Step(plan.Step{Subject: m.containerSubject(c), Before: m.containerState(c), After: plan.State{"running": "no"},
		Class: plan.Restartable, Why: draft.Reason("stop-container", "container", draft.ContainerName(c), "engine", c.Engine, "again", m.again(c))})
	return nil
}

// sharers are the running containers that use the network of c, as those of a pod do.
// They lose it when c stops, and do not find it again when c is back: they stop first,
// and start behind it when all is taken back.
func (m maker) sharers(c *fact.Container) []*fact.Container { return Sharers(m.Draft, c) }

// Sharers are the running containers that use the network of c.
func Sharers(d *draft.Draft, c *fact.Container) []*fact.Container {
	var out []*fact.Container
	for i := range d.X.Set.Containers {
		s := &d.X.Set.Containers[i]
		of, ok := strings.CutPrefix(s.Network, "container:")
		if ok && (of == c.Full || c.Name != "" && of == c.Name) && s.Engine == c.Engine && s.User == c.User && s.State == "running" && len(s.Full) == 64 {
			out = append(out, s)
		}
	}
	return out
}

// again is how a container that vanishes is made again, as far as the facts have it.
func (m maker) again(c *fact.Container) string {
	a, ok := republish.For(*c, m.Proto, m.A.Endpoint.Port, m.A.Endpoint.Port)
	if !c.AutoRemove || !ok || len(a.Steps) == 0 {
		return ""
	}
	return strings.Join(a.Steps[len(a.Steps)-1], " ")
}

// keeperUnit is the systemd unit that starts a container again, nil where none does or
// the facts do not have it.
func (m maker) keeperUnit(c *fact.Container) *fact.Unit {
	name, ok := strings.CutPrefix(c.Keeper, "systemd:")
	if !ok {
		return nil
	}
	for i := range m.X.Set.Units {
		u := &m.X.Set.Units[i]
		if u.Name == name && Systemd(u) && u.UserUID == c.User {
			return u
		}
	}
	return nil
}

// Learned puts into a plan what its containers were found to be like: one that vanishes
// when it stops is final, and one that comes back is no lasting way. A container that
// somebody else starts again, or another in its place, is refused.
func Learned(p plan.Plan) (plan.Plan, *draft.Refusal) {
	p.Steps, p.Warnings = slices.Clone(p.Steps), slices.Clone(p.Warnings)
	for i, s := range p.Steps {
		if s.Subject.Kind != plan.Container || s.After["running"] != "no" {
			continue
		}
		name := cmp.Or(s.Before["name"], s.Why.Args["container"])
		if k := s.Before["keeper"]; k != "" {
			return plan.Plan{}, kept(name, k, s.Subject.Of["user"])
		}
		if s.Before["autoremove"] == "yes" {
			p.Steps[i].Class, p.Cost.Class = plan.Final, plan.Final
			if p.Cost.Risk == "low" {
				p.Cost.Risk = "medium"
			}
			warn(&p, draft.Reason("container-vanishes", "container", name))
		}
		if s.Before["restart"] == "always" && s.After["restart"] == "" {
			p.Cost.Survives = false
			warn(&p, draft.Reason("container-returns", "container", name))
		}
	}
	return p, nil
}

func warn(p *plan.Plan, r plan.Reason) {
	if !slices.ContainsFunc(p.Warnings, func(w plan.Reason) bool { return w.ID == r.ID }) {
		p.Warnings = append(p.Warnings, r)
	}
}

// kept refuses to stop what its keeper starts again, and says where it is stopped.
func kept(name, keeper, uid string) *draft.Refusal {
	way, who, _ := strings.Cut(keeper, ":")
	r := &draft.Refusal{Reason: draft.Reason("kept-by", "container", name, "way", way, "keeper", who)}
	switch {
	case way == "systemd" && uid != "":
		r.Command = [][]string{{"systemctl", "--user", "stop", who}}
	case way == "systemd":
		r.Command = [][]string{{"sudo", "systemctl", "stop", who}}
	case way == "swarm":
		r.Command = [][]string{{"docker", "service", "scale", who + "=0"}}
	}
	return r
}

func (m maker) containerState(c *fact.Container) plan.State {
	s := plan.State{"running": "yes"}
	if c.State != "" && c.State != "running" {
		delete(s, "running")
	}
	if c.Restart != "" {
		s["restart"] = c.Restart
	}
	if c.AutoRemove {
		s["autoremove"] = "yes"
	}
	if c.Keeper != "" {
		s["keeper"] = c.Keeper
	}
	return s
}

func (m maker) containerSubject(c *fact.Container) plan.Subject {
	of := map[string]string{"engine": c.Engine}
	for _, e := range m.X.Set.Engines {
		if e.Name == c.Engine && e.User == c.User && e.State == "answered" {
			of["socket"] = e.Path
			break
		}
	}
	if c.User != "" {
		of["user"] = c.User
	}
	return plan.Subject{Kind: plan.Container, Name: c.Full, Of: of}
}

// startupContainer keeps a container from coming back with its engine.
func (m maker) startupContainer(c *fact.Container) *draft.Refusal {
	if c.Restart == "" || c.Restart == "no" {
		return m.Refuse("not-enabled", "unit", draft.ContainerName(c), "state", c.Restart)
	}
	if ref := m.stopContainer(c); ref != nil {
		return ref
	}
	m.Also(plan.Step{Subject: m.containerSubject(c), After: plan.State{"restart": "no"},
		Class: plan.Reversible, Why: draft.Reason("container-stays-down", "container", draft.ContainerName(c))})
	return nil
}
