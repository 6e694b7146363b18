package listing

import (
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// Timeouts is the output of `netsh http show timeout`, in seconds.
type Timeouts struct {
	IdleConnection, HeaderWait uint32
	Line                       int // of the first of the two
}

type timeouts struct {
	span Span
	rows Timeouts
}

// findTimeouts finds two "label: number" rows under a title, idle before header.
// Ranges of ports, which look alike, have no colon in their title.
func findTimeouts(ls []shape.Line) []timeouts {
	var out []timeouts
	for _, t := range titles(ls) {
		if t.first+1 >= len(ls) || !t.may("timeout") {
			continue
		}
		idle, ok1 := seconds(ls[t.first])
		header, ok2 := seconds(ls[t.first+1])
		if ok1 && ok2 {
			out = append(out, timeouts{span(ls, t.from, t.first+1), Timeouts{idle, header, ls[t.first].N}})
		}
	}
	return out
}

func seconds(l shape.Line) (uint32, bool) {
	n, err := strconv.ParseUint(l.Value, 10, 16)
	return uint32(n), l.Kind == shape.Pair && err == nil
}

// FindTimeouts finds the outputs of `netsh http show timeout` among other lines.
func FindTimeouts(lines []string) []Span {
	var out []Span
	for _, t := range findTimeouts(classify(lines)) {
		out = append(out, t.span)
	}
	return out
}

// ParseTimeouts reads the first such output of text; ok is false where there is none.
func ParseTimeouts(text string) (t Timeouts, ok bool) {
	found := findTimeouts(classify(splitLines(text)))
	if len(found) == 0 {
		return t, false
	}
	return found[0].rows, true
}

// TimeoutFacts is the timers as a fact about the machine. evidence says where a
// line of the listing was read.
func TimeoutFacts(t Timeouts, evidence func(line int) string) fact.Set {
	return fact.Set{Machine: fact.Machine{Windows: &fact.WindowsNet{
		Timeouts: &fact.HTTPTimeouts{IdleConnection: t.IdleConnection, HeaderWait: t.HeaderWait, Evidence: evidence(t.Line)},
	}}}
}
