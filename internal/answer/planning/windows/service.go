// Package windows plans what only Windows has: services with what needs them, the
// kernel's HTTP listener and its lists, reservations, the port proxy, ranges. It is pure.
package windows

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

type maker struct{ *draft.Draft }

// State is what the facts say of a Windows service, in the words of its
// driver.
func State(u *fact.Unit) plan.State {
	s := plan.State{}
	switch u.Active {
	case "running", "stopped", "paused":
		s["state"] = u.Active
	case "starting":
		s["state"] = "start-pending"
	case "stopping":
		s["state"] = "stop-pending"
	case "continuing":
		s["state"] = "continue-pending"
	case "pausing":
		s["state"] = "pause-pending"
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

// Subject names a service.
func Subject(name string) plan.Subject { return plan.Subject{Kind: plan.Service, Name: name} }

// Stop stops a Windows service, those that need it and run before it.
func Stop(d *draft.Draft, u *fact.Unit) *draft.Refusal { return maker{d}.stopService(u) }

func (m maker) stopService(u *fact.Unit) *draft.Refusal {
	if strings.EqualFold(u.Name, "HTTP") {
		return m.Refuse("ask-for-kernel", "service", u.Name)
	}
	if ref := m.pending(u); ref != nil {
		return ref
	}
	if u.Windows != nil && u.Windows.AcceptsStop != nil && !*u.Windows.AcceptsStop {
		return m.Refuse("takes-no-stop", "service", u.Name)
	}
	if _, ref := m.stopDependents(u); ref != nil {
		return ref
	}
	m.Step(m.serviceStep(u, plan.State{"state": "stopped"}, draft.Reason("stop-service", "service", u.Name, "display", u.Description)))
	return nil
}

// pending refuses a service that is on its way from one state to another: nobody
// knows where it ends, so it is nothing that can be put back, and it takes no order.
func (m maker) pending(u *fact.Unit) *draft.Refusal {
	state, on := strings.CutSuffix(State(u)["state"], "-pending")
	if !on {
		return nil
	}
	ref := m.Refuse("service-pending", "service", u.Name, "state", u.Active)
	ref.Command = nil
	if state == "stop" && u.MainPID != 0 && u.Windows != nil && u.Windows.Kind == "own-process" {
		ref.Command = [][]string{{"taskkill", "/F", "/PID", strconv.Itoa(u.MainPID)}}
	}
	return ref
}

// stopDependents stops the running services that need u, the outermost first, the
// print spooler before all that it does not itself carry.
func (m maker) stopDependents(u *fact.Unit) ([]*fact.Unit, *draft.Refusal) {
	var run []*fact.Unit
	for _, d := range m.dependents(u) {
		if ref := m.pending(d); ref != nil {
			return nil, ref
		}
		if m.runs(d) {
			run = append(run, d)
		}
	}
	out := m.outermostFirst(run)
	for _, d := range out {
		m.Step(m.serviceStep(d, plan.State{"state": "stopped"}, draft.Reason("stop-dependent", "service", d.Name, "display", display(d), "named", named(d), "needs", u.Name)))
	}
	return out, nil
}

// runs: a service that is paused keeps what it needs from stopping too. A listing of processes tells no state, only that a service is in one.
func (m maker) runs(u *fact.Unit) bool {
	if u.Active != "" {
		return u.Active == "running" || u.Active == "paused"
	}
	return slices.ContainsFunc(m.X.Set.Links, func(l fact.Link) bool { return l.Kind == fact.PartOf && l.To == u.ID })
}

// outermostFirst orders services so that each stands before what it needs, the print
// spooler and what needs it before all others: that is what people miss first.
func (m maker) outermostFirst(us []*fact.Unit) []*fact.Unit {
	left := slices.Clone(us)
	slices.SortStableFunc(left, func(a, b *fact.Unit) int { return last(a) - last(b) })
	var out []*fact.Unit
	var visit func(u *fact.Unit, depth int)
	visit = func(u *fact.Unit, depth int) {
		if slices.Contains(out, u) || depth > len(us) {
			return // had already, or services that need each other
		}
		for _, d := range diagnose.Dependents(m.X, u) {
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
func (m maker) dependents(u *fact.Unit) []*fact.Unit {
	out := slices.Clone(diagnose.Dependents(m.X, u))
	if !strings.EqualFold(u.Name, "HTTP") {
		return out
	}
	for _, name := range usualDependents {
		d := m.X.Unit(fact.UnitID("scm", name))
		if d == nil {
			d = draft.UnitNamed(m.X, name)
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

func (m maker) serviceStep(u *fact.Unit, after plan.State, why plan.Reason) plan.Step {
	class := plan.Reversible
	if _, ok := after["state"]; ok {
		class = plan.Restartable
	}
	return plan.Step{Subject: Subject(u.Name), Before: State(u), After: after, Class: class, Why: why}
}

// Startup lets a Windows service start only when it is asked for, and stops it
// now.
func Startup(d *draft.Draft, u *fact.Unit) *draft.Refusal { return maker{d}.startupService(u) }

func (m maker) startupService(u *fact.Unit) *draft.Refusal {
	if strings.EqualFold(u.Name, "HTTP") {
		return m.startupHTTP(u)
	}
	was := State(u)["start"]
	if was == "manual" || was == "disabled" {
		return m.Refuse("not-enabled", "unit", u.Name, "state", was)
	}
	m.Aimless = !m.Holds(u)
	if !m.Aimless {
		if ref := m.stopService(u); ref != nil {
			return ref
		}
	}
	m.Also(m.serviceStep(u, plan.State{"start": "manual"}, draft.Reason("start-manual", "service", u.Name, "was", was)))
	return nil
}

// startupHTTP puts the driver's start type right, and what it kept from starting;
// asked for by name and while it is not off, it switches the driver off.
func (m maker) startupHTTP(http *fact.Unit) *draft.Refusal {
	m.Aimless = true
	if m.R.Args["back"] == "" && http.Windows.StartWord() != "disabled" {
		return m.switchOff(http)
	}
	st := m.serviceStep(http, plan.State{"start": "manual"}, draft.Reason("http-back", "service", http.Name))
	delete(st.Before, "state")
	m.Step(st)
	for _, d := range m.dependents(http) {
		if d.Active == "stopped" && d.Windows.StartWord() == "automatic" && !d.Windows.Triggered {
			m.Step(m.serviceStep(d, plan.State{"state": "running"}, draft.Reason("start-dependent", "service", d.Name, "display", display(d), "named", named(d))))
		}
	}
	return nil
}

// switchOff is the popular cure: it counts from the next boot, and then what needs
// HTTP does not start any more.
func (m maker) switchOff(http *fact.Unit) *draft.Refusal {
	st := m.serviceStep(http, plan.State{"start": "disabled"}, draft.Reason("http-off", "service", http.Name))
	delete(st.Before, "state")
	st.Reboot = true
	m.Step(st)
	m.Aimless = false
	m.Warn("http-off-breaks", "services", displayNames(m.dependents(http)))
	return nil
}

// kernelLimit is how long a driver may take to stop: on Windows 11 it often never does.
const kernelLimit = time.Minute

// Kernel stops a part of the kernel with all that needs it.
func Kernel(d *draft.Draft) *draft.Refusal { return maker{d}.kernel() }

func (m maker) kernel() *draft.Refusal {
	if !strings.EqualFold(m.R.Target, "HTTP") || !m.OnWindows() {
		return m.Refuse("by-hand", "manager", "kernel", "unit", m.R.Target)
	}
	http := m.X.Unit(fact.UnitID("scm", "HTTP"))
	if http == nil {
		http = draft.UnitNamed(m.X, "HTTP")
	}
	if http == nil {
		http = &fact.Unit{ID: fact.UnitID("scm", "HTTP"), Manager: "scm", Name: "HTTP"}
	}
	if ref := m.pending(http); ref != nil {
		return ref
	}
	stopped, ref := m.stopDependents(http)
	if ref != nil {
		return ref
	}
	if len(stopped) == 0 && http.Windows == nil {
		return m.Refuse("dependents-unknown", "service", "HTTP")
	}
	st := m.serviceStep(http, plan.State{"state": "stopped"}, draft.Reason("stop-kernel", "service", "HTTP", "start", State(http)["start"]))
	st.Limit = kernelLimit
	m.Step(st)
	if len(stopped) > 0 {
		m.Warn("kernel-dependents", "services", displayNames(stopped))
	}
	printing := ""
	if slices.ContainsFunc(stopped, func(u *fact.Unit) bool { return strings.EqualFold(u.Name, "Spooler") }) {
		printing = "printing"
	}
	m.Warn("http-stop-hangs", "why", printing)
	if start := State(http)["start"]; start != "disabled" {
		m.Warn("http-starts-again", "start", start)
	}
	return nil
}

func displayNames(us []*fact.Unit) string {
	var out []string
	for _, u := range us {
		out = append(out, named(u))
	}
	return strings.Join(out, ", ")
}

// named is a service by both its names: "Print Spooler (Spooler)".
func named(u *fact.Unit) string {
	if d := display(u); d != "" {
		return d + " (" + u.Name + ")"
	}
	return u.Name
}

// display is the name that people know a service by, "" where no fact tells it. The
// print spooler is known to everybody, by what breaks.
func display(u *fact.Unit) string {
	if u.Description == "" && strings.EqualFold(u.Name, "Spooler") {
		return "Print Spooler"
	}
	return u.Description
}
