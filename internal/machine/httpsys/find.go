package httpsys

// Span is a stretch of lines that ParseState or ParseReservations can read.
type Span struct {
	From, To int // indexes of the first line and the one after the last
}

// FindStates finds the listings of `netsh http show servicestate` among other
// lines, one span for each listing, however prose, prompts and other outputs
// surround them.
func FindStates(lines []string) []Span {
	shapes := make([]line, len(lines))
	for i, raw := range lines {
		shapes[i] = classify(i+1, Readable(cutLine(raw)))
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
			out = append(out, Span{from, i})
			from = i + 1
		case i > from && title(lines, i):
			out = append(out, Span{from, i})
			from = i
		}
	}
	return append(out, Span{from, len(lines)})
}

// sentenceBreak tells prose from the few label-less rows of a listing: those are
// indented, or stand right between other rows.
func sentenceBreak(lines []line, i int) bool {
	if lines[i].shape != bare || lines[i].indent > 0 {
		return false
	}
	loose := func(j int) bool {
		return j < 0 || j >= len(lines) || lines[j].shape == blank || lines[j].shape == bare && lines[j].indent == 0
	}
	return loose(i-1) || loose(i+1)
}

// title tells whether i is the underlined first line of an output.
func title(lines []line, i int) bool {
	return lines[i].shape != blank && i+1 < len(lines) && lines[i+1].shape == rule
}

// trim takes from a run what cannot belong to a listing at both ends; ok is
// false where no listing remains.
func trim(lines []line, s Span) (Span, bool) {
	if !listing(lines[s.From:s.To]) {
		return s, false
	}
	p := parser{lines: lines[s.From:s.To]}
	p.learn()
	starts := func(i int) bool {
		l := p.lines[i]
		return title(p.lines, i) || l.shape == rule || l.indent > 0 || l.shape == heading ||
			l.shape == pair && (objectID(l.value) || l.label == p.label)
	}
	ends := func(l line) bool {
		return l.shape != blank && (l.indent > 0 || l.shape == address || l.shape == number || p.flat && l.shape != bare)
	}
	from, to := 0, len(p.lines)
	for from < to && (p.lines[from].shape == blank || !starts(from)) {
		from++
	}
	for to > from && !ends(p.lines[to-1]) {
		to--
	}
	return Span{s.From + from, s.From + to}, to > from
}

// listing tells whether lines hold what only servicestate prints: an object ID
// or a versioned queue, and URLs or PIDs in a list under a heading.
func listing(lines []line) bool {
	object, list, under := false, false, false
	for i, l := range lines {
		switch l.shape {
		case pair:
			object = object || objectID(l.value) || i+1 < len(lines) && (lines[i+1].version() || lines[i+1].shape == pair && lines[i+1].indent > l.indent)
			_, _, process := l.process()
			list = list || process && under
			under = false
		case heading:
			under = true
		case address, number:
			list = list || under
		case bare:
			under = false
		}
	}
	return object && list
}
