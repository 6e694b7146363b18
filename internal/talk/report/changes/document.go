package changes

import (
	"maps"
	"time"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
)

// Document is a plan as api/v1 says it.
func Document(p plan.Plan) v1.Plan {
	out := v1.Plan{Remedy: p.Remedy, For: p.For, Goal: Goal(p.Goal), Cost: CostDocument(p.Cost), Steps: []v1.Step{}, Warnings: []v1.Note{}, Settle: p.Goal.Settle.Seconds()}
	for _, w := range p.Warnings {
		out.Warnings = append(out.Warnings, Note(w))
	}
	for _, s := range p.Steps {
		out.Steps = append(out.Steps, step(s))
	}
	return out
}

// Note is a reason as api/v1 says it.
func Note(r plan.Reason) v1.Note { return v1.Note{ID: r.ID, Text: Reason(r), Args: r.Args} }

// CostDocument is a cost as api/v1 says it.
func CostDocument(c plan.Cost) v1.Cost {
	return v1.Cost{Privilege: c.Privilege, Risk: c.Risk, Stops: c.Stops, Downtime: c.Downtime, Class: string(c.Class), Survives: c.Survives, Reboot: c.Reboot, CutsOff: c.CutsOff}
}

func step(s plan.Step) v1.Step {
	out := v1.Step{Text: Step(s), Kind: string(s.Subject.Kind), Name: s.Subject.Name, Of: s.Subject.Of, Before: map[string]string{}, After: map[string]string{},
		Lines: Lines(s), When: string(s.On), Class: string(s.Class), Reboot: s.Reboot}
	if s.Why.ID != "" {
		out.Why = Reason(s.Why)
	}
	maps.Copy(out.After, s.After)
	maps.Copy(out.Before, s.Back())
	if s.Class == plan.Final {
		maps.Copy(out.Before, s.Before) // for whoever starts it again
	}
	delete(out.Before, "content")
	delete(out.After, "content")
	return out
}

// Entry is a journal entry as api/v1 says it.
func Entry(e *journal.Entry) v1.JournalEntry {
	out := v1.JournalEntry{ID: e.ID, Made: e.Plan.Made, By: e.By.User, Remedy: e.Plan.Remedy, Port: e.Plan.Port, Proto: e.Plan.Proto, For: e.Plan.For,
		Status: string(e.Status()), Open: e.Status().Open(), Until: Until(e), Plan: Document(e.Plan), Events: []v1.Event{}}
	for _, ev := range e.Events {
		j := v1.Event{At: ev.At, Kind: string(ev.Kind), Text: ev.Text}
		if ev.Step >= 0 {
			n := ev.Step + 1
			j.Step = &n
		}
		out.Events = append(out.Events, j)
	}
	return out
}

// Until is when an entry goes back by itself, nil where it does not.
func Until(e *journal.Entry) *time.Time {
	if ev := e.Has(journal.Awaiting); ev != nil && e.Status() == journal.Unconfirmed {
		return &ev.Until
	}
	return nil
}
