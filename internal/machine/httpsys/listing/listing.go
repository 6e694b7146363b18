// Package listing reads the outputs of `netsh http show` that are neither
// servicestate nor urlacl: the listen list, the timers, the certificates and the
// response cache, as people paste them.
//
// Like servicestate they are translated, so all of them are told by shape alone:
// what stands under an underlined title, which values are addresses, hashes, GUIDs,
// URLs or numbers, and in which order. Command words are never translated: where a
// prompt with one stands above an output, it decides. The package is pure, works on
// every OS, and never fails: what it cannot tell it leaves out.
package listing

import (
	"strings"

	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// Span is a stretch of lines that the matching Parse function reads.
type Span = shape.Span

// classify gives each line its shape. An output that has a blank line after every
// line comes back without them; the lines keep their numbers.
func classify(lines []string) []shape.Line {
	out := make([]shape.Line, len(lines))
	for i, l := range lines {
		if i == 0 {
			l = strings.TrimPrefix(l, "\ufeff")
		}
		out[i] = shape.Classify(i+1, strings.TrimRight(l, "\r\n"))
	}
	for len(out) > 0 && out[len(out)-1].Kind == shape.Blank {
		out = out[:len(out)-1]
	}
	return shape.Squeeze(out)
}

func splitLines(text string) []string { return strings.Split(text, "\n") }

// span is the lines of ls from index from to index to, both included, as they are
// numbered.
func span(ls []shape.Line, from, to int) Span { return Span{From: ls[from].N - 1, To: ls[to].N} }

// titled is an underlined title and where its rows begin.
type titled struct {
	from, rule, first int    // indexes of the command or else the title, of the underline, of the first row
	heading           bool   // the title ends with a colon, as netsh's do
	show              string // the word behind "show" of the command that stands right above, or ""
}

// titles finds the underlined titles.
func titles(ls []shape.Line) []titled {
	var out []titled
	for i, l := range ls {
		if l.Kind != shape.Rule || i == 0 || ls[i-1].Kind == shape.Blank || ls[i-1].Kind == shape.Rule {
			continue
		}
		t := titled{from: i - 1, rule: i, first: i + 1, heading: ls[i-1].Kind == shape.Heading}
		if word, at := asked(ls[:i-1]); word != "" {
			t.show, t.from = word, at
		}
		for t.first < len(ls) && ls[t.first].Kind == shape.Blank {
			t.first++
		}
		out = append(out, t)
	}
	return out
}

// may tells whether the output may be that of `show what`: a command right above it
// says so, or there is none and the title looks like netsh's.
func (t titled) may(what string) bool { return t.show == what || t.show == "" && t.heading }

// asked is the word behind "show" of the command that ends above, and its index.
func asked(above []shape.Line) (string, int) {
	for n := 0; n < 3 && len(above) > 0; n++ {
		l := above[len(above)-1]
		above = above[:len(above)-1]
		if l.Kind == shape.Blank {
			continue
		}
		_, after, ok := strings.Cut(strings.ToLower(l.Text), "show ")
		if word := strings.Fields(after); ok && len(word) > 0 {
			return word[0], len(above)
		}
		return "", 0
	}
	return "", 0
}

// runs are blocks of one output, joined where nothing else stands between them:
// the indexes of the first and the last row of each.
type runs [][2]int

func (r *runs) add(from, to int, between func([]shape.Line) bool, ls []shape.Line) {
	if n := len(*r); n > 0 && between(ls[(*r)[n-1][1]+1:from]) {
		(*r)[n-1][1] = to
		return
	}
	*r = append(*r, [2]int{from, to})
}

// spans are the runs with the titles above them and the rows that follow.
func (r runs) spans(ls []shape.Line) []Span {
	var out []Span
	for _, run := range r {
		from, to := run[0], run[1]
		for to+1 < len(ls) && (ls[to+1].Kind == shape.Pair || ls[to+1].Kind == shape.Heading) && ls[to+1].Indent > 0 {
			to++
		}
		above := from
		for above > 0 && ls[above-1].Kind == shape.Blank {
			above--
		}
		if above > 1 && ls[above-1].Kind == shape.Rule && ls[above-2].Kind != shape.Blank {
			from = above - 2
		}
		out = append(out, span(ls, from, to))
	}
	return out
}

// lastValue is what stands behind the last colon that a blank follows, so that a
// label with a colon of its own does no harm.
func lastValue(text string) string {
	at, wide := strings.LastIndex(text, ": "), strings.LastIndex(text, "：")
	switch {
	case at < 0 && wide < 0:
		return ""
	case wide > at:
		return strings.TrimSpace(text[wide+len("："):])
	}
	return strings.TrimSpace(text[at+2:])
}
