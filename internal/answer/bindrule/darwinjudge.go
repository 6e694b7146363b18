package bindrule

import (
	"net/netip"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// Rules of macOS.
const (
	DarwinTaken     Rule = "darwin-taken"      // another socket has the address
	DarwinOtherUser Rule = "darwin-other-user" // another user's socket has the port: a single address is not for others
	DarwinOpen      Rule = "darwin-open"       // a connection has the port, and the newcomer has no SO_REUSEADDR
	DarwinPrivilege Rule = "darwin-privilege"  // a port below 1024 at a single address needs root
	DarwinBeside    Rule = "darwin-beside"     // one has the wildcard, one an address of its own: that one gets its address's traffic
	DarwinFamilies  Rule = "darwin-families"   // an IPv6 wildcard beside an IPv4 one, which keeps IPv4's traffic
	DarwinShared    Rule = "darwin-shared"     // SO_REUSEPORT on both: macOS deals nothing out
)

// What lets the newcomer in on macOS.
const (
	NeedOwnReuseAddr Need = "own-reuse-addr" // SO_REUSEADDR on the newcomer alone
	NeedWildcard     Need = "wildcard"       // the wildcard address
	NeedSameUser     Need = "same-user"      // the other's user, or root
)

// AllDarwin is [All] for macOS: the kernel's published rules, the rule of ports below
// 1024, and the machine's addresses. Nothing of it was tried on a Mac, so that no
// verdict is more than likely, and a probe has the last word. A verdict that hangs on
// a flag or a user that nobody saw is possible.
func AllDarwin(want Want, set fact.Set) []Verdict {
	d := darwinJudge{want: want, machine: &set.Machine}
	var all []Verdict
	for _, rule := range [...]func() (Verdict, bool){d.notLocal, d.privilege} {
		if v, ok := rule(); ok {
			all = append(all, v)
		}
	}
	for i := range set.Sockets {
		s := &set.Sockets[i]
		if s.Local.Port() != want.Local.Port() || s.Proto != want.Proto || s.Netns != "" {
			continue
		}
		if v, ok := d.judge(s); ok {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b Verdict) int { return weight(a) - weight(b) })
	return all
}

type darwinJudge struct {
	want    Want
	machine *fact.Machine
}

// notLocal: the address is none of this machine's, where those are known. Of the
// loopback network a Mac has one address.
func (d darwinJudge) notLocal() (Verdict, bool) {
	a := d.want.Local.Addr().WithZone("")
	if a.IsUnspecified() || a.IsMulticast() || len(d.machine.Addrs) == 0 ||
		slices.ContainsFunc(d.machine.Addrs, func(o fact.Addr) bool { return o.Prefix.Addr().WithZone("") == a }) {
		return Verdict{}, false
	}
	return Verdict{Rule: NotLocal, Errno: "EADDRNOTAVAIL", At: AtBind, Confidence: Likely, Needs: []Need{NeedOtherAddress}, Args: map[string]string{"address": a.String()}}, true
}

func (d darwinJudge) privilege() (Verdict, bool) {
	port := d.want.Local.Port()
	if d.root() || port == 0 || port >= firstUnprivileged || d.want.Local.Addr().IsUnspecified() {
		return Verdict{}, false
	}
	return Verdict{Rule: DarwinPrivilege, Errno: "EACCES", At: AtBind, Confidence: Likely, Needs: []Need{NeedWildcard}}, true
}

// root is who may do it all; capabilities are Linux'.
func (d darwinJudge) root() bool { return d.want.UID == 0 }

func (d darwinJudge) only() bool { return d.want.V6Only != nil && *d.want.V6Only }

// judge compares the wish with one socket; ok is false where the two do not meet.
func (d darwinJudge) judge(s *fact.Socket) (v Verdict, ok bool) {
	if s.State == fact.Closed {
		return v, false
	}
	v = Verdict{About: []fact.ID{s.ID}, At: AtBind, Errno: "EADDRINUSE", Confidence: Likely,
		Args: map[string]string{"have": s.Local.String(), "state": string(s.State)}}
	connected := !s.State.Serves() && s.State != fact.Bound
	flags := darwinFlags(s)
	switch met, sure := d.meets(darwinWild, s); {
	case d.otherUser(s, flags) && met:
		v.Rule, v.Confidence, v.Needs = DarwinOtherUser, sure, []Need{NeedSameUser}
	case connected && (d.reuses() || !met):
		return v, false
	case connected:
		v.Rule, v.Confidence, v.Needs = DarwinOpen, sure, []Need{NeedOwnReuseAddr, NeedWait}
	default:
		return d.unconnected(v, s, flags)
	}
	return v, true
}

func (d darwinJudge) reuses() bool { return d.want.ReuseAddr || d.want.ReusePort }

// otherUser: the kernel lets nobody but root bind beside another user's socket, when
// one of the two has an address of its own. Unknown users count as the same.
func (d darwinJudge) otherUser(s *fact.Socket, f flags) bool {
	if d.root() || f.uid == nil || *f.uid == d.want.UID || d.want.Local.Addr().IsMulticast() ||
		s.Darwin != nil && isOn(s.Darwin.SharesUsers) {
		return false
	}
	if d.want.Local.Addr().IsUnspecified() && s.Wildcard() {
		return d.want.Local.Addr().Is6() && !isOn(f.reusePort)
	}
	return true
}

// unconnected decides about a socket that has no peer.
func (d darwinJudge) unconnected(v Verdict, s *fact.Socket, f flags) (Verdict, bool) {
	table := darwinWild
	if d.reuses() {
		table = darwinExact
	}
	met, sure := d.meets(table, s)
	switch {
	case met && d.want.ReusePort && isOn(f.reusePort):
		return d.allowed(v, s, DarwinShared, sure), true
	case met:
		v.Rule, v.Confidence = DarwinTaken, sure
		if d.want.ReusePort && f.reusePort == nil {
			v.Confidence = Possible
		}
		v.Needs = d.needs(s)
		return v, true
	case !meets(d.want.Local.Addr(), d.only(), s.Local.Addr(), darwinOnly(s)):
		return v, false
	case d.want.Local.Addr().IsUnspecified() && s.Wildcard():
		return d.allowed(v, s, DarwinFamilies, sure), true
	}
	if f.uid == nil && !d.root() {
		sure = Possible
	}
	return d.allowed(v, s, DarwinBeside, sure), true
}

func (d darwinJudge) allowed(v Verdict, s *fact.Socket, rule Rule, sure Confidence) Verdict {
	v.At, v.Errno = "", ""
	if s.Wildcard() {
		v.Args["wildcard"] = "theirs"
	}
	return v.allow(rule, sure)
}

// meets asks a table; the answer is only possible where it hangs on an IPV6_V6ONLY
// that nobody saw.
func (d darwinJudge) meets(table [forms][forms]meet, s *fact.Socket) (bool, Confidence) {
	a, b := d.want.Local.Addr(), s.Local.Addr()
	met := darwinMeets(table, a, d.only(), b, darwinOnly(s))
	if _, known := s.V6Only(); known || met == darwinMeets(table, a, d.only(), b, !darwinOnly(s)) {
		return met, Likely
	}
	return met, Possible
}

func darwinMeets(table [forms][forms]meet, a netip.Addr, aOnly bool, b netip.Addr, bOnly bool) bool {
	switch table[formOf(a, aOnly)][formOf(b, bOnly)] {
	case always:
		return true
	case same:
		return a.Unmap().WithZone("") == b.Unmap().WithZone("")
	}
	return false
}

// darwinOnly is IPV6_V6ONLY of a socket, which is off where nobody saw it.
func darwinOnly(s *fact.Socket) bool {
	only, _ := s.V6Only()
	return only
}

func darwinFlags(s *fact.Socket) flags {
	if s.Darwin == nil {
		return flags{}
	}
	return flags{s.Darwin.ReuseAddr, s.Darwin.ReusePort, s.Darwin.UID}
}

// needs lists what would let the newcomer in, found by asking about the changed wish.
func (d darwinJudge) needs(s *fact.Socket) []Need {
	var list []Need
	if met, _ := d.meets(darwinExact, s); !met {
		list = append(list, NeedOwnReuseAddr)
	}
	list = append(list, NeedReusePort)
	yes := true
	apart := d
	apart.want.V6Only = &yes
	table := darwinWild
	if d.reuses() {
		table = darwinExact
	}
	if met, _ := apart.meets(table, s); !met {
		list = append(list, NeedV6Only)
	}
	return list
}
