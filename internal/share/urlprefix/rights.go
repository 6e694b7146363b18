package urlprefix

import "slices"

// LocalSystem and Administrators have the root of every host and port reserved for
// them, which nobody can take away.
const (
	LocalSystem    = "S-1-5-18"
	Administrators = "S-1-5-32-544"
)

// ACE is one row of a reservation's access list. The first that speaks of an account
// and a right decides.
type ACE struct {
	SID      string
	Deny     bool
	Listen   bool // may register (GENERIC_EXECUTE)
	Delegate bool // may reserve below it for others (GENERIC_WRITE)
}

// Who is the account that wants something.
type Who struct {
	SIDs  []string // its own and its groups'
	Admin bool     // LocalSystem, or an administrator with all rights: elevated
	// Partial says that SIDs may lack groups: a refusal is then less than certain
	// where a group that is not among them has the right.
	Partial bool
}

// Is tells whether sid is the account or a group of it.
func (w Who) Is(sid string) bool {
	return sid == Administrators && w.Admin || slices.Contains(w.SIDs, sid)
}

// Rule names what decided.
type Rule string

// Rules that let a prefix in.
const (
	RuleReserved      Rule = "reserved-for-you"  // a reservation lets you register
	RuleAdministrator Rule = "administrator"     // nobody has it reserved, and you are one
	RuleLocalhost     Rule = "localhost-is-free" // on ports above 1024 everybody may register localhost
	RuleDelegated     Rule = "delegated-to-you"  // a reservation lets you reserve below it
)

// Rules that refuse one.
const (
	RuleSchemeClash     Rule = "scheme-clash"       // the port is https, or http
	RuleTaken           Rule = "registered-already" // the same prefix
	RuleForeign         Rule = "reserved-for-others"
	RuleUnreserved      Rule = "not-reserved"      // and so for administrators only
	RuleLocalhostLost   Rule = "localhost-lost"    // the port carries a reservation: localhost is not free on it
	RuleReservedAlready Rule = "reserved-already"  // the same prefix; delete it first
	RuleNotDelegated    Rule = "not-delegated"     // the reservation above is somebody else's
	RuleNotAdmin        Rule = "not-administrator" // nothing above is reserved
)

// Verdict says whether an account may register or reserve a prefix.
type Verdict[V any] struct {
	OK         bool
	Code       Code // 0 where OK
	Rule       Rule
	Confidence Confidence
	By         *Entry[V] // the entry that decided, where one did
}

// freePorts: localhost is everybody's on the ports above this one.
const freePorts = 1024

// MayRegister says whether who may register p, as the rights have it. Whether the
// port and the address can be had is not looked at. Windows checks in this order:
// the port's scheme, the same prefix, the nearest reservation with equal scheme,
// host and port.
func (t *Table[V]) MayRegister(p Prefix, who Who) Verdict[V] {
	if t.clash(p) {
		return Verdict[V]{Code: AlreadyExists, Rule: RuleSchemeClash, Confidence: Likely} // that it fails is documented, the code is not
	}
	if e := t.Get(p, false); e != nil {
		return Verdict[V]{Code: AlreadyExists, Rule: RuleTaken, Confidence: Certain, By: e}
	}
	if e := t.parent(p, true); e != nil {
		return judge(e, who, func(a ACE) bool { return a.Listen }, RuleReserved, RuleForeign)
	}
	switch {
	case who.admin():
		return Verdict[V]{OK: true, Rule: RuleAdministrator, Confidence: Certain}
	case !p.Local() || p.Port <= freePorts:
		return Verdict[V]{Code: AccessDenied, Rule: RuleUnreserved, Confidence: Certain}
	}
	sure := Likely
	if p.Addr.Is6() {
		sure = Possible // 127.0.0.1 has one report, [::1] has none
	}
	if e := t.anyReservation(p.Port); e != nil { // met once, unexplained
		return Verdict[V]{Code: AccessDenied, Rule: RuleLocalhostLost, Confidence: Possible, By: e}
	}
	return Verdict[V]{OK: true, Rule: RuleLocalhost, Confidence: sure}
}

// MayReserve says whether who may reserve p. A reservation does not inherit: the
// nearest one above it in its bucket decides, and it must delegate.
func (t *Table[V]) MayReserve(p Prefix, who Who) Verdict[V] {
	if t.clash(p) {
		return Verdict[V]{Code: AlreadyExists, Rule: RuleSchemeClash, Confidence: Likely}
	}
	if e := t.Get(p, true); e != nil {
		return Verdict[V]{Code: AlreadyExists, Rule: RuleReservedAlready, Confidence: Certain, By: e}
	}
	if e := t.parent(p, false); e != nil {
		return judge(e, who, func(a ACE) bool { return a.Delegate }, RuleDelegated, RuleNotDelegated)
	}
	if who.admin() {
		return Verdict[V]{OK: true, Rule: RuleAdministrator, Confidence: Certain}
	}
	return Verdict[V]{Code: AccessDenied, Rule: RuleNotAdmin, Confidence: Certain}
}

func (w Who) admin() bool { return w.Admin || w.Is(LocalSystem) }

// judge asks the access list of a reservation.
func judge[V any](e *Entry[V], who Who, right func(ACE) bool, yes, no Rule) Verdict[V] {
	let, refuse := Certain, Certain
	for _, a := range e.ACL {
		switch {
		case !right(a):
			continue
		case who.Is(a.SID) && !a.Deny:
			return Verdict[V]{OK: true, Rule: yes, Confidence: let, By: e}
		case who.Is(a.SID):
			return Verdict[V]{Code: AccessDenied, Rule: no, Confidence: refuse, By: e}
		case who.Partial && a.Deny: // it may be a group of theirs
			let = Likely
		case who.Partial:
			refuse = Likely
		}
	}
	if who.admin() {
		refuse = Likely // documented; nobody was seen to try
	}
	return Verdict[V]{Code: AccessDenied, Rule: no, Confidence: refuse, By: e}
}

// parent is the nearest reservation of p's own host above p, or p's own where self
// is set.
func (t *Table[V]) parent(p Prefix, self bool) *Entry[V] {
	s := t.siteOf(p)
	if s == nil {
		return nil
	}
	var best *Entry[V]
	n, path := &s.root, p.Path
	for {
		if n.resv != nil && (self || len(path) > 1) {
			best = n.resv
		}
		if len(path) <= 1 {
			return best
		}
		var seg string
		seg, path = next(path)
		if n = n.kid(seg); n == nil {
			return best
		}
	}
}

// anyReservation is some reservation on a port, or nil.
func (t *Table[V]) anyReservation(number uint16) *Entry[V] {
	var found *Entry[V]
	for _, https := range [...]bool{false, true} {
		if p := t.ports[portKey{number, https}]; p == nil || p.entries == p.live {
			continue
		}
		t.OnPort(https, number, func(e *Entry[V]) bool {
			if e.Reserved && (found == nil || e.Prefix.Key() < found.Prefix.Key()) {
				found = e
			}
			return true
		})
	}
	return found
}
