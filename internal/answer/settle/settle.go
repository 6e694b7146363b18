// Package settle chooses, among all that pasted texts leave open, the one command
// that tells most next. It is pure.
package settle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/lookalike"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

// Step is one command to run on the machine that the texts are of.
type Step struct {
	Command string
	Tells   []string // what it would tell
}

// Open is what texts leave open that list set's rows, are about these ports, and say
// these refusals and look-alikes.
func Open(set *fact.Set, ports []uint16, said []refusal.Refusal, found []lookalike.Found) []fact.Gap {
	var gaps []fact.Gap
	if len(said) > 0 || len(set.Sockets) > 0 || !slices.ContainsFunc(found, lookalike.Found.NotConflict) {
		gaps = refusal.LeftOpen(set, ports, said)
	}
	for _, f := range found {
		if tells, command := f.Next(set.Machine.OS); command != "" {
			gaps = append(gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: tells, Hint: command})
		}
	}
	return gaps
}

// Asks tells whether a gap of a paste names the command that would fill it.
func Asks(g fact.Gap) bool { return g.Kind == fact.GapNotInPaste && g.Hint != "" }

// Steps are the commands that gaps name, each once, the one that tells most first.
func Steps(gaps []fact.Gap) []Step {
	var out []Step
	for _, g := range gaps {
		if !Asks(g) {
			continue
		}
		i := slices.IndexFunc(out, func(s Step) bool { return s.Command == g.Hint })
		if i < 0 {
			i = len(out)
			out = append(out, Step{Command: g.Hint})
		}
		if !slices.Contains(out[i].Tells, g.Subject) {
			out[i].Tells = append(out[i].Tells, g.Subject)
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int { return cmp.Compare(rank(a.Command), rank(b.Command)) })
	return out
}

// order is from the port to the one who can be asked to leave it: who listens, whom
// the kernel listens for, what the process is, and only then why nobody is seen.
var order = [...]string{
	"netsh http show servicestate", "netstat", "ss ", "lsof", "tasklist", "docker ps", "netsh int ipv4 show excludedportrange",
	"netsh http show urlacl", "netsh http show iplisten", "netsh winsock",
}

func rank(command string) int {
	command = strings.TrimPrefix(command, "sudo ")
	for i, prefix := range order {
		if strings.HasPrefix(command, prefix) {
			return i
		}
	}
	return len(order)
}
