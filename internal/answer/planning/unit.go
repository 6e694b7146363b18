package planning

import (
	"maps"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

// unitSubject names a systemd unit.
func unitSubject(u *fact.Unit, name string) plan.Subject {
	return plan.Subject{Kind: plan.Unit, Name: name, Of: manager(u)}
}

func manager(u *fact.Unit) map[string]string {
	if u.Manager == "systemd --user" {
		return map[string]string{"manager": u.UserUID}
	}
	return map[string]string{"manager": "system"}
}

func systemdUnit(u *fact.Unit) bool {
	return u != nil && (u.Manager == "systemd" || u.Manager == "systemd --user")
}

// stopUnit stops a unit so that nothing starts it again: what triggers it goes first.
func (m *maker) stopUnit(u *fact.Unit) *Refusal {
	switch {
	case u.Manager == "scm":
		return m.stopService(u)
	case slices.Contains(supervisors[:], u.Manager):
		return m.stopSupervised(u)
	case u.Restart == "on-change":
		return m.stopReloader(u)
	case !systemdUnit(u):
		return m.refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	case u.Manager == "systemd --user" && u.UserUID == "":
		return m.refuse("whose-manager", "unit", u.Name)
	}
	triggers, services := m.family(u)
	for _, s := range services {
		m.restarted(s)
	}
	for _, t := range triggers {
		m.step(m.unitStep(t, plan.State{"active": "inactive"}, reason("stop-trigger", "unit", t.Name, "starts", u.Name)))
	}
	for _, s := range services {
		if len(triggers) == 0 {
			m.step(m.unitStep(s, plan.State{"active": "inactive"}, reason("stop-unit", "unit", s.Name, "restart", respawn(s))))
			continue
		}
		// The socket may start it between two steps: it is set, whatever it is then.
		st := m.unitStep(s, plan.State{"active": "inactive"}, reason("stop-triggered", "unit", s.Name))
		st.Before, st.On = nil, plan.OnDo
		m.step(st)
	}
	return nil
}

// restarted puts the step first that starts a service again when all is taken back,
// behind the socket that it gets its listener from.
func (m *maker) restarted(s *fact.Unit) {
	if triggers, _ := m.family(s); len(triggers) == 0 || s.Active != "active" {
		return
	}
	m.step(plan.Step{Subject: unitSubject(s, s.Name), After: plan.State{"active": "active"}, On: plan.OnUndo,
		Class: plan.Restartable, Why: reason("start-again", "unit", s.Name)})
}

// respawn is the unit's own word for what brings it back, "" for nothing.
func respawn(u *fact.Unit) string {
	if u.Restart == "no" {
		return ""
	}
	return u.Restart
}

// family are the units that start u, or that u is, and the services that hold the
// listener in the end. Instances of a template are connections in use: they are
// left alone.
func (m *maker) family(u *fact.Unit) (triggers, services []*fact.Unit) {
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
func (m *maker) sibling(u *fact.Unit, name string) *fact.Unit {
	for i := range m.x.Set.Units {
		v := &m.x.Set.Units[i]
		if v.Name == name && v.Manager == u.Manager && v.UserUID == u.UserUID {
			return v
		}
	}
	return &fact.Unit{Manager: u.Manager, Name: name, UserUID: u.UserUID}
}

// unitStep changes a unit. Of what it is like now, the fields that change are kept,
// and whether it starts at boot.
func (m *maker) unitStep(u *fact.Unit, after plan.State, why plan.Reason) plan.Step {
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
	}
	return plan.Step{Subject: unitSubject(u, u.Name), Before: before, After: after, Class: class, Why: why}
}

// startup keeps the holder from starting at boot, and stops it now; of a newcomer
// that failed, only the first.
func (m *maker) startup() *Refusal {
	if m.r.Target == ways.Reservations {
		return m.reservations()
	}
	for i := range m.x.Set.Reservations {
		if r := &m.x.Set.Reservations[i]; r.ID == m.r.About || r.URL == m.r.Target {
			return m.leftover(r)
		}
	}
	t := m.find()
	if t.refusal != nil {
		return t.refusal
	}
	if t.container != nil {
		return m.startupContainer(t.container)
	}
	u := t.unit
	switch {
	case u == nil:
		return m.refuse("no-unit", "target", m.r.Target)
	case u.Manager == "scm":
		return m.startupService(u)
	case !systemdUnit(u):
		return m.refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	triggers, services := m.family(u)
	var enabled []*fact.Unit
	for _, v := range slices.Concat(triggers, services) {
		if disabled(v.FileState) != "" {
			enabled = append(enabled, v)
		}
	}
	if len(enabled) == 0 {
		return m.refuse("not-enabled", "unit", u.Name, "state", u.FileState)
	}
	m.aimless = !m.holds(u) // it only failed; the port is another's
	if !m.aimless {
		if ref := m.stopUnit(u); ref != nil {
			return ref
		}
	}
	for _, v := range enabled {
		m.also(m.unitStep(v, plan.State{"enabled": disabled(v.FileState)}, reason("disable-unit", "unit", v.Name)))
	}
	return nil
}

// also adds what a step changes to the one that is about the same thing already, or
// adds the step.
func (m *maker) also(st plan.Step) {
	for _, have := range m.p.Steps {
		if have.On == plan.Always && have.Subject.Kind == st.Subject.Kind && have.Subject.Name == st.Subject.Name {
			maps.Copy(have.After, st.After)
			maps.Copy(have.Before, st.Before)
			return
		}
	}
	delete(st.Before, "active") // whatever it is by then
	m.step(st)
}

// disabled is what keeps a unit from starting at boot, "" where nothing of its own
// starts it ("static": others want it).
func disabled(state string) string {
	if state == "enabled" {
		return "disabled"
	}
	return ""
}
