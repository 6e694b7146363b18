package httpsys

import (
	"context"
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/listing"
	"github.com/berthd/berth/internal/machine/netsh"
)

// Query says what of HTTP.sys is wanted.
type Query struct {
	Live   bool // request queues, sessions, URL groups, registrations and who serves them
	Config bool // reservations, listen list, certificates, timers
	Cache  bool // cached responses
}

// Read reads HTTP.sys. It needs Windows; elsewhere the answer is a gap.
//
// Live and Cache run a command of the system ([netsh.Read]) and read its text by
// shape. What the text leaves open is a gap that carries it. An administrator is
// told the images of all processes, others are not. The rows of processes and
// services are only what the listing names: add them after those of the readers
// whose tables they are, and see [Adopt].
//
// Config is read through the system's own calls, in no language, and needs no
// privilege. Where the HTTP driver does not run nothing is asked, since both ways
// would start it: it has no registrations then, and its configuration is a gap.
// Names of a domain's accounts may be asked of the network. Only where a table was
// read to its end does the set say so (Machine.Windows.Reservations and its neighbours):
// no row of it then means that there is none. Under Wine, which answers that nothing
// is configured whatever it was told, all tables are gaps.
//
// The error is always nil: what cannot be read is a gap.
func Read(ctx context.Context, q Query) (fact.Set, error) { return read(ctx, q) }

// show runs one command of netsh.
type show func(context.Context, netsh.Show) (string, *fact.Gap)

// readShown reads what only netsh tells.
func readShown(ctx context.Context, q Query, run show) fact.Set {
	var set fact.Set
	if q.Live {
		set.Add(shown(ctx, run, netsh.ServiceState, liveFacts))
	}
	if q.Cache {
		set.Add(shown(ctx, run, netsh.CacheState, cacheFacts))
	}
	return set
}

// shown is the facts of one command's text. A text that a failed command left
// behind is no listing.
func shown(ctx context.Context, run show, what netsh.Show, facts func(text string, evidence func(int) string) fact.Set) fact.Set {
	text, gap := run(ctx, what)
	if gap != nil {
		return fact.Set{Gaps: []fact.Gap{*gap}}
	}
	return facts(text, func(line int) string { return fmt.Sprintf("%s, line %d", what, line) })
}

func liveFacts(text string, evidence func(int) string) fact.Set {
	state, gaps := ParseState(text)
	set := state.Facts(evidence)
	set.AddGaps(gaps...)
	if len(gaps) == 0 { // titles alone are a listing too
		set.Machine.Windows = &fact.WindowsNet{Registrations: true}
	}
	raw := clip(text, maxRaw)
	for i := range set.Gaps {
		g := &set.Gaps[i]
		if g.Kind != fact.GapNotInPaste {
			continue
		}
		// Nothing is to be pasted here: the system's own listing does not add up.
		g.Kind, g.Hint, g.Raw = fact.GapShape, "", raw
		raw = ""
	}
	return set
}

func cacheFacts(text string, evidence func(int) string) fact.Set {
	entries := listing.ParseCacheState(text)
	set := listing.CacheFacts(entries, evidence)
	if len(entries) == 0 && strings.Contains(text, "://") {
		set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: netsh.CacheState.String(), Raw: clip(text, maxRaw)})
		return set
	}
	set.Machine.Windows = &fact.WindowsNet{Cached: true}
	return set
}

// Adopt puts the rows that the process table has in place of the bare ones that a
// listing names by PID alone, in all links. A bare row whose process nobody else
// knows stays. It is pure.
func Adopt(set *fact.Set) {
	whole := map[int]fact.ID{}
	for _, p := range set.Processes {
		if p.ID != fact.ProcessID(p.PID, 0) {
			whole[p.PID] = p.ID
		}
	}
	instead := map[fact.ID]fact.ID{}
	kept := set.Processes[:0:0]
	for _, p := range set.Processes {
		if id, ok := whole[p.PID]; ok && p.ID == fact.ProcessID(p.PID, 0) {
			instead[p.ID] = id
		} else {
			kept = append(kept, p)
		}
	}
	if len(instead) == 0 {
		return
	}
	set.Processes = kept
	links := set.Links
	set.Links = nil
	for i := range links {
		for _, end := range [...]*fact.ID{&links[i].From, &links[i].To} {
			if id, ok := instead[*end]; ok {
				*end = id
			}
		}
	}
	set.Add(fact.Set{Links: links})
}
