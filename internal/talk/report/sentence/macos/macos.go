// Package macos says what macOS' rules decide, in English: refusals, permissions and
// what would let a newcomer in. It is a part of package sentence.
package macos

import "github.com/berthd/berth/internal/answer/bindrule"

// Refusal says a rule of macOS that refuses a bind; "" for any other. who has the
// socket that the rule is about.
func Refusal(v bindrule.Verdict, who string) string {
	switch v.Rule {
	case bindrule.DarwinTaken:
		return who + " has it; macOS lets two sockets share an address only when both set SO_REUSEPORT. SO_REUSEADDR on both does not help."
	case bindrule.DarwinOtherUser:
		return who + " is another user's; when one of the two sockets has an address of its own, macOS lets nobody but that user and root in, whatever the flags."
	case bindrule.DarwinOpen:
		return who + " is a connection with this local port, open or in TIME_WAIT; a bind without SO_REUSEADDR is refused until it is gone."
	case bindrule.DarwinPrivilege:
		return "a port below 1024 needs root when a single address is named; at the wildcard address macOS asks for no right."
	}
	return ""
}

// Permission says a rule of macOS by which a port is shared; "" for any other.
func Permission(v bindrule.Verdict, who string) string {
	switch v.Rule {
	case bindrule.DarwinBeside:
		if v.Args["wildcard"] == "theirs" {
			return "it stands beside " + who + ": both binds work, and yours takes the traffic of its address away without a word."
		}
		return "it stands beside " + who + ": both binds work, and that one keeps the traffic of its address."
	case bindrule.DarwinFamilies:
		return "it stands beside " + who + ": macOS lets an IPv6 wildcard in after an IPv4 one, and IPv4's traffic stays with the other."
	case bindrule.DarwinShared:
		return "it is shared with " + who + " by SO_REUSEPORT on both: macOS does not deal connections out, so that one of the two may get all of them."
	}
	return ""
}

// Need says what would let the newcomer in; "" for what other systems need.
func Need(n bindrule.Need) string {
	switch n {
	case bindrule.NeedOwnReuseAddr:
		return "SO_REUSEADDR on yours, set before bind"
	case bindrule.NeedWildcard:
		return "binding every address (0.0.0.0 or [::]) instead of one"
	case bindrule.NeedSameUser:
		return "running as the user who has the other socket, or as root"
	}
	return ""
}
