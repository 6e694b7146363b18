package planning

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// stopProcess ends a process politely: it is asked, and given time.
func (m *maker) stopProcess(p *fact.Process) *Refusal { return m.endProcess(p, false) }

func (m *maker) endProcess(p *fact.Process, force bool) *Refusal {
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
		m.step(m.processStep(q, force))
	}
	m.heirs(all)
	return nil
}

// stopReloader ends a program that starts the holder again whenever that ends, and
// then the holder.
func (m *maker) stopReloader(u *fact.Unit) *Refusal {
	main := m.mainProgram(u)
	if main == nil {
		return m.refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	if ref := m.maySignal(main); ref != nil {
		return ref
	}
	st := m.processStep(main, false)
	st.Why.ID = "end-reloader"
	m.step(st)
	for _, h := range m.a.Holders {
		for _, n := range h.Nodes {
			p := m.x.Process(n.ID)
			if p == nil || p == main || n.Link != fact.HeldBy || !slices.Contains(m.x.Ancestors(p), main) {
				continue
			}
			if ref := m.mayEnd(p); ref != nil {
				return ref
			}
			m.step(m.processStep(p, false))
		}
	}
	return nil
}

// processStep ends one process. What it was is kept: nobody can start it again
// exactly as it was.
func (m *maker) processStep(p *fact.Process, force bool) plan.Step {
	pid := strconv.Itoa(p.PID)
	_, start, _ := strings.Cut(string(p.ID), "@")
	of := map[string]string{"start": start}
	why := reason("end-process", "pid", pid, "name", p.Name)
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
func (m *maker) mayEnd(p *fact.Process) *Refusal {
	if ref := m.maySignal(p); ref != nil {
		return ref
	}
	if us := m.services(p); len(us) > 1 {
		return m.refuse("several-services", "pid", pidText(p), "services", unitNames(us))
	}
	if !m.holds(p) {
		return m.refuse("not-the-holder", "pid", pidText(p), "name", p.Name)
	}
	return nil
}

// maySignal refuses for those that nobody signals, and for those of which a PID alone
// is known: it may be another's by now.
func (m *maker) maySignal(p *fact.Process) *Refusal {
	if why := m.untouchable(p); why != "" {
		return m.refuse("never-signalled", "pid", pidText(p), "name", p.Name, "why", why)
	}
	if !strings.Contains(string(p.ID), "@") {
		return m.refuse("identity-unknown", "pid", pidText(p), "name", p.Name)
	}
	return nil
}

// untouchable says why a process is never signalled, "" where it may be.
func (m *maker) untouchable(p *fact.Process) string {
	a := m.x.Set.Machine.Asker
	switch {
	case p.Kernel || p.PID == 4 && m.onWindows():
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
func (m *maker) above(a *fact.Asker, p *fact.Process) bool {
	for _, pid := range []int{a.PID, a.Parent, a.Session} {
		q := m.x.PID(pid)
		if q != nil && slices.ContainsFunc(m.x.Ancestors(q), func(r *fact.Process) bool { return r.ID == p.ID }) {
			return true
		}
	}
	return false
}

// beside are the other processes that hold p's sockets by themselves, without being
// its children: the port is free when all of them have ended.
func (m *maker) beside(p *fact.Process) []*fact.Process {
	var out []*fact.Process
	for _, h := range m.a.Holders {
		if h.Owner.ID != p.ID && !chain.Mentions(h.Nodes, p.ID) || h.Owner.Kind != chain.OwnerProcess {
			continue
		}
		for _, n := range h.Nodes {
			q := m.x.Process(n.ID)
			if q == nil || q.ID == p.ID || n.Link != fact.HeldBy || slices.Contains(m.x.Ancestors(q), p) {
				continue
			}
			out = append(out, q)
		}
	}
	return out
}

// heirs warns of processes that were handed the socket and keep the port.
func (m *maker) heirs(ended []*fact.Process) {
	for _, h := range m.a.Holders {
		for _, n := range h.Nodes {
			q := m.x.Process(n.ID)
			if n.Link == fact.InheritedBy && q != nil && !slices.Contains(ended, q) {
				m.warn("heir-keeps-port", "pid", strconv.Itoa(q.PID), "name", q.Name)
			}
		}
	}
}

func pidText(p *fact.Process) string {
	if p == nil {
		return ""
	}
	return strconv.Itoa(p.PID)
}
