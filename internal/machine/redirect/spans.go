package redirect

// span is a run of ports, both ends included.
type span struct{ from, last uint16 }

// spans is sorted, without overlap, and never changed once made.
type spans []span

var everyPort = spans{{0, 65535}}

// cut returns what s has inside from..last.
func (s spans) cut(from, last uint16) spans {
	if len(s) == 1 && from <= s[0].from && s[0].last <= last {
		return s
	}
	var out spans
	for _, x := range s {
		lo, hi := max(x.from, from), min(x.last, last)
		if lo <= hi {
			out = append(out, span{lo, hi})
		}
	}
	return out
}

// drop returns what s has outside from..last.
func (s spans) drop(from, last uint16) spans {
	var out spans
	for _, x := range s {
		if x.last < from || last < x.from {
			out = append(out, x)
			continue
		}
		if x.from < from {
			out = append(out, span{x.from, from - 1})
		}
		if x.last > last {
			out = append(out, span{last + 1, x.last})
		}
	}
	return out
}

// without returns the ports of s that o does not have.
func (s spans) without(o spans) spans {
	for _, x := range o {
		if s = s.drop(x.from, x.last); len(s) == 0 {
			return nil
		}
	}
	return s
}

// with returns the ports that s or o has.
func (s spans) with(o spans) spans {
	for _, x := range o {
		s = s.drop(x.from, x.last).insert(x)
	}
	return s
}

func (s spans) insert(x span) spans {
	out := make(spans, 0, len(s)+1)
	for i, y := range s {
		if x.from < y.from {
			return append(append(out, x), s[i:]...)
		}
		out = append(out, y)
	}
	return append(out, x)
}

// has tells whether port lies inside s.
func (s spans) has(port uint16) bool {
	for _, x := range s {
		if x.from <= port && port <= x.last {
			return true
		}
	}
	return false
}
