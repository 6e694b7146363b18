package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// asks tells whether a gap of a paste names the command that would fill it.
func asks(g fact.Gap) bool { return g.Kind == fact.GapNotInPaste && g.Hint != "" }

// unasked are the gaps that [names.next] does not tell.
func unasked(gaps []fact.Gap) []fact.Gap {
	return slices.DeleteFunc(slices.Clone(gaps), func(g fact.Gap) bool {
		return asks(g) || g.Kind == fact.GapNotInPaste && g.Subject == fact.SocketTable // the answer itself says so
	})
}

// next says which commands to run on the machine that a paste is of, and what each
// would add.
func (n names) next(b *strings.Builder, st layout.Style, gaps []fact.Gap) {
	var commands []string
	adds := map[string][]string{}
	for _, g := range gaps {
		if !asks(g) {
			continue
		}
		if adds[g.Hint] == nil {
			commands = append(commands, g.Hint)
		}
		if what := sentence.Clean(g.Subject, 160); !slices.Contains(adds[g.Hint], what) {
			adds[g.Hint] = append(adds[g.Hint], what)
		}
	}
	if len(commands) == 0 {
		return
	}
	fmt.Fprintln(b, "\nTo know more, run there, and paste what it prints as well:")
	for _, c := range commands {
		fmt.Fprintf(b, "  %s\n", sentence.Clean(c, sentence.CommandWidth))
		fmt.Fprintf(b, "      %s\n", layout.Wrap("tells: "+sentence.List(adds[c]), "      ", st.Width))
	}
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
