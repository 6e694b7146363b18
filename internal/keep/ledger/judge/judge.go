// Package judge tells of each promise of a ledger whether it is kept: who holds what
// was promised, by the facts of one moment. It is pure.
package judge

import (
	"slices"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/ledger"
)

// Status is how it stands with a promise.
type Status string

// The states. Broken: somebody holds a promised port to whom it was not promised,
// whoever else holds others. Unknown: somebody may; Gap says what is not known. Kept:
// the owner holds one at least, and nobody else any. Free: nobody holds any.
const (
	Kept    Status = "kept"
	Free    Status = "free"
	Broken  Status = "broken"
	Unknown Status = "unknown"
)

// Verdict is a promise and how it stands with it.
type Verdict struct {
	Promise ledger.Promise
	Status  Status
	// Owners hold promised ports by right, Strangers without, of Hidden it is not known.
	Owners, Strangers, Hidden []chain.Holder
	// Shared: the kernel's HTTP listener has the port, for others, and the owner can be
	// there too: Windows deals requests out by URL. That is no conflict.
	Shared []chain.Holder
	// Gap is set where Status is Unknown, if a gap of the facts says why.
	Gap *fact.Gap
}

// Port is the promised port that the first stranger has, by the facts in x that v was
// made of; where there is none, the promise's first one.
func (v Verdict) Port(x *chain.Index) uint16 {
	for _, h := range v.Strangers {
		for _, id := range h.Sockets {
			if s := x.Socket(id); s != nil && s.Local.Port() >= v.Promise.From && s.Local.Port() <= v.Promise.To {
				return s.Local.Port()
			}
		}
	}
	return v.Promise.From
}

// Judge judges promises by the facts in x, in the order of promises. Sockets of other
// network namespaces are no holders here.
func Judge(promises []ledger.Promise, x *chain.Index) []Verdict {
	blind := diagnose.Blindness(x.Set.Gaps)
	out := make([]Verdict, 0, len(promises))
	for _, p := range promises {
		out = append(out, one(p, x, blind))
	}
	return out
}

func one(p ledger.Promise, x *chain.Index, blind *fact.Gap) Verdict {
	v := Verdict{Promise: p, Status: Free}
	m := matcher{x: x}
	for _, h := range x.Holders(sockets(p, x)) {
		switch m.any(p.Owners, h) {
		case yes:
			v.Owners = append(v.Owners, h)
		case no:
			v.Strangers = append(v.Strangers, h)
		case shares:
			v.Shared = append(v.Shared, h)
		case perhaps:
			v.Hidden = append(v.Hidden, h)
		}
	}
	switch {
	case len(v.Strangers) > 0:
		v.Status = Broken
	case len(v.Hidden) > 0:
		v.Status, v.Gap = Unknown, gapOf(x, v.Hidden[0])
	case blind != nil:
		v.Status, v.Gap = Unknown, blind
	case len(v.Owners) > 0:
		v.Status = Kept
	}
	return v
}

// sockets are those that keep others from a promised endpoint.
func sockets(p ledger.Promise, x *chain.Index) []*fact.Socket {
	var out []*fact.Socket
	e := fact.Endpoint{Proto: p.Proto}
	if p.Addr.IsValid() {
		e.Addrs = append(e.Addrs, p.Addr)
	}
	for n := int(p.From); n <= int(p.To); n++ {
		e.Port = uint16(n)
		for _, s := range x.OnPort(e.Port) {
			if s.Proto == p.Proto && s.Netns == "" && (s.State.Serves() || s.State == fact.Bound) && !connected(s) && e.Concerns(*s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func connected(s *fact.Socket) bool { return s.Remote.IsValid() && s.Remote.Port() != 0 }

// gapOf is the gap that hides who h is, or nil.
func gapOf(x *chain.Index, h chain.Holder) *fact.Gap {
	for i := range x.Set.Gaps {
		switch g := &x.Set.Gaps[i]; g.Kind {
		case fact.GapPermission, fact.GapHidepid, fact.GapNoPtrace, fact.GapOwnersHidden, fact.GapForeignPIDNS, fact.GapNotInPaste, fact.GapNoBus,
			fact.GapNoEngine, fact.GapProtected, fact.GapCommand, fact.GapNoCall:
			if g.About == "" || slices.Contains(h.Sockets, g.About) {
				return g
			}
		}
	}
	return nil
}
