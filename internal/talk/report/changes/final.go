package changes

import (
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/talk/report/clean"
)

// along names the processes that end with one, since they have its port too.
func along(s plan.Step) string {
	text := ""
	if w := s.Why.Args["workers"]; w != "" {
		text = " with its workers (" + clean.Text(w, 120) + ")"
		if !strings.Contains(w, ",") {
			text = " with its worker (" + clean.Text(w, 120) + ")"
		}
	}
	if h := s.Why.Args["heirs"]; h != "" {
		text += " and " + clean.Text(h, 200) + ", which it handed the port,"
	}
	return text
}

// ends are the lines of what a step ends for good, for whoever starts it again.
func ends(s plan.Step) []string {
	var out []string
	if again := s.Why.Args["again"]; again != "" && s.Class == plan.Final {
		return []string{"it was made like this, or nearly: " + clean.Text(again, 300)}
	}
	if s.Subject.Kind != plan.Process || s.After["state"] != "gone" {
		return nil
	}
	for _, f := range [...]struct{ key, word string }{{"command", "command line"}, {"cwd", "folder"}, {"user", "user"}} {
		if v := s.Before[f.key]; v != "" {
			out = append(out, "its "+f.word+": "+clean.Text(v, 300))
		}
	}
	return out
}

// lost says of each step that could not be taken back what it ended, "" for none.
func lost(en *journal.Entry) string {
	var b strings.Builder
	told := map[int]bool{}
	for _, ev := range en.Events {
		if ev.Kind != journal.Lost || told[ev.Step] {
			continue
		}
		told[ev.Step] = true
		s := en.Plan.Steps[ev.Step]
		switch {
		case s.Subject.Kind == plan.Process:
			fmt.Fprintf(&b, "\n%s has ended, and nobody but you can start it again:", program(s))
		case s.Before["autoremove"] == "yes":
			fmt.Fprintf(&b, "\nThe container %s was run with --rm and is gone, and nobody but you can make it again:", label(s, ""))
		default:
			fmt.Fprintf(&b, "\nNot taken back: %s.", Step(s))
		}
		for _, l := range ends(s) {
			b.WriteString("\n  " + l)
		}
		if ev.Text != "" {
			b.WriteString("\n  " + clean.Text(ev.Text, 300))
		}
	}
	return b.String()
}

// allLost tells that nothing of an entry could be taken back.
func allLost(en *journal.Entry) bool {
	back := false
	for _, ev := range en.Events {
		back = back || ev.Kind == journal.Back
	}
	return !back && en.Has(journal.Lost) != nil
}

// final tells that some of a plan cannot be taken back.
func final(p plan.Plan) bool { return p.Cost.Class == plan.Final }
