// Package process plans the end of processes: politely, of the right ones, and of no
// process that nobody signals. It is pure.
package process

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

type maker struct{ *draft.Draft }

// End ends a process and whoever holds its sockets beside it: politely, or with force
// where it does not end when it is asked.
func End(d *draft.Draft, p *fact.Process, force bool) *draft.Refusal {
	return maker{d}.end(p, force)
}

func (m maker) end(p *fact.Process, force bool) *draft.Refusal {
	if ref := m.mayEnd(p); ref != nil {
		return ref
	}
	all := []*fact.Process{p}
	for _, q := range m.beside(p) {
		if ref := m.mayEnd(q); ref != nil {
			return ref
		}
		all = append(all, q)
	}
	for _, q := range all {
		m.Step(m.processStep(q, force))
	}
	m.heirs(all)
	return nil
}

// StopReloader ends a program that starts the holder again whenever that ends, and
// then the holder.
func StopReloader(d *draft.Draft, u *fact.Unit) *draft.Refusal {
	m := maker{d}
	main := m.MainProgram(u)
	if main == nil {
		return m.Refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	if ref := m.maySignal(main); ref != nil {
		return ref
	}
	st := m.processStep(main, false)
	st.Why.ID = "end-reloader"
	m.Step(st)
	for _, h := range m.A.Holders {
		for _, n := range h.Nodes {
			p := m.X.Process(n.ID)
			if p == nil || p == main || n.Link != fact.HeldBy || !slices.Contains(m.X.Ancestors(p), main) {
				continue
			}
			if ref := m.mayEnd(p); ref != nil {
				return ref
			}
			m.Step(m.processStep(p, false))
		}
	}
	return nil
}

// processStep ends one process. What it was is kept: nobody can start it again
// exactly as it was.
func (m maker) processStep(p *fact.Process, force bool) plan.Step {
	pid := strconv.Itoa(p.PID)
	_, start, _ := strings.Cut(string(p.ID), "@")
	of := map[string]string{"start": start}
	why := draft.Reason("end-process", "pid", pid, "name", p.Name)
	if force {
		of["force"] = "yes"
		why.ID = "kill-process"
	}
	before := plan.State{"state": "running"}
	if p.State == "stopped" {
		before["state"] = "stopped"
	}
	for field, v := range map[string]string{"exe": p.Exe, "cwd": p.Cwd, "user": p.User} {
		if v != "" {
			before[field] = v
		}
	}
	return plan.Step{Subject: plan.Subject{Kind: plan.Process, Name: pid, Of: of}, Before: before,
		After: plan.State{"state": "gone"}, Class: plan.Final, Why: why}
}

// mayEnd refuses for those that nobody signals, and for those that are in nobody's
// way.
func (m maker) mayEnd(p *fact.Process) *draft.Refusal {
	if ref := m.maySignal(p); ref != nil {
		return ref
	}
	if us := m.Services(p); len(us) > 1 {
		return m.Refuse("several-services", "pid", draft.PIDText(p), "services", draft.UnitNames(us))
	}
	if !m.Holds(p) {
		return m.Refuse("not-the-holder", "pid", draft.PIDText(p), "name", p.Name)
	}
	return nil
}

// maySignal refuses for those that nobody signals, and for those of which a PID alone
// is known: it may be another's by now.
func (m maker) maySignal(p *fact.Process) *draft.Refusal {
	if why := m.untouchable(p); why != "" {
		return m.Refuse("never-signalled", "pid", draft.PIDText(p), "name", p.Name, "why", why)
	}
	if !strings.Contains(string(p.ID), "@") {
		return m.Refuse("identity-unknown", "pid", draft.PIDText(p), "name", p.Name)
	}
	return nil
}

// untouchable says why a process is never signalled, "" where it may be.
func (m maker) untouchable(p *fact.Process) string {
	a := m.X.Set.Machine.Asker
	switch {
	case p.Kernel || p.PID == 4 && m.OnWindows():
		return "kernel"
	case p.PID <= 1:
		return "init"
	case a == nil:
		return ""
	case p.PID == a.PID:
		return "self"
	case p.PID == a.Parent || p.PID == a.Session || m.above(a, p):
		return "ancestor"
	}
	return ""
}

// above tells whether the asker would end with p.
func (m maker) above(a *fact.Asker, p *fact.Process) bool {
	for _, pid := range []int{a.PID, a.Parent, a.Session} {
		q := m.X.PID(pid)
		if q != nil && slices.ContainsFunc(m.X.Ancestors(q), func(r *fact.Process) bool { return r.ID == p.ID }) {
			return true
		}
	}
	return false
}

// beside are the other processes that hold p's sockets by themselves, without being
// its children: the port is free when all of them have ended.
func (m maker) beside(p *fact.Process) []*fact.Process {
	var out []*fact.Process
	for _, h := range m.A.Holders {
		if h.Owner.ID != p.ID && !chain.Mentions(h.Nodes, p.ID) || h.Owner.Kind != chain.OwnerProcess {
			continue
		}
		for _, n := range h.Nodes {
			q := m.X.Process(n.ID)
			if q == nil || q.ID == p.ID || n.Link != fact.HeldBy || slices.Contains(m.X.Ancestors(q), p) {
				continue
			}
			out = append(out, q)
		}
	}
	return out
}

// heirs warns of processes that were handed the socket and keep the port.
func (m maker) heirs(ended []*fact.Process) {
	for _, h := range m.A.Holders {
		for _, n := range h.Nodes {
			q := m.X.Process(n.ID)
			if n.Link == fact.InheritedBy && q != nil && !slices.Contains(ended, q) {
				m.Warn("heir-keeps-port", "pid", strconv.Itoa(q.PID), "name", q.Name)
			}
		}
	}
}
