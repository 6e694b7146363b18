package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/settle"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// unasked are the gaps that [names.next] does not tell.
func unasked(gaps []fact.Gap) []fact.Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g fact.Gap) bool {
		return settle.Asks(g) || g.Kind == fact.GapNotInPaste && g.Subject == fact.SocketTable // the answer itself says so
	})
}

// next says the one command to run on the machine that a paste is of, what it would
// add, and how to ask everything that is open at once.
func (n names) next(b *strings.Builder, st layout.Style, steps []settle.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintln(b, "\nTo know more, run there, and paste what it prints as well:")
	fmt.Fprintf(b, "  %s\n", sentence.Clean(steps[0].Command, sentence.CommandWidth))
	fmt.Fprintf(b, "      %s\n", layout.Wrap("tells: "+sentence.List(told(steps[0])), "      ", st.Width))
	if len(steps) > 1 {
		fmt.Fprintf(b, "  %s\n", layout.Wrap("More is open after that; berth explain --collect "+collects(n.X.Set.Machine.OS)+" prints a script that asks all of it at once.", "  ", st.Width))
	}
}

func told(s settle.Step) []string {
	out := make([]string, len(s.Tells))
	for i, t := range s.Tells {
		out[i] = sentence.Clean(t, 160)
	}
	return out
}

// collects is the word of --collect for a system.
func collects(os string) string {
	switch os {
	case "windows", "linux":
		return os
	case "darwin":
		return "mac"
	}
	return "windows (or linux, or mac)"
}

// noReaders says in one line what no reader reads on this system yet.
func noReaders(gaps []fact.Gap, m *fact.Machine) string {
	var what []string
	for _, g := range gaps {
		if g.Kind == fact.GapNotThisOS && !slices.Contains(what, g.Subject) {
			what = append(what, g.Subject)
		}
	}
	g := fact.Gap{Kind: fact.GapNotThisOS, Subject: sentence.List(what)}
	l := sentence.Gap(g)
	if h := sentence.GapHint(g, m); h != "" {
		l += " (" + h + ")"
	}
	return l
}
