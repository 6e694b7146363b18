package unit

import (
	"slices"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

// DropIn writes a drop-in and makes it count: the manager reads it, then the unit
// and what it starts are started anew, the trigger first to stop and first to start.
// Undoing runs through the same in the same order.
func DropIn(d *draft.Draft, u *fact.Unit, name, text string, why plan.Reason) *draft.Refusal {
	return maker{d}.dropIn(u, name, text, why)
}

func (m maker) dropIn(u *fact.Unit, name, text string, why plan.Reason) *draft.Refusal {
	if u.Manager != "systemd" {
		return m.Refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	_, services := Family(m.Draft, u)
	services = slices.DeleteFunc(services, func(s *fact.Unit) bool { return s == u }) // it starts nothing but itself
	down, up := plan.State{"active": "inactive"}, plan.State{"active": "active"}
	var running []*fact.Unit
	for _, s := range services {
		if s.Active == "active" {
			running = append(running, s)
		}
	}
	// Backwards, as undoing reads it: stop the socket, its services, put the file back,
	// reload, start the socket, start what ran.
	for _, s := range running {
		m.on(plan.OnUndo, s, up)
	}
	m.on(plan.OnUndo, u, up)
	ReloadSystemd(m.Draft, plan.OnUndo)
	path := "/etc/systemd/system/" + u.Name + ".d/" + name
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: path}, After: plan.State{"exists": "yes", "content": text}, Class: plan.Reversible, Why: why})
	for _, s := range services {
		m.on(plan.OnUndo, s, down)
	}
	m.on(plan.OnUndo, u, down)
	ReloadSystemd(m.Draft, plan.OnDo)
	m.on(plan.OnDo, u, down)
	for _, s := range services {
		m.on(plan.OnDo, s, down)
	}
	m.on(plan.OnDo, u, up)
	for _, s := range running {
		m.on(plan.OnDo, s, up)
	}
	return nil
}

// on adds a step of one phase for a unit.
func (m maker) on(phase plan.Phase, u *fact.Unit, after plan.State) {
	id := "stop-for-change"
	if after["active"] == "active" {
		id = "start-after-change"
	}
	m.Step(plan.Step{Subject: Subject(u, u.Name), After: after, On: phase, Class: plan.Restartable, Why: draft.Reason(id, "unit", u.Name)})
}

// ReloadSystemd has the manager read its files again.
func ReloadSystemd(d *draft.Draft, phase plan.Phase) {
	d.Step(plan.Step{Subject: plan.Subject{Kind: plan.Reload, Name: "systemd", Of: map[string]string{"manager": "system"}}, On: phase,
		Class: plan.Reversible, Why: draft.Reason("reload-systemd")})
}
