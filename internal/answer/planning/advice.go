package planning

import (
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/process"
	"github.com/berthd/berth/internal/fact"
)

// wait changes nothing: what stands in the way goes away by itself.
func (m maker) wait() *Refusal {
	if m.Finding(diagnose.RuleOutgoing) != nil {
		m.Warn("wait-for-end")
	} else {
		m.Warn("wait-for-it", "seconds", "60")
	}
	return nil
}

func (m maker) share() *Refusal { return m.Refuse("mediator-not-there") }

// feature is advice only: berth installs and uninstalls nothing.
func (m maker) feature() *Refusal {
	return m.Refuse("advice-only", "feature", m.R.Target, "text", m.R.Text)
}

// kill ends a process that does not end when asked. It never goes past a supervisor:
// what is one's unit, service or container is stopped there.
func (m maker) kill() *Refusal {
	t := m.Find()
	switch {
	case t.Refusal != nil:
		return t.Refusal
	case t.Process == nil && t.Unit != nil:
		return m.Refuse("stop-it-instead", "target", t.Unit.Name)
	case t.Process == nil:
		return m.Refuse("stop-it-instead", "target", t.Container.Name)
	case m.stranger(t.Process):
		return m.Refuse("own-copy-holds", "pid", draft.PIDText(t.Process), "name", t.Process.Name)
	}
	return process.End(m.Draft, t.Process, true)
}

// stranger tells that p is somebody else's while another copy of the newcomer has
// the port, or the newcomer asks for it twice itself.
func (m maker) stranger(p *fact.Process) bool {
	if m.Finding(diagnose.RuleConfigTwice) != nil {
		return true
	}
	f := m.Finding(diagnose.RuleSecondCopy)
	return f != nil && f.About[0] != p.ID
}
