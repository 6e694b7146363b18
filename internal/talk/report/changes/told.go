package changes

import (
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/talk/report/clean"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// saysMore are the reasons whose sentence tells what a step does, and why there. Any
// other only gives a reason.
const saysMore = " end-reloader exclude-port heir-ends http-back http-off narrow-list reload-config reload-newcomer repair-list reserve-port" +
	" split-list start-after-change start-again start-delayed start-dependent start-manual start-winnat stop-dependent stop-for-change" +
	" stop-kernel stop-triggered stop-trigger stop-unit stop-winnat test-config test-config-first "

// Told is a step for somebody who is to decide on it: [Step], or where there is more
// to say, the sentence of its reason.
func Told(s plan.Step) string {
	if len(s.After) <= 1 && s.Subject.Kind != plan.File && strings.Contains(saysMore, " "+s.Why.ID+" ") {
		return Reason(s.Why)
	}
	return Step(s)
}

// turned is the change of a step that only starts or stops something, in brackets
// behind its sentence: " (running → stopped)", "" for any other.
func turned(s plan.Step) string {
	for _, field := range [...]string{"active", "state", "running"} {
		to, sets := s.After[field]
		from := s.Before[field]
		if !sets || len(s.After) != 1 || from == "" || from == to || s.Subject.Kind == plan.Process {
			continue
		}
		if field == "running" {
			return ""
		}
		return " (" + value(from) + " → " + value(to) + ")"
	}
	return ""
}

// word is a field of a state as people call it.
func word(s plan.Step, field string) string {
	switch {
	case field == "start":
		return "start type"
	case field == "active":
		return "state"
	case field == "enabled":
		return "at boot"
	case field == "sddl":
		return "rights"
	case field == "addresses":
		return "listen list"
	case field == "restart":
		return "restart policy"
	case field == "value" && s.Subject.Kind == plan.Sysctl:
		return name(s.Subject.Name)
	}
	return name(field)
}

// plain tells that a field is said by the step's sentence already.
func plain(s plan.Step, field string) bool {
	switch {
	case field == "content", field == "exists", field == "valid":
		return true
	case field == "running", field == "state" && s.Subject.Kind == plan.Process:
		return true
	case field == "state", field == "active":
		return s.Before[field] == "" || turned(s) != ""
	}
	return false
}

// Fields are the fields that a step changes, as "start type: auto → manual", without
// a file's bytes and without what the step's own sentence says.
func Fields(s plan.Step) []string {
	var out []string
	for _, d := range plan.Differs(s.After, s.Before) {
		switch {
		case plain(s, d.Field):
		case s.Before["exists"] == "no":
			out = append(out, word(s, d.Field)+": "+content(d.Field, d.Want))
		case !d.Known:
			out = append(out, word(s, d.Field)+": now (not known) → "+content(d.Field, d.Want))
		default:
			out = append(out, word(s, d.Field)+": "+content(d.Field, d.Got)+" → "+content(d.Field, d.Want))
		}
	}
	return out
}

func content(field, v string) string {
	if field == "addresses" && v == "" {
		return "(empty: every address)"
	}
	return value(v)
}

func value(v string) string {
	if v == "" {
		return "(empty)"
	}
	return clean.Text(v, 200)
}

// Write writes a plan for a person to decide on: each step with its exact change, what
// it costs, and what is verified. effect is what people miss meanwhile, "" for nothing known.
func Write(b *strings.Builder, st layout.Style, p plan.Plan, effect string) {
	if len(p.Steps) == 0 {
		for _, w := range p.Warnings {
			fmt.Fprintln(b, layout.Wrap("  "+sentence(Reason(w)), "  ", st.Width))
		}
		if len(p.Goal.Binds) > 0 {
			fmt.Fprintln(b, layout.Wrap("  What has to work then: a bind of "+binds(p.Goal)+".", "  ", st.Width))
		}
		return
	}
	for _, w := range p.Warnings {
		fmt.Fprintln(b, layout.Wrap("  ! "+Reason(w), "    ", st.Width))
	}
	WriteSteps(b, st, p)
	b.WriteByte('\n')
	for _, l := range Cost(p.Cost, effect) {
		fmt.Fprintf(b, "  %s\n", layout.Wrap(l, "  ", st.Width))
	}
	when := "verified at the end: "
	if p.Cost.Reboot {
		when = "verified after the reboot: "
	}
	fmt.Fprintf(b, "  %s\n", layout.Wrap(when+Goal(p.Goal), "  ", st.Width))
}

// WriteSteps writes what a plan does, step by step, each with its exact change.
func WriteSteps(b *strings.Builder, st layout.Style, p plan.Plan) {
	n := 0
	for _, s := range p.Steps {
		if s.On == plan.OnUndo {
			continue
		}
		n++
		fmt.Fprintf(b, "  %d. %s\n", n, layout.Wrap(Told(s)+turned(s), "     ", st.Width))
		WriteChange(b, st, s)
	}
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
