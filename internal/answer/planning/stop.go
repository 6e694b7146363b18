package planning

import (
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/process"
	"github.com/berthd/berth/internal/answer/planning/unit"
)

// stop stops the one thing that has the port.
func (m maker) stop() *Refusal {
	if name, ok := strings.CutPrefix(m.R.Target, "site:"); ok && m.OnWindows() {
		m.Step(plan.Step{Subject: plan.Subject{Kind: plan.Site, Name: m.R.Target}, Before: plan.State{"running": "yes"}, After: plan.State{"running": "no"},
			Class: plan.Restartable, Why: draft.Reason("stop-site", "site", name)})
		return nil
	}
	t := m.Find()
	switch {
	case t.Refusal != nil:
		return t.Refusal
	case t.Container != nil:
		return unit.StopContainer(m.Draft, t.Container)
	case t.Unit != nil:
		return unit.Stop(m.Draft, t.Unit)
	}
	return process.End(m.Draft, t.Process, false)
}
