package planning

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// startNewcomer starts the newcomer behind everything else, where it is a unit or a
// service: then it, and no trial bind, is what proves the goal.
func (m *maker) startNewcomer() {
	u := m.w.Newcomer.unit(m.x)
	if m.aimless || u == nil || m.holdsAlready(u) {
		return
	}
	switch {
	case u.Manager == "scm":
		m.step(plan.Step{Subject: serviceSubject(u.Name), After: plan.State{"state": "stopped"}, On: plan.OnUndo, Class: plan.Restartable, Why: reason("stop-newcomer", "unit", u.Name)})
		m.step(plan.Step{Subject: serviceSubject(u.Name), After: plan.State{"state": "running"}, On: plan.OnDo, Class: plan.Restartable, Why: reason("start-newcomer", "unit", u.Name)})
	case systemdUnit(u):
		sub := unitSubject(u, u.Name)
		if u.Active == "active" { // it runs without the port, and asks for it again when it starts
			m.step(plan.Step{Subject: plan.Subject{Kind: plan.Reload, Name: u.Name, Of: sub.Of}, On: plan.OnDo, Class: plan.Restartable, Why: reason("reload-newcomer", "unit", u.Name)})
			break
		}
		m.step(plan.Step{Subject: sub, After: plan.State{"active": "inactive"}, On: plan.OnUndo, Class: plan.Restartable, Why: reason("stop-newcomer", "unit", u.Name)})
		m.step(plan.Step{Subject: sub, After: plan.State{"active": "active"}, On: plan.OnDo, Class: plan.Restartable, Why: reason("start-newcomer", "unit", u.Name)})
	default:
		return
	}
	m.p.Goal.Owner = unitOwner(u)
	if len(m.a.Endpoint.Addrs) == 0 && len(m.p.Goal.Binds) > 1 {
		m.p.Goal.Binds = m.p.Goal.Binds[:1] // whether it listens for IPv6 as well is its own affair
	}
}

// holdsAlready tells that the newcomer has the port itself.
func (m *maker) holdsAlready(u *fact.Unit) bool {
	return slices.ContainsFunc(m.a.Holders, func(h chain.Holder) bool {
		v := m.x.Unit(h.Owner.ID)
		return v != nil && h.Owner.Kind == chain.OwnerUnit && v.Manager == u.Manager && strings.EqualFold(v.Name, u.Name)
	})
}
