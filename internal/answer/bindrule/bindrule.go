// Package bindrule knows why a bind is refused. The rules of Linux stand here as
// data, each proved cell by cell against a real kernel by this package's tests;
// those of Windows are Microsoft's published table, and those of macOS are read from
// its kernel's published source: neither was ever tried.
//
// It is pure. It judges a wish ([Want]) against one socket ([Judge]), against the
// machine itself ([Self]), or against everything a set knows ([All] by Linux' rules,
// [AllWindows], [AllDarwin]). What the facts cannot tell, mostly the flags of
// somebody else's socket, lowers the confidence of a verdict and never its honesty.
package bindrule

import (
	"net/netip"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// Want is a socket that somebody wants to have: bound, and where the protocol
// has such a thing, listening.
type Want struct {
	Proto fact.Proto
	Local netip.AddrPort // of an IPv6 socket where the address is IPv6, mapped ones included
	// V6Only is IPV6_V6ONLY as the program sets it; nil leaves it to the machine:
	// net.ipv6.bindv6only on Linux, off on macOS, on on Windows.
	V6Only      *bool
	ReuseAddr   bool    // SO_REUSEADDR
	ReusePort   bool    // SO_REUSEPORT, which Windows has not
	Exclusive   bool    // SO_EXCLUSIVEADDRUSE, which only Windows has
	Freebind    bool    // IP_FREEBIND or IP_TRANSPARENT
	Device      string  // SO_BINDTODEVICE
	Netns       fact.ID // as in [fact.Socket]
	UID         uint32  // of the process that makes the socket
	Privileged  bool    // has CAP_NET_BIND_SERVICE where the socket is
	SELinuxType string  // the port's type where the policy confines the newcomer; "" = not looked at
}

// Step is the call that fails.
type Step string

// Steps, in the order in which a server makes them.
const (
	AtSocket Step = "socket"
	AtBind   Step = "bind"
	AtListen Step = "listen"
)

// Confidence is how sure a verdict is.
type Confidence string

// Confidences. A certain verdict rests on facts alone. A likely one supposes that
// a flag which could not be seen is off, as it is on most sockets. A possible one
// supposes the same where it is often on.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Rule names the rule of a verdict; sentences for it are in the report.
type Rule string

// Rules that refuse.
const (
	Listener     Rule = "listener"      // another socket listens on an overlapping address
	BoundSocket  Rule = "bound"         // another socket is bound there and does not listen
	Connection   Rule = "connection"    // an open connection has this local port
	Waiting      Rule = "time-wait"     // a finished connection still has it
	Datagram     Rule = "datagram"      // another datagram socket has it
	FamilyOff    Rule = "family-off"    // this kernel has no IPv6
	NotLocal     Rule = "not-local"     // the address is not one of this machine
	Tentative    Rule = "tentative"     // the address is there, its duplicate check has not ended
	Privilege    Rule = "privilege"     // the port is below the unprivileged range
	MappedV6Only Rule = "mapped-v6only" // an IPv4 address on a socket that is IPv6 only
	NoScope      Rule = "no-scope"      // a link-local address without an interface
	// MulticastStream: IPv6 has no multicast streams; IPv4 lets them bind.
	MulticastStream Rule = "multicast-stream"
	SELinuxDenies   Rule = "selinux-denies" // the policy may not allow this port's type
)

// Rules that let the newcomer in, although the number is the same.
const (
	Fine          Rule = "fine"
	OtherPort     Rule = "other-port"
	OtherProto    Rule = "other-proto"
	OtherNetns    Rule = "other-netns"
	OtherDevice   Rule = "other-device"
	OtherAddress  Rule = "other-address"
	OtherFamily   Rule = "other-family"    // IPv4 and IPv6 apart
	SharedPort    Rule = "shared-port"     // SO_REUSEPORT on both: the kernel spreads the traffic
	SharedAddress Rule = "shared-address"  // SO_REUSEADDR on both, and the other does not listen
	NotBound      Rule = "not-bound"       // the row holds no port of its own
	RawSocket     Rule = "raw-has-no-port" // raw sockets have no ports
)

// Need is one change that would let the newcomer in.
type Need string

// Needs.
const (
	NeedReuseAddr   Need = "reuse-addr"     // SO_REUSEADDR on both sockets
	NeedReusePort   Need = "reuse-port"     // SO_REUSEPORT on both sockets, made by one user
	NeedV6Only      Need = "v6only"         // IPV6_V6ONLY on the newcomer
	NeedHaveV6Only  Need = "their-v6only"   // IPV6_V6ONLY on the other
	NeedWait        Need = "wait"           // it goes by itself
	NeedFreebind    Need = "freebind"       // IP_FREEBIND, or net.ipv4.ip_nonlocal_bind
	NeedIPv4        Need = "ipv4"           // bind an IPv4 address
	NeedCapability  Need = "net-bind-cap"   // CAP_NET_BIND_SERVICE, or a lower unprivileged range
	NeedPolicy      Need = "selinux-policy" // a port type that the policy allows
	NeedInterface   Need = "interface"      // name the interface of the address
	NeedDualOrPlain Need = "not-v6only"     // leave out IPV6_V6ONLY, or bind the plain IPv4 address
)

// Verdict is what one rule says of one wish.
type Verdict struct {
	Rule       Rule
	OK         bool
	Errno      string // "EADDRINUSE", on Windows "WSAEADDRINUSE", "WSAEACCES" or both with "or"; "" when OK
	At         Step   // the call that fails; "" when OK
	Confidence Confidence
	// Race says that the two sockets can both be bound, and that whoever listens
	// first makes the other's listen fail with EADDRINUSE.
	Race  bool
	Needs []Need
	About []fact.ID
	// Args are the values that a sentence needs: "have" is the other's endpoint,
	// "state" its state, "setting" and "value" what decides.
	Args map[string]string
}

// All judges want against the machine and every socket in set that has its port
// number: refusals first, the sure ones before the guesses, and among those in the
// order in which the kernel would raise them. An empty result means that nothing
// known stands in the way.
func All(want Want, set fact.Set) []Verdict {
	all := Self(want, set.Machine)
	for _, s := range set.Sockets {
		if s.Local.Port() == want.Local.Port() {
			all = append(all, Judge(want, s, set.Machine))
		}
	}
	slices.SortStableFunc(all, func(a, b Verdict) int { return weight(a) - weight(b) })
	return all
}

// weight orders verdicts; lower comes first.
func weight(v Verdict) int {
	n := 0
	if v.OK {
		n = 100
	}
	switch v.Confidence {
	case Likely:
		n += 10
	case Possible:
		n += 20
	}
	if v.Errno == "EADDRINUSE" {
		n += 5 // addresses and rights are looked at before other sockets
	}
	return n
}
