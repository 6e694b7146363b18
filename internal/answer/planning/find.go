package planning

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// target is the one thing that a remedy acts on. At most one field is set.
type target struct {
	unit      *fact.Unit
	process   *fact.Process
	container *fact.Container
	refusal   *Refusal
}

// find leads from a remedy to what it acts on: the name that stands in it first,
// then the row that it is about.
func (m *maker) find() target {
	id := m.r.About
	if u := m.x.Unit(id); u != nil && u.Name == m.r.Target {
		return target{unit: u} // another manager may have one of the same name
	}
	if t := m.named(m.r.Target); t.found() {
		return t
	}
	if !m.vague() {
		return target{refusal: m.refuse("target-not-here", "target", m.r.Target)}
	}
	t := target{unit: m.x.Unit(id), process: m.x.Process(id), container: m.x.Container(id)}
	if t.found() {
		return m.layer(t)
	}
	if m.x.Registration(id) != nil {
		return m.behind(id)
	}
	if m.x.Redirect(id) != nil {
		return m.beyond(id)
	}
	return target{refusal: m.refuse("nobody-to-act-on", "target", m.r.Target)}
}

// vague tells that a remedy names nothing in particular, so that the row that it is
// about is what is meant: no target, or a word of the catalog that had no value. A
// name that the facts do not have is somebody else, and not that row.
func (m *maker) vague() bool {
	t := m.r.Target
	return t == "" || slices.Contains(catalog.Placeholders(), strings.ToLower(t)) && t == strings.ToUpper(t)
}

func (t target) found() bool { return t.unit != nil || t.process != nil || t.container != nil }

// named finds a target by the text of the remedy: pid-412, 412, nginx.service, web.
func (m *maker) named(text string) target {
	if pid, err := strconv.Atoi(strings.TrimPrefix(text, "pid-")); err == nil {
		if p := m.x.PID(pid); p != nil {
			return m.layer(target{process: p})
		}
	}
	if text == "" {
		return target{}
	}
	if u := unitNamed(m.x, text); u != nil {
		return target{unit: u}
	}
	for i := range m.x.Set.Containers {
		if c := &m.x.Set.Containers[i]; c.Name == text || c.Full == text {
			return target{container: c}
		}
	}
	return target{}
}

// layer goes up from a process to what starts it again: a unit, a service or a
// container is stopped in its place, never under it.
func (m *maker) layer(t target) target {
	if t.process == nil {
		return t
	}
	for _, h := range m.a.Holders {
		holds := h.Owner.ID == t.process.ID || chain.Mentions(h.Nodes, t.process.ID)
		if !holds {
			continue
		}
		if u := m.x.Unit(h.Owner.ID); u != nil && h.Owner.Kind == chain.OwnerUnit {
			return target{unit: u}
		}
		if c := m.x.Container(h.Owner.ID); c != nil {
			return target{container: c}
		}
	}
	return t
}

// behind is what stands behind a registration of HTTP.sys: one service, or one
// program.
func (m *maker) behind(registration fact.ID) target {
	var units []*fact.Unit
	var procs []*fact.Process
	for _, q := range m.x.Links(registration, fact.InQueue) {
		for _, l := range m.x.Links(q.To, fact.ServedBy) {
			if u := m.x.Unit(l.To); u != nil {
				return target{unit: u} // tagged by the system
			}
			if p := m.x.Process(l.To); p != nil && !slices.Contains(procs, p) {
				procs = append(procs, p)
				units = append(units, m.services(p)...)
			}
		}
	}
	switch {
	case len(units) == 1:
		return target{unit: units[0]}
	case len(units) > 1:
		return target{refusal: m.refuse("several-services", "services", unitNames(units))}
	case len(procs) == 1:
		return target{process: procs[0]}
	case len(procs) > 1:
		return target{refusal: m.refuse("several-processes", "count", strconv.Itoa(len(procs)))}
	}
	return target{refusal: m.refuse("nobody-to-act-on", "target", m.r.Target)}
}

// services are the Windows services in a process.
func (m *maker) services(p *fact.Process) []*fact.Unit {
	var out []*fact.Unit
	for _, l := range m.x.Links(p.ID, fact.PartOf) {
		if u := m.x.Unit(l.To); u != nil && u.Manager == "scm" {
			out = append(out, u)
		}
	}
	return out
}

// beyond is the container that a redirect leads to.
func (m *maker) beyond(redirect fact.ID) target {
	for _, l := range m.x.Links(redirect, fact.ForwardsTo) {
		if c := m.x.Container(l.To); c != nil {
			return target{container: c}
		}
	}
	return target{refusal: m.refuse("rule-by-hand", "rule", string(redirect))}
}

func unitNames(us []*fact.Unit) string {
	var names []string
	for _, u := range us {
		names = append(names, u.Name)
	}
	return strings.Join(names, ", ")
}

// holds tells whether a unit, a process or a container is among those who have the
// port now, by itself or behind the kernel's listener.
func (m *maker) holds(row any) bool {
	var id fact.ID
	switch r := row.(type) {
	case *fact.Unit:
		id = r.ID
	case *fact.Process:
		id = r.ID
	case *fact.Container:
		id = r.ID
	}
	return slices.ContainsFunc(m.a.Holders, func(h chain.Holder) bool { return h.Owner.ID == id || chain.Mentions(h.Nodes, id) })
}

// finding is the first of a rule, nil where there is none.
func (m *maker) finding(rule diagnose.Rule) *diagnose.Finding {
	for i, f := range m.a.Findings {
		if f.Rule == rule {
			return &m.a.Findings[i]
		}
	}
	return nil
}
