// Package changes puts plans, what they change, and what became of them into words.
package changes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/talk/report/clean"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func name(s string) string { return clean.Text(s, 160) }

// Step says in a few words what a step does: "stop nginx.service".
func Step(s plan.Step) string {
	n := name(s.Subject.Name)
	switch s.Subject.Kind {
	case plan.Unit:
		return unit(n, s)
	case plan.Reload:
		if s.Subject.Name == "systemd" {
			return "have systemd read its units again"
		}
		return "have " + n + " read its configuration again"
	case plan.File:
		return file(n, s)
	case plan.ConfigTest:
		return "have " + n + " check its configuration"
	case plan.Process:
		return process(s)
	case plan.Container:
		return down(s, running(s, "container "+label(s, n)))
	case plan.Supervised:
		return running(s, name(s.Subject.Of["supervisor"])+"'s program "+n)
	case plan.Sysctl:
		return "set " + n
	case plan.Service:
		return service(n, s)
	}
	return windowsStep(n, s)
}

func label(s plan.Step, id string) string {
	if n := cmp.Or(s.Before["name"], s.Why.Args["container"]); n != "" {
		return name(n)
	}
	return clean.Text(s.Subject.Name, 12)
}

func unit(n string, s plan.Step) string {
	var out []string
	switch s.After["enabled"] {
	case "enabled", "enabled-runtime":
		out = append(out, "start "+n+" at boot")
	case "disabled":
		out = append(out, "keep "+n+" from starting at boot")
	case "masked", "masked-runtime":
		out = append(out, "mask "+n+", so that nothing starts it")
	}
	switch s.After["active"] {
	case "active":
		out = append(out, "start "+n)
	case "inactive":
		out = append(out, "stop "+n)
	}
	slices.Reverse(out)
	return join(out, "change "+n)
}

func join(parts []string, otherwise string) string {
	if len(parts) == 0 {
		return otherwise
	}
	return strings.Join(parts, " and ")
}

func file(n string, s plan.Step) string {
	switch {
	case s.After["exists"] == "no":
		return "remove the file " + n
	case s.Before["exists"] == "no", s.Before["exists"] == "" && s.After["exists"] == "yes": // nobody has looked yet
		return "write the file " + n
	}
	return "edit " + n
}

func process(s plan.Step) string {
	who := program(s)
	switch {
	case s.After["state"] == "gone" && s.Subject.Of["force"] == "yes":
		return "end " + who + along(s) + ", by force if it does not end"
	case s.After["state"] == "gone" && s.Before["state"] == "stopped":
		return "wake " + who + along(s) + ", which was stopped (Ctrl+Z), and ask it to end"
	case s.After["state"] == "gone":
		return "ask " + who + along(s) + " to end"
	case s.After["state"] == "running":
		return "wake " + who
	}
	return "change " + who
}

// program is a process by the name of its program.
func program(s plan.Step) string {
	n := name(s.Subject.Name)
	if exe := s.Before["exe"]; exe != "" {
		return name(exe[strings.LastIndexAny(exe, `/\`)+1:]) + " (PID " + n + ")"
	}
	return "process " + n
}

// down adds that a container is kept from starting with its engine.
func down(s plan.Step, text string) string {
	if s.After["restart"] == "no" {
		return text + " and keep it from starting with its engine"
	}
	return text
}

func running(s plan.Step, what string) string {
	switch s.After["running"] {
	case "yes":
		return "start " + what
	case "no":
		return "stop " + what
	}
	return "change " + what
}

func service(n string, s plan.Step) string {
	var out []string
	n = "the service " + n
	if d := s.Why.Args["display"]; d != "" {
		n = name(d) + " (" + name(s.Subject.Name) + ")"
	}
	switch s.After["exists"] {
	case "yes":
		out = append(out, "make "+n)
	case "no":
		out = append(out, "delete "+n)
	}
	switch s.After["state"] {
	case "running":
		out = append(out, "start "+n)
	case "stopped":
		out = append(out, "stop "+n)
	}
	if to := s.After["start"]; to != "" {
		out = append(out, "set its start type to "+name(to))
		if len(out) == 1 {
			out[0] = "set the start type of " + n + " to " + name(to)
		}
	}
	return join(out, "change "+n)
}

func windowsStep(n string, s plan.Step) string {
	gone := s.After["exists"] == "no"
	switch s.Subject.Kind {
	case plan.Registry:
		if gone {
			return "delete the value " + name(s.Subject.Of["value"]) + " of " + n
		}
		return "set the value " + name(s.Subject.Of["value"]) + " of " + n
	case plan.URLACL:
		if gone {
			return "delete the reservation of " + n
		}
		return "reserve " + n
	case plan.IPListen:
		switch to := s.After["addresses"]; to {
		case "":
			return "let HTTP.sys listen on every address"
		case "::":
			return "let HTTP.sys listen over IPv6 only"
		default:
			return "let HTTP.sys listen on " + name(strings.ReplaceAll(to, " ", " and ")) + " only"
		}
	case plan.HTTPTimeout:
		return "set HTTP.sys's time-out " + n
	case plan.ExcludedRange:
		if gone {
			return "give the excluded port range " + n + " back"
		}
		return "exclude the port range " + n
	case plan.PortProxy:
		if to := s.Before["to"]; gone && to != "" {
			return "delete the port proxy entry " + n + ", which leads to " + name(to)
		}
		if gone {
			return "delete the port proxy entry " + n
		}
		return "write the port proxy entry " + n
	case plan.Site:
		return running(s, "IIS's "+strings.Replace(n, ":", " ", 1))
	}
	return "change " + name(string(s.Subject.Kind)) + " " + n
}

// Steps says what a plan changes in one line, "" where it changes nothing.
func Steps(p plan.Plan) string {
	var out []string
	for _, s := range p.Steps {
		if s.On == plan.Always {
			out = append(out, Step(s))
		}
	}
	if n := len(out) - 4; n > 0 {
		out = append(out[:4], fmt.Sprintf("%d steps more", n))
	}
	return strings.Join(out, ", then ")
}

// Taken says how far a step can be taken back.
func Taken(c plan.Class) string {
	switch c {
	case plan.Reversible:
		return "can be undone exactly"
	case plan.Restartable:
		return "can be undone: what stopped is started again, as a new process without its old connections"
	}
	return "cannot be undone"
}

// Cost says what a plan costs, a line each. effect is what people miss meanwhile.
func Cost(c plan.Cost, effect string) []string {
	out := []string{misses(c, effect)}
	switch {
	case c.Class != plan.Final:
		out = append(out, Taken(c.Class)+"; "+lasting(c))
	case len(c.Stops) == 0:
		out = append(out, Taken(c.Class))
	}
	if c.Privilege != "none" && c.Privilege != "" {
		out = append(out, "needs "+privilege(c.Privilege))
	}
	if c.Risk != "" && c.Risk != "none" {
		out = append(out, "risk: "+name(c.Risk))
	}
	if c.CutsOff != "" {
		out = append(out, "may cut off "+name(c.CutsOff)+": it goes back by itself unless you confirm it")
	}
	return out
}

// CostLine says the same in one line, for a list to choose from.
func CostLine(c plan.Cost, effect string) string {
	out := []string{misses(c, effect)}
	if c.Class == plan.Final && len(c.Stops) == 0 {
		out = append(out, "cannot be undone")
	}
	if c.Reboot || !c.Survives {
		out = append(out, lasting(c))
	}
	if c.Privilege != "none" && c.Privilege != "" {
		out = append(out, "needs "+privilege(c.Privilege))
	}
	if c.CutsOff != "" {
		out = append(out, "may cut off "+name(c.CutsOff)+", so it goes back unless confirmed")
	}
	return strings.Join(out, "; ")
}

// misses says what stops, and what people miss of it, "" where that is not known.
func misses(c plan.Cost, effect string) string {
	switch {
	case effect == "":
		return stops(c)
	case len(c.Stops) == 0:
		return effect + "; " + stops(c)
	case c.Class == plan.Final:
		return stops(c) + "; " + effect
	}
	return stops(c) + ": " + effect
}

func stops(c plan.Cost) string {
	if len(c.Stops) == 0 {
		if c.Downtime == "moment" {
			return "nothing stops for longer than a moment"
		}
		if c.Reboot {
			return "nothing stops working before the reboot"
		}
		return "nothing stops working"
	}
	what := make([]string, 0, len(c.Stops))
	for _, s := range c.Stops {
		what = append(what, clean.Text(offline(s), 200))
	}
	if c.Class == plan.Final {
		return strings.Join(what, ", ") + map[bool]string{true: " ends", false: " end"}[len(what) == 1] + " for good, and berth cannot start it again"
	}
	if len(what) == 1 {
		return what[0] + map[string]string{"moment": " stops for a moment", "until-undone": " is offline until this is undone"}[c.Downtime]
	}
	last := len(what) - 1
	return strings.Join(what[:last], ", ") + " and " + what[last] + map[string]string{"moment": " stop for a moment", "until-undone": " are offline until this is undone"}[c.Downtime]
}

// offline is a thing that stops, kind:name, as people call it.
func offline(s string) string {
	kind, n, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return s
	case kind == string(plan.PortProxy):
		return "the port proxy " + n
	case kind == "container", kind == "process":
		return kind + " " + n
	}
	return n
}

func lasting(c plan.Cost) string {
	switch {
	case c.Reboot:
		return "takes effect at the next reboot"
	case c.Survives:
		return "lasts over a reboot"
	}
	return "a reboot brings it back"
}

func privilege(p string) string {
	if owner, ok := strings.CutPrefix(p, "owner:"); ok {
		return "the rights of " + name(owner)
	}
	switch p {
	case "administrator":
		return "an administrator's rights"
	}
	return name(p)
}

// Goal says what is verified at the end.
func Goal(g plan.Goal) string {
	switch {
	case len(g.Binds) == 0:
		return "every step, by reading it back"
	case g.Owner != "":
		return owner(g.Owner) + " listens on " + binds(g) + ", and still does after " + g.Settle.String()
	}
	return "a bind of " + binds(g) + " works, and still does after " + g.Settle.String()
}

func binds(g plan.Goal) string {
	var at []string
	for _, b := range g.Binds {
		at = append(at, fmt.Sprintf("%s %s", b.Proto, host(b.Addr, b.Port)))
	}
	return strings.Join(at, " and ")
}

func host(addr string, port uint16) string {
	if strings.Contains(addr, ":") {
		return fmt.Sprintf("[%s]:%d", name(addr), port)
	}
	return fmt.Sprintf("%s:%d", name(addr), port)
}

// Listener says who has an endpoint.
func Listener(l plan.Listener) string {
	return fmt.Sprintf("%s %s: %s", l.Proto, host(l.Addr, l.Port), owner(l.Owner))
}

// owner is who has an endpoint, kind:name, as people call it.
func owner(text string) string {
	kind, n, ok := strings.Cut(text, ":")
	switch {
	case text == "":
		return "(unknown)"
	case text == "http.sys":
		return "HTTP.sys"
	case text == "kernel":
		return "the kernel"
	case !ok:
		return name(text)
	case kind == "container":
		return "container " + name(n)
	case kind == "service":
		return "the service " + name(n)
	case kind == "unit", kind == "process":
		return name(n)
	case kind == "pid":
		return "PID " + name(n)
	}
	return name(text)
}

// WriteChange writes what a step changes, before and after.
func WriteChange(b *strings.Builder, st layout.Style, s plan.Step) {
	for _, f := range append(Fields(s), ends(s)...) {
		fmt.Fprintf(b, "       %s\n", layout.Wrap(f, "       ", st.Width))
	}
	for _, c := range Lines(s) {
		for _, l := range c.Before {
			fmt.Fprintf(b, "       %4d - %s\n", c.Line, codeLine(l))
		}
		for _, l := range c.After {
			fmt.Fprintf(b, "       %4d + %s\n", c.Line, codeLine(l))
		}
	}
}

// codeLine is a line of a file, its tabs as blanks.
func codeLine(l string) string { return clean.Text(strings.ReplaceAll(l, "\t", "    "), 200) }
