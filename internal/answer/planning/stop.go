package planning

import (
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
