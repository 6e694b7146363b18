package planning

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/unit"
	"github.com/berthd/berth/internal/answer/planning/windows"
	"github.com/berthd/berth/internal/fact"
)

// startNewcomer starts the newcomer behind everything else, where it is a unit or a
// service: then it, and no trial bind, is what proves the goal.
func (m maker) startNewcomer() {
	u := m.Newcomer()
	if m.Aimless || u == nil || m.holdsAlready(u) {
		return
	}
	switch {
	case m.afterReboot():
		if !startsAtBoot(u) {
			return // the port is free then, and it does not come for it by itself
		}
	case u.Manager == "scm":
		m.Step(plan.Step{Subject: windows.Subject(u.Name), After: plan.State{"state": "stopped"}, On: plan.OnUndo, Class: plan.Restartable, Why: draft.Reason("stop-newcomer", "unit", u.Name)})
		m.Step(plan.Step{Subject: windows.Subject(u.Name), After: plan.State{"state": "running"}, On: plan.OnDo, Class: plan.Restartable, Why: draft.Reason("start-newcomer", "unit", u.Name)})
	case unit.Systemd(u):
		sub := unit.Subject(u, u.Name)
		if u.Active == "active" { // it runs without the port, and asks for it again when it starts
			m.Step(plan.Step{Subject: plan.Subject{Kind: plan.Reload, Name: u.Name, Of: sub.Of}, On: plan.OnDo, Class: plan.Restartable, Why: draft.Reason("reload-newcomer", "unit", u.Name)})
			break
		}
		m.Step(plan.Step{Subject: sub, After: plan.State{"active": "inactive"}, On: plan.OnUndo, Class: plan.Restartable, Why: draft.Reason("stop-newcomer", "unit", u.Name)})
		m.Step(plan.Step{Subject: sub, After: plan.State{"active": "active"}, On: plan.OnDo, Class: plan.Restartable, Why: draft.Reason("start-newcomer", "unit", u.Name)})
	default:
		return
	}
	m.P.Goal.Owner = unitOwner(u)
	if len(m.A.Endpoint.Addrs) == 0 && len(m.P.Goal.Binds) > 1 {
		m.P.Goal.Binds = m.P.Goal.Binds[:1] // whether it listens for IPv6 as well is its own affair
	}
}

// elsewhere refuses to start a newcomer that would not come for the port.
func (m maker) elsewhere() *Refusal {
	u := m.Newcomer()
	if m.P.Goal.Owner == "" || m.R.Kind == catalog.Port || u == nil || len(m.W.Asks) == 0 || slices.Contains(m.W.Asks, m.A.Endpoint.Port) {
		return nil
	}
	var ports []string
	for _, p := range m.W.Asks {
		ports = append(ports, draft.PortText(p))
	}
	return m.Refuse("asks-for-other", "unit", u.Name, "port", draft.PortText(m.A.Endpoint.Port), "ports", strings.Join(ports, ", "))
}

// afterReboot tells that the port is free only when the machine has been started again.
func (m maker) afterReboot() bool {
	return slices.ContainsFunc(m.P.Steps, func(s plan.Step) bool { return s.Reboot })
}

func startsAtBoot(u *fact.Unit) bool {
	return u.FileState == "enabled" || u.Windows.StartWord() == "automatic"
}

// holdsAlready tells that the newcomer has the port itself.
func (m maker) holdsAlready(u *fact.Unit) bool {
	return slices.ContainsFunc(m.A.Holders, func(h chain.Holder) bool { return isUnit(m.X, h, u) })
}

func isUnit(x *chain.Index, h chain.Holder, u *fact.Unit) bool {
	v := x.Unit(h.Owner.ID)
	return v != nil && h.Owner.Kind == chain.OwnerUnit && v.Manager == u.Manager && strings.EqualFold(v.Name, u.Name)
}

// Has names the newcomer where it has the port of a already, and nobody else has any
// part of it: there is nothing to free. It is "" for a unit that does not run, of which
// something is left over that keeps the port.
func Has(x *chain.Index, a diagnose.Answer, n Newcomer) string {
	name, mine := mineOf(x, n)
	if mine == nil || a.Status != diagnose.Held || len(a.Holders) == 0 || slices.ContainsFunc(a.Holders, func(h chain.Holder) bool { return !mine(h) }) {
		return ""
	}
	return name
}

func mineOf(x *chain.Index, n Newcomer) (string, func(chain.Holder) bool) {
	if p := x.PID(n.PID); n.PID != 0 && p != nil {
		return p.Name + " (PID " + strconv.Itoa(p.PID) + ")", func(h chain.Holder) bool { return holds(x, h, p.ID) }
	}
	if u := n.Unit(x); u != nil && (u.Active == "active" || u.Active == "running" || u.Active == "reloading") {
		return u.Name, func(h chain.Holder) bool { return isUnit(x, h, u) }
	}
	return "", nil
}

// holds tells that a process has every socket of h open.
func holds(x *chain.Index, h chain.Holder, process fact.ID) bool {
	return !slices.ContainsFunc(h.Sockets, func(s fact.ID) bool {
		return !slices.ContainsFunc(x.Links(s, fact.HeldBy), func(l fact.Link) bool { return l.To == process })
	})
}
