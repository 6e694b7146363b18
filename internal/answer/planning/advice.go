package planning

import (
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// wait changes nothing: what stands in the way goes away by itself.
func (m *maker) wait() *Refusal {
	m.warn("wait-for-it", "seconds", "60")
	return nil
}

func (m *maker) share() *Refusal { return m.refuse("mediator-not-there") }

// feature is advice only: berth installs and uninstalls nothing.
func (m *maker) feature() *Refusal {
	return m.refuse("advice-only", "feature", m.r.Target, "text", m.r.Text)
}

// kill ends a process that does not end when asked. It never goes past a supervisor:
// what is one's unit, service or container is stopped there.
func (m *maker) kill() *Refusal {
	t := m.find()
	switch {
	case t.refusal != nil:
		return t.refusal
	case t.process == nil && t.unit != nil:
		return m.refuse("stop-it-instead", "target", t.unit.Name)
	case t.process == nil:
		return m.refuse("stop-it-instead", "target", t.container.Name)
	case m.stranger(t.process):
		return m.refuse("own-copy-holds", "pid", pidText(t.process), "name", t.process.Name)
	}
	return m.endProcess(t.process, true)
}

// stranger tells that p is somebody else's while another copy of the newcomer has
// the port, or the newcomer asks for it twice itself.
func (m *maker) stranger(p *fact.Process) bool {
	if m.finding(diagnose.RuleConfigTwice) != nil {
		return true
	}
	f := m.finding(diagnose.RuleSecondCopy)
	return f != nil && f.About[0] != p.ID
}

// kernel stops a part of the kernel with all that needs it.
func (m *maker) kernel() *Refusal {
	if !strings.EqualFold(m.r.Target, "HTTP") || !m.onWindows() {
		return m.refuse("by-hand", "manager", "kernel", "unit", m.r.Target)
	}
	http := m.x.Unit(fact.UnitID("scm", "HTTP"))
	if http == nil {
		http = unitNamed(m.x, "HTTP")
	}
	if http == nil {
		http = &fact.Unit{ID: fact.UnitID("scm", "HTTP"), Manager: "scm", Name: "HTTP"}
	}
	stopped := m.stopDependents(http)
	if len(stopped) == 0 && http.Windows == nil {
		return m.refuse("dependents-unknown", "service", "HTTP")
	}
	st := m.serviceStep(http, plan.State{"state": "stopped"}, reason("stop-kernel", "service", "HTTP", "start", serviceState(http)["start"]))
	st.Limit = kernelLimit
	m.step(st)
	if len(stopped) > 0 {
		m.warn("kernel-dependents", "services", displayNames(stopped))
	}
	m.warn("http-stop-hangs")
	if start := serviceState(http)["start"]; start != "disabled" {
		m.warn("http-starts-again", "start", start)
	}
	return nil
}

func displayNames(us []*fact.Unit) string {
	var out []string
	for _, u := range us {
		name := u.Name
		if u.Description != "" {
			name = u.Description + " (" + u.Name + ")"
		} else if strings.EqualFold(u.Name, "Spooler") {
			name = "Print Spooler (" + u.Name + ")"
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}
