package bindrule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Rules of Windows. Their errors are Winsock's: WSAEADDRINUSE (10048),
// WSAEACCES (10013), WSAEADDRNOTAVAIL (10049).
const (
	WindowsTaken    Rule = "windows-taken"    // another socket has the address
	WindowsKept     Rule = "windows-kept"     // another socket has the port for itself alone, or is another user's
	WindowsBeside   Rule = "windows-beside"   // a specific address beside another's wildcard: both work, the specific one gets its address's traffic
	WindowsShared   Rule = "windows-shared"   // SO_REUSEADDR on both: which one gets the traffic nobody knows
	ExcludedRange   Rule = "excluded-range"   // the system keeps the port back
	ExcludedStarred Rule = "excluded-starred" // an administrator keeps it out of dynamic assignment
	OpenConnection  Rule = "exclusive-open"   // an exclusive bind is refused while connections of the port are open
)

// What lets the newcomer in on Windows.
const (
	NeedOtherPort    Need = "other-port"    // a port outside the range
	NeedOtherAddress Need = "other-address" // an address of this machine
	NeedNotExclusive Need = "not-exclusive" // leave out SO_EXCLUSIVEADDRUSE
	NeedOwnRange     Need = "own-range"     // an administered exclusion of the port itself, made while the range is away
)

// errnos of Winsock, by what the table says.
const (
	wsaInUse    = "WSAEADDRINUSE"
	wsaDenied   = "WSAEACCES"
	wsaNotLocal = "WSAEADDRNOTAVAIL"
	wsaEither   = "WSAEADDRINUSE or WSAEACCES"
)

// AllWindows is [All] for Windows: Microsoft's table of sharing, the excluded
// port ranges and the machine's addresses. The flags of others' sockets cannot be
// seen there; a verdict that hangs on them is likely or possible. Nothing of it
// was tried on a real Windows, and a probe has the last word.
func AllWindows(want Want, set fact.Set) []Verdict {
	w := winJudge{want: want, set: &set}
	var all []Verdict
	if v, ok := w.notLocal(); ok {
		all = append(all, v)
	}
	all = append(all, w.ranges()...)
	for i := range set.Sockets {
		s := &set.Sockets[i]
		if s.Local.Port() != want.Local.Port() || s.Proto != want.Proto || s.Netns != "" {
			continue
		}
		if v, ok := w.judge(s); ok {
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b Verdict) int { return weight(a) - weight(b) })
	return all
}

type winJudge struct {
	want Want
	set  *fact.Set
}

// notLocal: the address is none of this machine's, where those are known.
func (w winJudge) notLocal() (Verdict, bool) {
	a := w.want.Local.Addr().WithZone("")
	if a.IsUnspecified() || a.IsLoopback() || len(w.set.Machine.Addrs) == 0 {
		return Verdict{}, false
	}
	known := slices.ContainsFunc(w.set.Machine.Addrs, func(o fact.Addr) bool { return o.Prefix.Addr().WithZone("") == a })
	family := slices.ContainsFunc(w.set.Machine.Addrs, func(o fact.Addr) bool { return o.Prefix.Addr().Is4() == a.Is4() })
	if known || !family {
		return Verdict{}, false
	}
	return Verdict{Rule: NotLocal, Errno: wsaNotLocal, At: AtBind, Confidence: Certain, Needs: []Need{NeedOtherAddress}, Args: map[string]string{"address": a.String()}}, true
}

// ranges: the ports that the system keeps back.
func (w winJudge) ranges() []Verdict {
	var out []Verdict
	for _, r := range w.set.Ranges {
		if r.Kind != fact.Excluded || !r.Holds(w.want.Proto, w.want.Local.Port()) {
			continue
		}
		v := Verdict{Rule: ExcludedRange, Errno: wsaDenied, At: AtBind, Confidence: Certain, Needs: []Need{NeedOtherPort, NeedOwnRange},
			Args: map[string]string{"from": strconv.Itoa(int(r.From)), "to": strconv.Itoa(int(r.To)), "name": r.Name}}
		if r.Administered {
			v.Rule, v.Confidence, v.Needs = ExcludedStarred, Possible, []Need{NeedOtherPort}
		} else if r.From == r.To {
			v.Confidence = Possible // a single port is how HTTP.sys's own look: the socket says more
		}
		out = append(out, v)
	}
	return out
}

// judge compares the wish with one socket; ok is false where the two do not meet.
func (w winJudge) judge(s *fact.Socket) (Verdict, bool) {
	v := Verdict{About: []fact.ID{s.ID}, At: AtBind, Args: map[string]string{"have": s.Local.String(), "state": string(s.State)}}
	if !s.State.Serves() && s.State != fact.Bound {
		if !w.want.Exclusive || s.State == fact.TimeWait {
			return v, false
		}
		v.Rule, v.Errno, v.Confidence, v.Needs = OpenConnection, wsaEither, Possible, []Need{NeedNotExclusive, NeedWait}
		return v, true
	}
	if w.meet(s) {
		return w.table(v, s), true
	}
	if !w.might(s) {
		return v, false
	}
	v = w.table(v, s)
	v.Confidence = Possible
	return v, !v.OK
}

// might tells whether an IPv6 wildcard may take IPv4's traffic too. Windows lists
// such a listener once for each family; Wine lists it once.
func (w winJudge) might(s *fact.Socket) bool {
	m := w.set.Machine.Windows
	return m != nil && m.Wine != "" && w.want.Local.Addr().Is4() && s.Local.Addr().Is6() && s.Wildcard()
}

// meet tells whether the addresses overlap. An IPv6 wildcard leaves IPv4 alone
// unless its program switched IPV6_V6ONLY off, which is on by default here.
func (w winJudge) meet(s *fact.Socket) bool {
	a, b := w.want.Local.Addr(), s.Local.Addr()
	if a.Is4() != b.Is4() {
		dual := a.Is6() && a.IsUnspecified() && w.want.V6Only != nil && !*w.want.V6Only
		return dual && (b.IsUnspecified() || b.Is4())
	}
	return a.IsUnspecified() || b.IsUnspecified() || a.WithZone("") == b.WithZone("")
}

// table asks Microsoft's table for every way in which the other may have asked.
func (w winJudge) table(v Verdict, s *fact.Socket) Verdict {
	mine := WindowsBind{Mode: w.mode(), Wildcard: w.want.Local.Addr().IsUnspecified()}
	theirs := w.theirModes(s)
	refused, inUse := 0, 0
	for _, m := range theirs {
		out := Windows(WindowsBind{Mode: m, Wildcard: s.Wildcard()}, mine)
		if out == WindowsAccessCheck {
			out = w.accessCheck(s)
		}
		if out != WindowsOK {
			refused++
		}
		if out == WindowsInUse {
			inUse++
		}
	}
	switch {
	case refused == 0:
		return w.allowed(v, s)
	case refused == len(theirs):
		v.Confidence = Certain
	case refused >= 2:
		v.Confidence = Likely
	default:
		v.Confidence = Possible
	}
	switch inUse {
	case refused:
		v.Rule, v.Errno = WindowsTaken, wsaInUse
	case 0:
		v.Rule, v.Errno = WindowsKept, wsaDenied
	default:
		v.Rule, v.Errno = WindowsTaken, wsaEither
	}
	return v
}

func (w winJudge) allowed(v Verdict, s *fact.Socket) Verdict {
	v.OK, v.At, v.Rule = true, "", WindowsBeside
	v.Confidence = Likely
	if s.Wildcard() == w.want.Local.Addr().IsUnspecified() {
		v.Rule = WindowsShared
	}
	return v
}

func (w winJudge) mode() WindowsMode {
	switch {
	case w.want.Exclusive:
		return WindowsExclusive
	case w.want.ReuseAddr:
		return WindowsReuse
	}
	return WindowsDefault
}

// theirModes are the ways in which a socket may have asked for its port. The
// kernel's own listeners keep theirs for themselves.
func (w winJudge) theirModes(s *fact.Socket) []WindowsMode {
	kernel := func(p fact.Process) bool { return p.PID == s.PID && p.Kernel }
	if s.PID == 4 || s.PID != 0 && slices.ContainsFunc(w.set.Processes, kernel) {
		return []WindowsMode{WindowsExclusive}
	}
	return []WindowsMode{WindowsDefault, WindowsExclusive, WindowsReuse}
}

// accessCheck: a specific address beside a wildcard is for the user who has the
// wildcard.
func (w winJudge) accessCheck(s *fact.Socket) WindowsOutcome {
	as := w.set.Machine.Asker
	i := slices.IndexFunc(w.set.Processes, func(p fact.Process) bool { return p.PID == s.PID && s.PID != 0 })
	if as == nil || i < 0 {
		return WindowsOK
	}
	sid := ""
	if p := w.set.Processes[i]; p.Windows != nil {
		sid = p.Windows.SID
	}
	if sid == "" || as.SID == "" || strings.EqualFold(sid, as.SID) {
		return WindowsOK
	}
	return WindowsDenied
}
