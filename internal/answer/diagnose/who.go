package diagnose

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

// Question is one endpoint, and who wants it where that is known.
type Question struct {
	Endpoint fact.Endpoint
	Newcomer *Newcomer
	// Refusals are what error lines beside the facts say of the endpoint.
	Refusals []refusal.Refusal
}

// Newcomer is the program that wants the endpoint. Unknown fields stay empty.
type Newcomer struct {
	Exe  string
	Args []string
	Cwd  string
	Unit string
	PID  int
}

// Answer is what a set says about one endpoint.
type Answer struct {
	Endpoint fact.Endpoint
	Status   Status
	// Protos are the protocols that were looked at, each with its own status.
	Protos   []ProtoStatus
	Holders  []chain.Holder // who has it, in this namespace
	Others   []chain.Holder // who has the number in other namespaces: no conflict
	Blockers []fact.ID
	Findings []Finding
	Gaps     []fact.Gap
	// CouldNot is set where Status is Unknown: the gap that stands in the way.
	CouldNot *fact.Gap
}

// ProtoStatus is the status of one protocol.
type ProtoStatus struct {
	Proto  fact.Proto
	Status Status
}

// Exit is the exit code of the answer: 0 free, 1 a plain bind would fail or its
// traffic would go elsewhere, 3 held-or-free unknown, 4 the same for want of rights.
func (a Answer) Exit() int {
	switch a.Status {
	case Free:
		return 0
	case Unknown:
		if a.CouldNot != nil && a.CouldNot.Kind == fact.GapPermission {
			return 4
		}
		return 3
	}
	return 1
}

// Who answers whose port it is.
func Who(x *chain.Index, q Question) Answer {
	w := &who{x: x, q: q, a: Answer{Endpoint: q.Endpoint, Gaps: x.Set.Gaps}}
	w.sort()
	w.a.Holders = x.Holders(w.serving)
	w.a.Others = x.Holders(w.elsewhere)
	for _, s := range w.waiting {
		w.a.Blockers = append(w.a.Blockers, s.ID)
	}
	w.status()
	w.rules()
	w.a.Gaps = w.ownGaps()
	return w.a
}

// ownGaps leaves out what texts do not tell of other ports' holders, and filter
// drivers where a holder is reason enough.
func (w *who) ownGaps() []fact.Gap {
	holders := slices.Concat(w.a.Holders, w.a.Others)
	concerns := func(id fact.ID) bool {
		return slices.Contains(w.a.Blockers, id) || slices.ContainsFunc(holders, func(h chain.Holder) bool {
			return slices.Contains(h.Sockets, id) || chain.Mentions(h.Nodes, id)
		})
	}
	return slices.DeleteFunc(slices.Clone(w.a.Gaps), func(g fact.Gap) bool {
		if w.a.Status == Held && strings.HasPrefix(g.Subject, fact.FilterDrivers) {
			return true // the holder is the reason
		}
		return g.Kind == fact.GapNotInPaste && g.About != "" && !concerns(g.About)
	})
}

type who struct {
	x *chain.Index
	q Question
	a Answer
	// The sockets of the endpoint: those that serve or block as they stand,
	// those that only hold the port by being connected or by having been, and
	// those of other namespaces.
	serving, waiting, elsewhere []*fact.Socket
	redirects                   []*fact.Redirect
}

// sort deals the set's sockets out and puts them in the order in which they are told.
func (w *who) sort() {
	for _, s := range w.x.OnPort(w.q.Endpoint.Port) {
		switch {
		case !w.q.Endpoint.Concerns(*s) || !w.asked(s.Proto):
		case s.Netns != "":
			if s.State.Serves() || s.State == fact.Bound {
				w.elsewhere = append(w.elsewhere, s)
			}
		case s.State.Serves() || s.State == fact.Bound:
			w.serving = append(w.serving, s)
		default:
			w.waiting = append(w.waiting, s)
		}
	}
	slices.SortStableFunc(w.serving, fact.CompareSockets)
	slices.SortStableFunc(w.elsewhere, fact.CompareSockets)
	slices.SortStableFunc(w.waiting, fact.CompareSockets)
	here := w.places()
	for i := range w.x.Set.Redirects {
		r := &w.x.Set.Redirects[i]
		if w.takes(r, here) {
			w.redirects = append(w.redirects, r)
		}
	}
}

func (w *who) asked(p fact.Proto) bool {
	return w.q.Endpoint.Proto == "" || w.q.Endpoint.Proto == p
}

// takes tells whether a redirect takes traffic for the endpoint, which has the
// addresses here, away from a listener.
func (w *who) takes(r *fact.Redirect, here []netip.Addr) bool {
	if !w.asked(r.Proto) && r.Proto != "" || !r.Takes(cmp.Or(w.q.Endpoint.Proto, r.Proto), w.q.Endpoint.Port) {
		return false
	}
	if r.Kind == "redirect" && r.To == ":"+strconv.Itoa(int(w.q.Endpoint.Port)) {
		return false // redirected to itself: the listener keeps its traffic
	}
	if r.Dst.IsValid() && here[0].IsUnspecified() && (r.Dst.Addr().IsLoopback() || len(w.x.Set.Machine.Addrs) == 0) {
		return true // an address of this machine, or one that cannot be told from it
	}
	return slices.ContainsFunc(here, func(a netip.Addr) bool { return takesAt(r, a) })
}

// places are the addresses of this machine that the endpoint means. A wildcard
// stands first, for a rule that names no address, then those it covers.
func (w *who) places() []netip.Addr {
	out := slices.Clone(w.q.Endpoint.Addrs)
	if len(out) == 0 {
		out = append(out, netip.IPv6Unspecified())
	}
	if out[0] == netip.IPv6Unspecified() {
		out = append(out, netip.IPv4Unspecified())
	}
	for _, own := range w.x.Set.Machine.Addrs {
		o := own.Prefix.Addr()
		if slices.ContainsFunc(out, func(a netip.Addr) bool { return a.IsUnspecified() && a.Is4() == o.Is4() }) {
			out = append(out, o)
		}
	}
	return out
}

// takesAt tells whether a redirect takes what is sent to a. A rule for addresses
// of others, such as a cluster's services, takes nothing from this machine, and
// NAT in prerouting never sees what the machine sends to its own loopback.
func takesAt(r *fact.Redirect, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	holds := func(p netip.Prefix) bool { return p.Contains(a) }
	if a.IsLoopback() && r.Hook == "prerouting" && (r.Kind == "dnat" || r.Kind == "redirect") {
		return false
	}
	return (!r.Dst.IsValid() || holds(r.Dst)) && !slices.ContainsFunc(r.Except, holds)
}

// status decides each protocol, then the whole: held beats redirected beats
// blocked beats free.
func (w *who) status() {
	protos := w.q.Endpoint.Protos(fact.TCP, fact.UDP)
	for _, s := range w.serving {
		if !slices.Contains(protos, s.Proto) {
			protos = append(protos, s.Proto)
		}
	}
	w.a.Status = Free
	blind := Blindness(w.x.Set.Gaps)
	for _, p := range protos {
		st := w.protoStatus(p)
		if st == Free && blind != nil {
			st = Unknown
		}
		w.a.Protos = append(w.a.Protos, ProtoStatus{p, st})
		if rank(st) > rank(w.a.Status) {
			w.a.Status = st
		}
	}
	if w.a.Status == Free && (blind != nil || w.wasTaken()) {
		w.a.Status, w.a.CouldNot = Unknown, blind
	}
}

func rank(s Status) int {
	return slices.Index([]Status{Free, Blocked, Redirected, Held}, s)
}

func (w *who) protoStatus(p fact.Proto) Status {
	is := func(s *fact.Socket) bool { return s.Proto == p }
	if slices.ContainsFunc(w.serving, is) {
		return Held
	}
	if slices.ContainsFunc(w.redirects, func(r *fact.Redirect) bool { return r.Proto == p || r.Proto == "" }) {
		return Redirected
	}
	blocks := func(s *fact.Socket) bool {
		return is(s) && (s.State != fact.TimeWait || w.x.Set.Machine.OS != "windows") // there it stands in nobody's way
	}
	if slices.ContainsFunc(w.waiting, blocks) || w.keeps(p) {
		return Blocked
	}
	return Free
}

// Blindness is the gap that makes "nothing found" worthless: the socket table
// itself was not read. It is nil where it was.
func Blindness(gaps []fact.Gap) *fact.Gap {
	for i, g := range gaps {
		if g.Subject != fact.SocketTable {
			continue
		}
		switch g.Kind {
		case fact.GapNotThisOS, fact.GapPermission, fact.GapOther, fact.GapTruncated, fact.GapNotInPaste:
			return &gaps[i]
		}
	}
	return nil
}
