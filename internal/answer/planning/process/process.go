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
	all := append([]*fact.Process{p}, m.beside(p)...)
	for _, q := range all[1:] {
		if ref := m.mayEnd(q); ref != nil {
			return ref
		}
	}
	if !m.onLinux() {
		all = append(all, m.sharers(p)...)
	}
	for _, q := range all {
		if ref := m.maySignal(q); ref != nil {
			return ref
		}
		st := m.processStep(q, force)
		if ref := m.takeAlong(&st, q); ref != nil {
			return ref
		}
		m.Step(st)
	}
	return nil
}

func (m maker) onLinux() bool { return m.X.Set.Machine.OS == "linux" }

// takeAlong ends with p those below it that have its sockets too, or the port would
// not be free: workers, and whoever was only handed them. Elsewhere than on Linux their
// driver does not tell them, and each is a step.
func (m maker) takeAlong(st *plan.Step, p *fact.Process) *draft.Refusal {
	if !m.onLinux() {
		return nil
	}
	var workers, heirs []string
	for _, q := range m.sharers(p) {
		if ref := m.maySignal(q); ref != nil {
			return ref
		}
		if m.inherited(q) {
			heirs = append(heirs, q.Name+" (PID "+draft.PIDText(q)+command(q)+")")
			m.Warn("heir-ends", "pid", draft.PIDText(q), "name", q.Name)
			continue
		}
		workers = append(workers, draft.PIDText(q))
	}
	if len(workers)+len(heirs) == 0 {
		return nil
	}
	st.Subject.Of["children"] = "yes"
	st.Why = draft.Reason(st.Why.ID, "pid", draft.PIDText(p), "name", p.Name, "workers", strings.Join(workers, ", "), "heirs", strings.Join(heirs, ", "))
	return nil
}

// command is what a program was started as, for whoever starts it again.
func command(p *fact.Process) string {
	if len(p.Args) == 0 {
		return ""
	}
	return ": " + strings.Join(fact.RedactArgs(p.Args), " ")
}

// sharers are the processes below p that have the port's sockets as well.
func (m maker) sharers(p *fact.Process) []*fact.Process {
	var out []*fact.Process
	add := func(id fact.ID) {
		q := m.X.Process(id)
		if q != nil && q != p && slices.Contains(m.X.Ancestors(q), p) && !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	for _, h := range m.A.Holders {
		for _, n := range h.Nodes {
			add(n.ID)
			for _, id := range n.Workers {
				add(id)
			}
		}
	}
	return out
}

// inherited tells that a process was handed the socket and does not serve it.
func (m maker) inherited(p *fact.Process) bool {
	return slices.ContainsFunc(m.A.Holders, func(h chain.Holder) bool {
		return slices.ContainsFunc(h.Nodes, func(n chain.Node) bool { return n.ID == p.ID && n.Link == fact.InheritedBy })
	})
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
	if m.onLinux() && m.Holds(main) {
		if ref := m.takeAlong(&st, main); ref != nil {
			return ref
		}
		m.Step(st)
		return nil
	}
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

// beside are the other processes that have p's sockets, without being below it: the
// port is free when all of them have ended.
func (m maker) beside(p *fact.Process) []*fact.Process {
	var out []*fact.Process
	for _, h := range m.A.Holders {
		if h.Owner.ID != p.ID && !chain.Mentions(h.Nodes, p.ID) || h.Owner.Kind != chain.OwnerProcess {
			continue
		}
		for _, n := range h.Nodes {
			q := m.X.Process(n.ID)
			if q == nil || q.ID == p.ID || n.Link != fact.HeldBy && n.Link != fact.InheritedBy || slices.Contains(m.X.Ancestors(q), p) || slices.Contains(out, q) {
				continue
			}
			out = append(out, q)
			if n.Link == fact.InheritedBy {
				m.Warn("heir-ends", "pid", draft.PIDText(q), "name", q.Name)
			}
		}
	}
	return out
}
