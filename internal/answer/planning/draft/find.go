package draft

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// Target is the one thing that a remedy acts on. At most one field is set.
type Target struct {
	Unit      *fact.Unit
	Process   *fact.Process
	Container *fact.Container
	Refusal   *Refusal
}

// Find leads from a remedy to what it acts on: the name that stands in it first,
// then the row that it is about.
func (d *Draft) Find() Target {
	id := d.R.About
	if u := d.X.Unit(id); u != nil && u.Name == d.R.Target {
		return Target{Unit: u} // another manager may have one of the same name
	}
	if t := d.named(d.R.Target); t.found() {
		return t
	}
	if !d.vague() {
		return Target{Refusal: d.Refuse("target-not-here", "target", d.R.Target)}
	}
	t := Target{Unit: d.X.Unit(id), Process: d.X.Process(id), Container: d.X.Container(id)}
	if t.Process != nil && t.Process.Kernel && d.OnWindows() {
		return Target{Refusal: d.Refuse("behind-unknown")}
	}
	if t.found() {
		return d.layer(t)
	}
	if d.X.Registration(id) != nil {
		return d.behind(id)
	}
	if d.X.Redirect(id) != nil {
		return d.beyond(id)
	}
	return Target{Refusal: d.Refuse("nobody-to-act-on", "target", d.R.Target)}
}

// vague tells that a remedy names nothing in particular, so that the row that it is
// about is what is meant: no target, or a word of the catalog that had no value. A
// name that the facts do not have is somebody else, and not that row.
func (d *Draft) vague() bool {
	t := d.R.Target
	return t == "" || slices.Contains(catalog.Placeholders(), strings.ToLower(t)) && t == strings.ToUpper(t)
}

func (t Target) found() bool { return t.Unit != nil || t.Process != nil || t.Container != nil }

// named finds a target by the text of the remedy: pid-412, 412, nginx.service, web.
func (d *Draft) named(text string) Target {
	if pid, err := strconv.Atoi(strings.TrimPrefix(text, "pid-")); err == nil {
		if p := d.X.PID(pid); p != nil {
			return d.layer(Target{Process: p})
		}
	}
	if text == "" {
		return Target{}
	}
	if u := UnitNamed(d.X, text); u != nil {
		return Target{Unit: u}
	}
	for i := range d.X.Set.Containers {
		if c := &d.X.Set.Containers[i]; c.Name == text || c.Full == text || len(text) >= shortID && strings.HasPrefix(c.Full, text) {
			return Target{Container: c}
		}
	}
	return Target{}
}

// shortID is how much of a container's id its engine shows.
const shortID = 12

// ContainerName is what a container is called: its name, or its id as engines show it.
func ContainerName(c *fact.Container) string {
	if c.Name == "" && len(c.Full) == 64 {
		return c.Full[:shortID]
	}
	return cmp.Or(c.Name, c.Full)
}

// layer goes up from a process to what starts it again: a unit, a service or a
// container is stopped in its place, never under it.
func (d *Draft) layer(t Target) Target {
	if t.Process == nil {
		return t
	}
	for _, h := range d.A.Holders {
		holds := h.Owner.ID == t.Process.ID || chain.Mentions(h.Nodes, t.Process.ID)
		if !holds {
			continue
		}
		if u := d.X.Unit(h.Owner.ID); u != nil && h.Owner.Kind == chain.OwnerUnit {
			return Target{Unit: u}
		}
		if c := d.X.Container(h.Owner.ID); c != nil {
			return Target{Container: c}
		}
	}
	return t
}

// behind is what stands behind a registration of HTTP.sys: one service, or one
// program.
func (d *Draft) behind(registration fact.ID) Target {
	var units []*fact.Unit
	var procs []*fact.Process
	for _, q := range d.X.Links(registration, fact.InQueue) {
		for _, l := range d.X.Links(q.To, fact.ServedBy) {
			if u := d.X.Unit(l.To); u != nil {
				return Target{Unit: u} // tagged by the system
			}
			if p := d.X.Process(l.To); p != nil && !slices.Contains(procs, p) {
				procs = append(procs, p)
				units = append(units, d.Services(p)...)
			}
		}
	}
	switch {
	case len(units) == 1:
		return Target{Unit: units[0]}
	case len(units) > 1:
		return Target{Refusal: d.Refuse("several-services", "services", UnitNames(units))}
	case len(procs) > 0 && !slices.ContainsFunc(procs, func(p *fact.Process) bool { return !strings.EqualFold(p.Name, "w3wp.exe") }):
		if u := UnitNamed(d.X, "W3SVC"); u != nil {
			return Target{Unit: u} // IIS starts its workers again, whoever ends them
		}
		return Target{Refusal: d.Refuse("target-not-here", "target", "W3SVC")}
	case len(procs) == 1:
		return Target{Process: procs[0]}
	case len(procs) > 1:
		return Target{Refusal: d.Refuse("several-processes", "count", strconv.Itoa(len(procs)))}
	}
	return Target{Refusal: d.Refuse("nobody-to-act-on", "target", d.R.Target)}
}

// Services are the Windows services in a process.
func (d *Draft) Services(p *fact.Process) []*fact.Unit {
	var out []*fact.Unit
	for _, l := range d.X.Links(p.ID, fact.PartOf) {
		if u := d.X.Unit(l.To); u != nil && u.Manager == "scm" {
			out = append(out, u)
		}
	}
	return out
}

// beyond is the container that a redirect leads to.
func (d *Draft) beyond(redirect fact.ID) Target {
	for _, l := range d.X.Links(redirect, fact.ForwardsTo) {
		if c := d.X.Container(l.To); c != nil {
			return Target{Container: c}
		}
	}
	return Target{Refusal: d.Refuse("rule-by-hand", "rule", string(redirect))}
}

// UnitNames lists units by name.
func UnitNames(us []*fact.Unit) string {
	var names []string
	for _, u := range us {
		names = append(names, u.Name)
	}
	return strings.Join(names, ", ")
}

// Holds tells whether a unit, a process or a container is among those who have the
// port now, by itself or behind the kernel's listener.
func (d *Draft) Holds(row any) bool {
	var id fact.ID
	switch r := row.(type) {
	case *fact.Unit:
		id = r.ID
	case *fact.Process:
		id = r.ID
	case *fact.Container:
		id = r.ID
	}
	return slices.ContainsFunc(d.A.Holders, func(h chain.Holder) bool { return h.Owner.ID == id || chain.Mentions(h.Nodes, id) })
}

// Finding is the first of a rule, nil where there is none.
func (d *Draft) Finding(rule diagnose.Rule) *diagnose.Finding {
	for i, f := range d.A.Findings {
		if f.Rule == rule {
			return &d.A.Findings[i]
		}
	}
	return nil
}
