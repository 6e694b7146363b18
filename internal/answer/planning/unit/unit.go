// Package unit plans changes of units, of programs under a supervisor and of
// containers: always at the layer that would start them again. It is pure.
package unit

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/process"
	"github.com/berthd/berth/internal/answer/planning/windows"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

type maker struct{ *draft.Draft }

// Subject names a systemd unit.
func Subject(u *fact.Unit, name string) plan.Subject {
	return plan.Subject{Kind: plan.Unit, Name: name, Of: Manager(u)}
}

// Manager is a unit's part of a subject: whose manager it is of.
func Manager(u *fact.Unit) map[string]string {
	if u.Manager == "systemd --user" {
		return map[string]string{"manager": u.UserUID}
	}
	return map[string]string{"manager": "system"}
}

// Systemd tells a unit of systemd's.
func Systemd(u *fact.Unit) bool {
	return u != nil && (u.Manager == "systemd" || u.Manager == "systemd --user")
}

// Stop stops a unit so that nothing starts it again: what triggers it goes first.
func Stop(d *draft.Draft, u *fact.Unit) *draft.Refusal { return maker{d}.stopUnit(u) }

func (m maker) stopUnit(u *fact.Unit) *draft.Refusal {
	switch {
	case u.Manager == "scm":
		return windows.Stop(m.Draft, u)
	case slices.Contains(supervisors[:], u.Manager):
		return m.stopSupervised(u)
	case u.Restart == "on-change":
		return process.StopReloader(m.Draft, u)
	case !Systemd(u):
		return m.Refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	case u.Manager == "systemd --user" && u.UserUID == "":
		return m.Refuse("whose-manager", "unit", u.Name)
	}
	triggers, services := Family(m.Draft, u)
	for _, s := range services {
		if len(triggers) > 0 && s.Active == "active" {
			m.restarted(s)
		}
	}
	for _, t := range triggers {
		m.Step(m.unitStep(t, plan.State{"active": "inactive"}, draft.Reason("stop-trigger", "unit", t.Name, "starts", u.Name)))
	}
	for _, s := range services {
		if len(triggers) == 0 {
			m.Step(m.unitStep(s, plan.State{"active": "inactive"}, draft.Reason("stop-unit", "unit", s.Name, "restart", respawn(s))))
			continue
		}
		// The socket may start it between two steps: it is set, whatever it is then.
		st := m.unitStep(s, plan.State{"active": "inactive"}, draft.Reason("stop-triggered", "unit", s.Name))
		st.Before, st.On = nil, plan.OnDo
		m.Step(st)
	}
	return nil
}

// restarted puts the step first that starts a service again when all is taken back,
// behind the socket that it gets its listener from.
func (m maker) restarted(s *fact.Unit) {
	m.Step(plan.Step{Subject: Subject(s, s.Name), After: plan.State{"active": "active"}, On: plan.OnUndo,
		Class: plan.Restartable, Why: draft.Reason("start-again", "unit", s.Name)})
}

// respawn is the unit's own word for what brings it back, "" for nothing.
func respawn(u *fact.Unit) string {
	if u.Restart == "no" {
		return ""
	}
	return u.Restart
}

// Family are the units that start u, or that u is, and the services that hold the
// listener in the end. Instances of a template are connections in use: they are
// left alone.
func Family(d *draft.Draft, u *fact.Unit) (triggers, services []*fact.Unit) {
	m := maker{d}
	if len(u.Triggers) == 0 {
		for _, name := range u.TriggeredBy {
			triggers = append(triggers, m.sibling(u, name))
		}
		return triggers, []*fact.Unit{u}
	}
	for _, name := range u.Triggers {
		if s := m.sibling(u, name); !u.Accept && !strings.Contains(name, "@.") {
			services = append(services, s)
			for _, by := range s.TriggeredBy {
				if by != u.Name {
					triggers = append(triggers, m.sibling(u, by))
				}
			}
		}
	}
	return append([]*fact.Unit{u}, triggers...), services
}

// sibling is another unit of u's manager, of which the facts may know no more than
// the name.
func (m maker) sibling(u *fact.Unit, name string) *fact.Unit {
	for i := range m.X.Set.Units {
		v := &m.X.Set.Units[i]
		if v.Name == name && v.Manager == u.Manager && v.UserUID == u.UserUID {
			return v
		}
	}
	return &fact.Unit{Manager: u.Manager, Name: name, UserUID: u.UserUID}
}

// unitStep changes a unit. Of what it is like now, the fields that change are kept,
// and whether it starts at boot.
func (m maker) unitStep(u *fact.Unit, after plan.State, why plan.Reason) plan.Step {
	before := plan.State{}
	if u.Active != "" {
		before["active"] = u.Active
	}
	if u.FileState != "" {
		before["enabled"] = u.FileState
	}
	class := plan.Reversible
	if _, stops := after["active"]; stops {
		class = plan.Restartable
		if strings.Contains(u.Fragment, "/systemd/transient/") {
			class = plan.Final
			m.Warn("unit-vanishes", "unit", u.Name)
		}
	}
	return plan.Step{Subject: Subject(u, u.Name), Before: before, After: after, Class: class, Why: why}
}

// Startup keeps the holder from starting at boot, and stops it now; of a newcomer
// that failed, only the first.
func Startup(d *draft.Draft) *draft.Refusal { return maker{d}.startup() }

func (m maker) startup() *draft.Refusal {
	if m.R.Target == ways.Reservations {
		return windows.Reservations(m.Draft)
	}
	for i := range m.X.Set.Reservations {
		if r := &m.X.Set.Reservations[i]; r.ID == m.R.About || r.URL == m.R.Target {
			return windows.Leftover(m.Draft, r)
		}
	}
	t := m.Find()
	if t.Refusal != nil {
		return t.Refusal
	}
	if t.Container != nil {
		return m.startupContainer(t.Container)
	}
	u := t.Unit
	switch {
	case u == nil:
		return m.Refuse("no-unit", "target", m.R.Target)
	case u.Manager == "scm":
		return windows.Startup(m.Draft, u)
	case !Systemd(u):
		return m.Refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	triggers, services := Family(m.Draft, u)
	var enabled []*fact.Unit
	for _, v := range slices.Concat(triggers, services) {
		if disabled(v.FileState) != "" {
			enabled = append(enabled, v)
		}
	}
	if len(enabled) == 0 {
		return m.Refuse("not-enabled", "unit", u.Name, "state", u.FileState)
	}
	m.Aimless = !m.Holds(u) // it only failed; the port is another's
	if !m.Aimless {
		if ref := m.stopUnit(u); ref != nil {
			return ref
		}
	}
	for _, v := range enabled {
		m.Also(m.unitStep(v, plan.State{"enabled": disabled(v.FileState)}, draft.Reason("disable-unit", "unit", v.Name)))
	}
	return nil
}

// disabled is what keeps a unit from starting at boot, "" where nothing of its own
// starts it ("static": others want it).
func disabled(state string) string {
	if state == "enabled" {
		return "disabled"
	}
	return ""
}
