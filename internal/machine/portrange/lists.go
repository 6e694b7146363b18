package portrange

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netsh"
)

// windows reads the ranges of Windows; its functions are the effects.
type windows struct {
	show func(context.Context, netsh.Show) (string, *fact.Gap)
	// names lists the names of a registry key's values; a key that is not there
	// has none.
	names func(path string) ([]string, error)
}

// read asks for all lists at once: each is a process of some 50 ms.
func (w windows) read(ctx context.Context) fact.Set {
	shows := []netsh.Show{
		netsh.ExcludedTCP4, netsh.ExcludedTCP6, netsh.ExcludedUDP4, netsh.ExcludedUDP6,
		netsh.DynamicTCP4, netsh.DynamicTCP6, netsh.DynamicUDP4, netsh.DynamicUDP6,
	}
	texts, gaps := make([]string, len(shows)), make([]*fact.Gap, len(shows))
	var all sync.WaitGroup
	for i, s := range shows {
		all.Go(func() { texts[i], gaps[i] = w.show(ctx, s) })
	}
	all.Wait()
	var set fact.Set
	listed := map[fact.Proto]bool{}
	for i, s := range shows {
		w.add(&set, listed, s, texts[i], gaps[i])
	}
	set.Ranges = compare(Merge(set.Ranges), w.kept(&set), listed)
	return set
}

// add reads one list. A command that fails as its like for the other family did is
// one gap, not two.
func (w windows) add(set *fact.Set, listed map[fact.Proto]bool, s netsh.Show, text string, gap *fact.Gap) {
	if gap != nil {
		if !slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return g.Err == gap.Err && otherFamily(g.Subject) == gap.Subject }) {
			set.AddGaps(*gap)
		}
		return
	}
	// The command above the text says what a title of an unknown shape may not.
	lines := append([]string{s.String()}, strings.Split(text, "\n")...)
	find := FindExcluded
	if s >= netsh.DynamicTCP4 {
		find = FindDynamic
	}
	lists := find(lines)
	if len(lists) == 0 {
		set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: s.String(), Raw: text})
		return
	}
	for _, l := range lists {
		set.Ranges = append(set.Ranges, l.Facts(func(int) string { return s.String() })...)
	}
	if s < netsh.DynamicTCP4 {
		proto, _ := words(s.String())
		listed[proto] = true
	}
}

func otherFamily(command string) string { return strings.Replace(command, " ipv4 ", " ipv6 ", 1) }

// kept reads what the registry keeps over a reboot.
func (w windows) kept(set *fact.Set) []fact.Range {
	var out []fact.Range
	for _, s := range stores() {
		names, err := w.names(s.path)
		if err != nil {
			set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: `HKLM\` + s.path, Err: err.Error()})
			continue
		}
		ranges, _ := s.ranges(names)
		out = append(out, ranges...)
	}
	return out
}
