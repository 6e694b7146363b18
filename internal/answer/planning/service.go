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
		if m.runs(d) {
			run = append(run, d)
		}
	}
	out := m.outermostFirst(run)
	for _, d := range out {
		m.step(m.serviceStep(d, plan.State{"state": "stopped"}, reason("stop-dependent", "service", d.Name, "display", d.Description, "needs", u.Name)))
	}
	return out
}

// runs: a listing of processes tells no state, only that a service is in one.
func (m *maker) runs(u *fact.Unit) bool {
	if u.Active != "" {
		return u.Active == "running"
	}
	return slices.ContainsFunc(m.x.Set.Links, func(l fact.Link) bool { return l.Kind == fact.PartOf && l.To == u.ID })
}

// outermostFirst orders services so that each stands before what it needs, the print
// spooler and what needs it before all others: that is what people miss first.
func (m *maker) outermostFirst(us []*fact.Unit) []*fact.Unit {
	left := slices.Clone(us)
	slices.SortStableFunc(left, func(a, b *fact.Unit) int { return last(a) - last(b) })
	var out []*fact.Unit
	var visit func(u *fact.Unit, depth int)
	visit = func(u *fact.Unit, depth int) {
		if slices.Contains(out, u) || depth > len(us) {
			return // had already, or services that need each other
		}
		for _, d := range diagnose.Dependents(m.x, u) {
			if d != u && slices.Contains(left, d) {
				visit(d, depth+1)
			}
		}
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	for _, u := range left {
		visit(u, 0)
	}
	return out
}

func last(u *fact.Unit) int {
	if strings.EqualFold(u.Name, "Spooler") {
		return 0
	}
	return 1
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

// startupService lets a Windows service start only when it is asked for, and stops it
// now.
func (m *maker) startupService(u *fact.Unit) *Refusal {
	if strings.EqualFold(u.Name, "HTTP") {
		return m.startupHTTP(u)
	}
	was := serviceState(u)["start"]
	if was == "manual" || was == "disabled" {
		return m.refuse("not-enabled", "unit", u.Name, "state", was)
	}
	m.aimless = !m.holds(u)
	if !m.aimless {
		if ref := m.stopService(u); ref != nil {
			return ref
		}
	}
	m.also(m.serviceStep(u, plan.State{"start": "manual"}, reason("start-manual", "service", u.Name, "was", was)))
	return nil
}

// startupHTTP puts the driver's start type right, and what it kept from starting;
// asked for by name and while it is not off, it switches the driver off.
func (m *maker) startupHTTP(http *fact.Unit) *Refusal {
	m.aimless = true
	if m.r.Args["back"] == "" && http.Windows.StartWord() != "disabled" {
		return m.switchOff(http)
	}
	st := m.serviceStep(http, plan.State{"start": "manual"}, reason("http-back", "service", http.Name))
	delete(st.Before, "state")
	m.step(st)
	for _, d := range m.dependents(http) {
		if d.Active == "stopped" && d.Windows.StartWord() == "automatic" && !d.Windows.Triggered {
			m.step(m.serviceStep(d, plan.State{"state": "running"}, reason("start-dependent", "service", d.Name, "display", d.Description)))
		}
	}
	return nil
}

// switchOff is the popular cure: it counts from the next boot, and then what needs
// HTTP does not start any more.
func (m *maker) switchOff(http *fact.Unit) *Refusal {
	st := m.serviceStep(http, plan.State{"start": "disabled"}, reason("http-off", "service", http.Name))
	delete(st.Before, "state")
	st.Reboot = true
	m.step(st)
	m.aimless = false
	m.warn("http-off-breaks", "services", displayNames(m.dependents(http)))
	return nil
}
