package flow

// Span is a run of ports, both ends included.
type Span struct{ From, Last uint16 }

// Spans is sorted, without overlap, and never changed once made.
type Spans []Span

var everyPort = Spans{{0, 65535}}

// cut returns what s has inside from..last.
func (s Spans) cut(from, last uint16) Spans {
	if len(s) == 1 && from <= s[0].From && s[0].Last <= last {
		return s
	}
	var out Spans
	for _, x := range s {
		lo, hi := max(x.From, from), min(x.Last, last)
		if lo <= hi {
			out = append(out, Span{lo, hi})
		}
	}
	return out
}

// drop returns what s has outside from..last.
func (s Spans) drop(from, last uint16) Spans {
	var out Spans
	for _, x := range s {
		if x.Last < from || last < x.From {
			out = append(out, x)
			continue
		}
		if x.From < from {
			out = append(out, Span{x.From, from - 1})
		}
		if x.Last > last {
			out = append(out, Span{last + 1, x.Last})
		}
	}
	return out
}

// without returns the ports of s that o does not have.
func (s Spans) without(o Spans) Spans {
	for _, x := range o {
		if s = s.drop(x.From, x.Last); len(s) == 0 {
			return nil
		}
	}
	return s
}

// With returns the ports that s or o has.
func (s Spans) With(o Spans) Spans {
	for _, x := range o {
		s = s.drop(x.From, x.Last).insert(x)
	}
	return s
}

func (s Spans) insert(x Span) Spans {
	out := make(Spans, 0, len(s)+1)
	for i, y := range s {
		if x.From < y.From {
			return append(append(out, x), s[i:]...)
		}
		out = append(out, y)
	}
	return append(out, x)
}

// has tells whether port lies inside s.
func (s Spans) has(port uint16) bool {
	for _, x := range s {
		if x.From <= port && port <= x.Last {
			return true
		}
	}
	return false
}
