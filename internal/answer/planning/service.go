package planning

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// serviceState is what the facts say of a Windows service, in the words of its
// driver.
func serviceState(u *fact.Unit) plan.State {
	s := plan.State{}
	switch u.Active {
	case "running", "stopped":
		s["state"] = u.Active
	case "starting", "stopping", "continuing", "pausing":
		s["state"] = strings.TrimSuffix(u.Active, "ing") + "-pending"
	}
	switch w := u.Windows.StartWord(); {
	case w == "automatic" && u.Windows.Delayed:
		s["start"] = "auto-delayed"
	case w == "automatic":
		s["start"] = "auto"
	case w != "":
		s["start"] = w
	}
	return s
}

func serviceSubject(name string) plan.Subject { return plan.Subject{Kind: plan.Service, Name: name} }

// stopService stops a Windows service, those that need it and run before it.
func (m *maker) stopService(u *fact.Unit) *Refusal {
	if strings.EqualFold(u.Name, "HTTP") {
		return m.refuse("ask-for-kernel", "service", u.Name)
	}
	if u.Windows != nil && u.Windows.AcceptsStop != nil && !*u.Windows.AcceptsStop {
		return m.refuse("takes-no-stop", "service", u.Name)
	}
	m.stopDependents(u)
	m.step(m.serviceStep(u, plan.State{"state": "stopped"}, reason("stop-service", "service", u.Name)))
	return nil
}

// stopDependents stops the running services that need u, the outermost first, the
// print spooler before all that it does not itself carry.
func (m *maker) stopDependents(u *fact.Unit) []*fact.Unit {
	var run []*fact.Unit
	for _, d := range m.dependents(u) {
		if d.Active == "running" {
			run = append(run, d)
		}
	}
	out := m.outermostFirst(run)
	for _, d := range out {
		m.step(m.serviceStep(d, plan.State{"state": "stopped"}, reason("stop-dependent", "service", d.Name, "display", d.Description, "needs", u.Name)))
	}
	return out
}

// outermostFirst orders services so that each stands before what it needs.
func (m *maker) outermostFirst(us []*fact.Unit) []*fact.Unit {
	left := slices.Clone(us)
	slices.SortStableFunc(left, func(a, b *fact.Unit) int { return last(a) - last(b) })
	var out []*fact.Unit
	for len(left) > 0 {
		i := max(0, slices.IndexFunc(left, func(u *fact.Unit) bool { return !m.carries(u, left) }))
		out = append(out, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return out
}

// last is 0 for what people miss first and are told of first.
func last(u *fact.Unit) int {
	if strings.EqualFold(u.Name, "Spooler") {
		return 0
	}
	return 1
}

// carries tells whether another of us needs u.
func (m *maker) carries(u *fact.Unit, us []*fact.Unit) bool {
	return slices.ContainsFunc(diagnose.Dependents(m.x, u), func(d *fact.Unit) bool { return d != u && slices.Contains(us, d) })
}

// dependents are diagnose's, and behind HTTP, of which a text tells no dependents,
// those that every Windows has.
func (m *maker) dependents(u *fact.Unit) []*fact.Unit {
	out := slices.Clone(diagnose.Dependents(m.x, u))
	if !strings.EqualFold(u.Name, "HTTP") {
		return out
	}
	for _, name := range usualDependents {
		d := m.x.Unit(fact.UnitID("scm", name))
		if d == nil {
			d = unitNamed(m.x, name)
		}
		told := d != nil && d.Windows != nil && (len(d.Windows.DependsOn) > 0 || d.Windows.Start != nil)
		if d != nil && d.Manager == "scm" && !told && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// usualDependents need HTTP on every Windows that has them.
var usualDependents = [...]string{"Spooler", "WinRM", "SSDPSRV", "upnphost", "fdPHost", "FDResPub", "W3SVC", "Wecsvc", "PeerDistSvc"}

func (m *maker) serviceStep(u *fact.Unit, after plan.State, why plan.Reason) plan.Step {
	class := plan.Reversible
	if _, ok := after["state"]; ok {
		class = plan.Restartable
	}
	return plan.Step{Subject: serviceSubject(u.Name), Before: serviceState(u), After: after, Class: class, Why: why}
}

// startupService changes when a Windows service starts, and stops it now.
func (m *maker) startupService(u *fact.Unit) *Refusal {
	st := m.serviceStep(u, plan.State{"start": "manual"}, reason("start-manual", "service", u.Name, "was", serviceState(u)["start"]))
	delete(st.Before, "state")
	m.step(st)
	if !m.holds(u) {
		m.aimless = true
		return nil
	}
	return m.stopService(u)
}
