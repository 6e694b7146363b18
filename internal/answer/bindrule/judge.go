package bindrule

import (
	"github.com/berthd/berth/internal/fact"
)

// class is what a socket that is in the way is doing.
type class int

const (
	listening class = iota
	bound
	connected
	timeWait
	datagram
	unbound // holds no port
)

// sharing says, for each class, which flags on both sockets let both stand.
var sharing = [...]struct {
	rule      Rule
	reuseAddr bool // SO_REUSEADDR on both is enough
	reusePort bool // SO_REUSEPORT on both is enough, made by one user
	anyUser   bool // ... or by two
	goes      bool // it ends by itself
}{
	listening: {rule: Listener, reusePort: true},
	bound:     {rule: BoundSocket, reuseAddr: true, reusePort: true},
	connected: {rule: Connection, reuseAddr: true, reusePort: true},
	timeWait:  {rule: Waiting, reuseAddr: true, reusePort: true, anyUser: true, goes: true},
	datagram:  {rule: Datagram, reuseAddr: true, reusePort: true},
}

func classOf(s fact.Socket) class {
	switch {
	case s.Proto == fact.UDP || s.Proto == fact.UDPLite:
		return datagram
	case s.State == fact.Listen:
		return listening
	case s.State == fact.Bound:
		return bound
	case s.State == fact.TimeWait, s.State == fact.FinWait2 && s.Linux != nil && s.Linux.Inode == 0 && s.Linux.UID == nil:
		return timeWait
	case s.State == fact.SynRecv, s.State == fact.Closed:
		return unbound // a half-open connection: its listener has the port
	}
	return connected
}

// Judge tells what have, a socket of m, means for want. The verdict is about this
// pair alone.
func Judge(want Want, have fact.Socket, m fact.Machine) Verdict {
	v := Verdict{About: []fact.ID{have.ID}, Args: map[string]string{
		"have": have.Local.String(), "state": string(have.State),
	}}
	if rule := elsewhere(want, have); rule != Fine {
		return v.allow(rule, Certain)
	}
	met, sure := overlaps(want, have, m)
	if !met {
		rule := OtherAddress
		if apart(want.Local.Addr(), have.Local.Addr()) {
			rule = OtherFamily
		}
		return v.allow(rule, sure)
	}
	return v.shared(want, have, m, sure)
}

// elsewhere finds what keeps two sockets apart before their addresses matter.
func elsewhere(want Want, have fact.Socket) Rule {
	switch {
	case want.Local.Port() != have.Local.Port():
		return OtherPort
	case want.Proto == fact.Raw || have.Proto == fact.Raw:
		return RawSocket
	case want.Proto != have.Proto:
		return OtherProto
	case want.Netns != have.Netns:
		return OtherNetns
	case want.Device != "" && have.Device != "" && want.Device != have.Device:
		return OtherDevice
	case classOf(have) == unbound:
		return NotBound
	}
	return Fine
}

// overlaps compares the addresses; the answer is likely where it hangs on an
// IPV6_V6ONLY that nobody saw.
func overlaps(want Want, have fact.Socket, m fact.Machine) (bool, Confidence) {
	a, b := want.Local.Addr(), have.Local.Addr()
	only, known := have.V6Only()
	if !known {
		only = bindV6Only(m)
	}
	met := meets(a, want.only(m), b, only)
	if known || met == meets(a, want.only(m), b, !only) {
		return met, Certain
	}
	return met, Likely
}

// shared decides between two sockets whose addresses overlap.
func (v Verdict) shared(want Want, have fact.Socket, m fact.Machine, sure Confidence) Verdict {
	c := classOf(have)
	flags := flagsOf(have)
	rule, ok := agreement(c, want, flags)
	if ok {
		v = v.allow(rule, sure)
		v.Race = c == bound && rule == SharedAddress
		return v
	}
	v.Rule, v.At, v.Errno, v.Confidence = sharing[c].rule, AtBind, "EADDRINUSE", sure
	if _, might := agreement(c, want, flags.supposing(true)); might {
		v.Confidence = guess(c)
	}
	if want.Proto == fact.SCTP && v.Confidence == Certain {
		v.Confidence = Likely // its rules are taken to be TCP's; nobody measured them here
	}
	v.Needs = needs(c, want, have, m)
	return v
}

// guess is how much a refusal is worth when an unseen flag of the other could
// lift it: servers that had connections mostly set SO_REUSEADDR.
func guess(c class) Confidence {
	if c == connected || c == timeWait || c == bound {
		return Possible
	}
	return Likely
}

// flags are those of the other socket; a nil pointer is unknown.
type flags struct {
	reuseAddr, reusePort *bool
	uid                  *uint32
}

func flagsOf(s fact.Socket) flags {
	if s.Linux == nil {
		return flags{}
	}
	return flags{s.Linux.ReuseAddr, s.Linux.ReusePort, s.Linux.UID}
}

// supposing fills the unknown flags with on.
func (f flags) supposing(on bool) flags {
	if f.reuseAddr == nil {
		f.reuseAddr = &on
	}
	if f.reusePort == nil {
		f.reusePort = &on
	}
	return f
}

// agreement finds the flags that let both sockets stand; unknown flags count as off,
// an unknown user as another one.
func agreement(c class, want Want, f flags) (Rule, bool) {
	s := sharing[c]
	oneUser := f.uid != nil && *f.uid == want.UID
	if s.reusePort && want.ReusePort && isOn(f.reusePort) && (s.anyUser || oneUser) {
		return SharedPort, true
	}
	if s.reuseAddr && want.ReuseAddr && isOn(f.reuseAddr) {
		return SharedAddress, true
	}
	return s.rule, false
}

func isOn(b *bool) bool { return b != nil && *b }

// needs lists what would let the newcomer in, found by asking the same tables
// about the changed wish.
func needs(c class, want Want, have fact.Socket, m fact.Machine) []Need {
	var list []Need
	if sharing[c].goes {
		list = append(list, NeedWait)
	}
	if sharing[c].reuseAddr {
		list = append(list, NeedReuseAddr)
	}
	if sharing[c].reusePort {
		list = append(list, NeedReusePort)
	}
	yes := true
	changed := want
	changed.V6Only = &yes
	if met, _ := overlaps(changed, have, m); !met {
		list = append(list, NeedV6Only)
	}
	theirs := have
	theirs.Linux = &fact.LinuxSocket{V6Only: &yes}
	if met, _ := overlaps(want, theirs, m); !met {
		list = append(list, NeedHaveV6Only)
	}
	return list
}

func (v Verdict) allow(rule Rule, c Confidence) Verdict {
	v.Rule, v.OK, v.Confidence = rule, true, c
	return v
}
