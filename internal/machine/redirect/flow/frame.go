package flow

// maxPieces bounds into how many traffics with different conditions one is split.
// Beyond it a rule takes nothing off those after it: too much is told then, never
// too little.
const maxPieces = 6

// Frame is the passage of some traffic through one chain. What is on its way is
// held in pieces of different conditions.
type Frame struct {
	search *Search
	rest   []Traffic // still on its way down the chain
	back   []Traffic // returned early to the caller

	origin  Traffic   // the piece that meets the rule now
	left    []Traffic // what is left of it
	changed bool
}

// Enter begins the passage of t through a chain that is depth jumps away from the
// hook. ok is false where that is too deep to go on.
func (s *Search) Enter(t Traffic, depth int) (f Frame, ok bool) {
	s.Cut = s.Cut || depth > maxDepth
	t.Comment = ""
	return Frame{search: s, rest: []Traffic{t}}, depth <= maxDepth
}

// Rule calls meet with all traffic that reaches the next rule, in pieces. more is
// false when there is none, or when the search is to end.
func (f *Frame) Rule(meet func(Traffic)) (more bool) {
	for i := len(f.rest) - 1; i >= 0; i-- {
		if !f.search.Spend() {
			return false
		}
		f.origin, f.changed = f.rest[i], false
		meet(f.origin)
		if f.changed {
			f.replace(i)
		}
	}
	return len(f.rest) > 0
}

// replace puts what is left in the place of piece i.
func (f *Frame) replace(i int) {
	if len(f.rest)-1+len(f.left) > maxPieces {
		return
	}
	rest := make([]Traffic, 0, len(f.rest)+len(f.left))
	rest = append(rest, f.rest[:i]...)
	rest = append(rest, f.rest[i+1:]...)
	for _, t := range f.left {
		rest = keep(rest, t)
	}
	f.rest = rest
}

// Out is what comes back to the caller of the chain.
func (f *Frame) Out() []Traffic {
	out := f.rest
	for _, t := range f.back {
		out = keep(out, t)
	}
	return out
}

// End notes that t goes no further.
func (f *Frame) End(t *Traffic) {
	if !f.changed {
		f.left, f.changed = []Traffic{f.origin}, true
	}
	var left []Traffic
	for _, l := range f.left {
		left = l.minus(t, &f.origin, left)
	}
	f.left = left
}

// Return notes that t goes back to the caller.
func (f *Frame) Return(t *Traffic) {
	f.End(t)
	f.back = keep(f.back, *t)
}

// Jumped notes that t went through another chain, out of which out came back:
// to the next rule, or after a goto to the caller.
func (f *Frame) Jumped(t *Traffic, out []Traffic, leave bool) {
	if !leave && len(out) == 1 && out[0].conditions == t.conditions && out[0].ports.covers(t) {
		return // nothing was taken
	}
	f.End(t)
	for _, o := range out {
		if leave {
			f.back = keep(f.back, o)
		} else {
			f.left = keep(f.left, o)
		}
	}
}

// covers tells whether p has all ports in question of t.
func (p PortSets) covers(t *Traffic) bool {
	missing := *t
	missing.ports = t.ports.without(p)
	return !missing.Wanted()
}

// Take notes that t goes to g, and no further.
func (f *Frame) Take(t *Traffic, g Target) {
	f.search.emit(t, g)
	f.End(t)
}
