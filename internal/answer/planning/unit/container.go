package unit

import (
	"cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

// StopContainer stops a container through its engine, never its forwarder.
func StopContainer(d *draft.Draft, c *fact.Container) *draft.Refusal {
	return maker{d}.stopContainer(c)
}

func (m maker) stopContainer(c *fact.Container) *draft.Refusal {
	if c.Engine != "docker" && c.Engine != "podman" {
		return m.Refuse("by-hand", "manager", c.Engine, "unit", cmp.Or(c.Name, c.Full))
	}
	if len(c.Full) != 64 {
		return m.Refuse("identity-unknown", "name", cmp.Or(c.Name, c.Full))
	}
	m.Step(plan.Step{Subject: m.containerSubject(c), Before: m.containerState(c), After: plan.State{"running": "no"},
		Class: plan.Restartable, Why: draft.Reason("stop-container", "container", cmp.Or(c.Name, c.Full), "engine", c.Engine)})
	if c.Restart == "always" {
		m.Warn("container-returns", "container", cmp.Or(c.Name, c.Full))
	}
	return nil
}

func (m maker) containerState(c *fact.Container) plan.State {
	s := plan.State{"running": "yes"}
	if c.State != "" && c.State != "running" {
		delete(s, "running")
	}
	if c.Restart != "" {
		s["restart"] = c.Restart
	}
	return s
}

func (m maker) containerSubject(c *fact.Container) plan.Subject {
	of := map[string]string{"engine": c.Engine}
	for _, e := range m.X.Set.Engines {
		if e.Name == c.Engine && e.User == c.User && e.State == "answered" {
			of["socket"] = e.Path
			break
		}
	}
	if c.User != "" {
		of["user"] = c.User
	}
	return plan.Subject{Kind: plan.Container, Name: c.Full, Of: of}
}

// startupContainer keeps a container from coming back with its engine.
func (m maker) startupContainer(c *fact.Container) *draft.Refusal {
	if c.Restart == "" || c.Restart == "no" {
		return m.Refuse("not-enabled", "unit", cmp.Or(c.Name, c.Full), "state", c.Restart)
	}
	if ref := m.stopContainer(c); ref != nil {
		return ref
	}
	m.Also(plan.Step{Subject: m.containerSubject(c), After: plan.State{"restart": "no"},
		Class: plan.Reversible, Why: draft.Reason("container-stays-down", "container", cmp.Or(c.Name, c.Full))})
	m.P.Warnings = nil // it no longer returns
	return nil
}
