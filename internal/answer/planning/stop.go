package planning

import (
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// supervisors are asked by their own command.
var supervisors = map[string]bool{"supervisord": true, "runit": true, "pm2": true}

func supervised(u *fact.Unit) plan.Subject {
	of := map[string]string{"supervisor": u.Manager}
	if u.User != "" {
		of["user"] = u.User
	}
	return plan.Subject{Kind: plan.Supervised, Name: u.Name, Of: of}
}

// stop stops the one thing that has the port.
func (m *maker) stop() *Refusal {
	if name, ok := strings.CutPrefix(m.r.Target, "site:"); ok && m.onWindows() {
		m.step(plan.Step{Subject: plan.Subject{Kind: plan.Site, Name: m.r.Target}, Before: plan.State{"running": "yes"}, After: plan.State{"running": "no"},
			Class: plan.Restartable, Why: reason("stop-site", "site", name)})
		return nil
	}
	t := m.find()
	switch {
	case t.refusal != nil:
		return t.refusal
	case t.container != nil:
		return m.stopContainer(t.container)
	case t.unit != nil:
		return m.stopUnit(t.unit)
	}
	return m.stopProcess(t.process)
}
