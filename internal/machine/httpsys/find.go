package httpsys

import "github.com/berthd/berth/internal/machine/httpsys/shape"

// FindStates finds the listings of `netsh http show servicestate` among other
// lines, one span for each listing, however prose, prompts and other outputs
// surround them.
func FindStates(lines []string) []Span {
	shapes := make([]line, len(lines))
	for i, raw := range lines {
		shapes[i] = shape.Classify(i+1, raw)
	}
	var spans []Span
	for _, run := range runs(shapes) {
		if s, ok := trim(shapes, run); ok {
			spans = append(spans, s)
		}
	}
	return spans
}

// runs cuts lines where a sentence stands between them, and above every title.
func runs(lines []line) []Span {
	var out []Span
	from := 0
	for i := range lines {
		switch {
		case sentenceBreak(lines, i):
			out = append(out, Span{From: from, To: i})
			from = i + 1
		case i > from && title(lines, i):
			out = append(out, Span{From: from, To: i})
			from = i
		}
	}
	return append(out, Span{From: from, To: len(lines)})
}

// sentenceBreak tells prose from the few label-less rows of a listing: those are
// indented, or stand right between other rows.
func sentenceBreak(lines []line, i int) bool {
	if lines[i].Kind != shape.Bare || lines[i].Indent > 0 {
		return false
	}
	loose := func(j int) bool {
		return j < 0 || j >= len(lines) || lines[j].Kind == shape.Blank || lines[j].Kind == shape.Bare && lines[j].Indent == 0
	}
	return loose(i-1) || loose(i+1)
}

// title tells whether i is the underlined first line of an output.
func title(lines []line, i int) bool {
	return lines[i].Kind != shape.Blank && i+1 < len(lines) && lines[i+1].Kind == shape.Rule
}

// trim takes from a run what cannot belong to a listing at both ends; ok is
// false where no listing remains.
func trim(lines []line, s Span) (Span, bool) {
	if !isListing(lines[s.From:s.To]) {
		return s, false
	}
	p := parser{lines: lines[s.From:s.To]}
	p.learn()
	starts := func(i int) bool {
		l := p.lines[i]
		return title(p.lines, i) || l.Kind == shape.Rule || l.Indent > 0 || l.Kind == shape.Heading ||
			l.Kind == shape.Pair && (objectID(l.Value) || l.Label == p.label)
	}
	ends := func(l line) bool {
		return l.Kind != shape.Blank && (l.Indent > 0 || l.Kind == shape.Address || l.Kind == shape.Number || p.flat && l.Kind != shape.Bare)
	}
	from, to := 0, len(p.lines)
	for from < to && (p.lines[from].Kind == shape.Blank || !starts(from)) {
		from++
	}
	for to > from && !ends(p.lines[to-1]) {
		to--
	}
	return Span{From: s.From + from, To: s.From + to}, to > from
}

// isListing tells whether lines hold what only servicestate prints: an object ID
// or a versioned queue, and URLs or PIDs in a list under a heading.
func isListing(lines []line) bool {
	object, list, under := false, false, false
	for i, l := range lines {
		switch l.Kind {
		case shape.Pair:
			object = object || objectID(l.Value) || i+1 < len(lines) && (isVersion(lines[i+1]) || lines[i+1].Kind == shape.Pair && lines[i+1].Indent > l.Indent)
			_, _, process := processOf(l)
			list = list || process && under
			under = false
		case shape.Heading:
			under = true
		case shape.Address, shape.Number:
			list = list || under
		case shape.Bare:
			under = false
		}
	}
	return object && list
}
