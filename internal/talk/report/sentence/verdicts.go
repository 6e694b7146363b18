package sentence

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence/macos"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

// Verdict says one bind rule, applied.
func (n Names) Verdict(v bindrule.Verdict) string {
	s := n.refusal(v)
	if v.OK {
		s = n.permission(v)
	}
	switch v.Confidence {
	case bindrule.Likely:
		return "probably: " + s
	case bindrule.Possible:
		return "possibly: " + s
	}
	return s
}

// Again says a refusal of a kind that was explained before, for another socket;
// "" where there is nothing shorter to say.
func (n Names) Again(v bindrule.Verdict) string {
	if who := n.other(v); who != "" && !v.OK {
		return who + ": the same."
	}
	return ""
}

func (n Names) refusal(v bindrule.Verdict) string {
	who := n.other(v)
	switch v.Rule {
	case bindrule.Listener:
		return who + " listens there; two listeners share an address only when both set SO_REUSEPORT and belong to one user. SO_REUSEADDR does not help against a listener."
	case bindrule.BoundSocket:
		return who + " is bound there without listening; the bind is refused unless both sockets set SO_REUSEADDR."
	case bindrule.Connection:
		return who + " is a connection with this local port; a bind gets past it only when that socket had SO_REUSEADDR and yours has it too."
	case bindrule.Waiting:
		return who + " is a finished connection in TIME_WAIT; a bind gets past it only when yours has SO_REUSEADDR and the old server's had it too, as most have; where it had not, only waiting helps."
	case bindrule.Datagram:
		return who + " has it; two UDP sockets share an address only when both set SO_REUSEADDR or both SO_REUSEPORT."
	}
	if w := cmp.Or(windows.Refusal(v, who), macos.Refusal(v, who)); w != "" {
		return w
	}
	return n.selfRefusal(v)
}

func (n Names) selfRefusal(v bindrule.Verdict) string {
	switch v.Rule {
	case bindrule.FamilyOff:
		return "this kernel has no IPv6: a server that asks for [::] or [::1] fails."
	case bindrule.NotLocal:
		if v.Args["setting"] != "" {
			return Name(v.Args["address"]) + " is no address of this machine: IPv6 is switched off (" + v.Args["setting"] + "=" + Name(v.Args["value"]) + ")."
		}
		return Name(v.Args["address"]) + " is not an address of this machine (a public address in front of a NAT, a wrong hosts entry, or an interface that is not up yet, as early at boot)."
	case bindrule.Tentative:
		return Name(v.Args["address"]) + " is there, and its duplicate address check has not ended; a moment later the bind works."
	case bindrule.Privilege:
		return "ports below " + cmp.Or(v.Args["value"], "1024") + " need CAP_NET_BIND_SERVICE, which is missing."
	case bindrule.MappedV6Only:
		return "an IPv4 address on a socket that is IPv6 only is refused."
	case bindrule.NoScope:
		return "a link-local address needs its interface, as in fe80::1%eth0."
	case bindrule.MulticastStream:
		return Name(v.Args["address"]) + " is a group's address: IPv6 has no streams to groups, so TCP cannot listen there."
	case bindrule.SELinuxDenies:
		return "SELinux knows this port as " + Name(v.Args["type"]) + " and may forbid it to your program; root does not change that."
	}
	return "rule " + Name(string(v.Rule)) + " refuses it with " + Name(v.Errno) + "."
}

func (n Names) permission(v bindrule.Verdict) string {
	who := n.other(v)
	switch v.Rule {
	case bindrule.SharedPort:
		return "it is shared with " + who + " by SO_REUSEPORT on both: the kernel deals connections out between the two."
	case bindrule.SharedAddress:
		if v.Race {
			return "it is shared with " + who + " by SO_REUSEADDR on both until one of the two listens; then the other's listen fails."
		}
		return "it is shared with " + who + " by SO_REUSEADDR on both."
	}
	if w := cmp.Or(windows.Permission(v, who), macos.Permission(v, who)); w != "" {
		return w
	}
	return who + " is not in the way (" + Name(string(v.Rule)) + ")."
}

// other names the socket a verdict is about and who has it.
func (n Names) other(v bindrule.Verdict) string {
	if len(v.About) == 0 {
		return ""
	}
	s := n.X.Socket(v.About[0])
	if s == nil {
		return Name(v.Args["have"])
	}
	at := n.Socket(s)
	if s.Remote.IsValid() && s.Remote.Port() != 0 {
		at += " ↔ " + AddrPort(s.Remote)
	}
	switch s.State {
	case fact.TimeWait:
		return at
	case fact.Listen, fact.Unconnected, fact.Bound:
		return at + " of " + n.Owners(s)
	}
	return at + " of " + n.Owners(s)
}

// Needs says what would let the newcomer in.
func (n Names) Needs(v bindrule.Verdict) string {
	var out []string
	for _, need := range v.Needs {
		if s := needWords(need); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, "; or ")
}

func needWords(n bindrule.Need) string {
	switch n {
	case bindrule.NeedReuseAddr:
		return "SO_REUSEADDR on both sockets, set before bind"
	case bindrule.NeedReusePort:
		return "SO_REUSEPORT on both sockets, made by one user"
	case bindrule.NeedV6Only:
		return "IPV6_V6ONLY on yours, which leaves IPv4 to the other"
	case bindrule.NeedHaveV6Only:
		return "IPV6_V6ONLY on the other socket"
	case bindrule.NeedWait:
		return "waiting (berth check --wait 60s)"
	case bindrule.NeedFreebind:
		return "IP_FREEBIND on the socket or net.ipv4.ip_nonlocal_bind=1, or ordering the server after network-online.target"
	case bindrule.NeedIPv4:
		return "an IPv4 address, such as 0.0.0.0"
	case bindrule.NeedCapability:
		return "AmbientCapabilities=CAP_NET_BIND_SERVICE in its unit; or setcap cap_net_bind_service=+ep on the program (an upgrade of the file loses it, NoNewPrivileges voids it); or a socket unit that binds for it; or a lower net.ipv4.ip_unprivileged_port_start"
	case bindrule.NeedPolicy:
		return "a port type the policy allows: semanage port -a -t TYPE -p tcp PORT (-m where the port has a type already)"
	case bindrule.NeedInterface:
		return "the interface in the address"
	case bindrule.NeedDualOrPlain:
		return "leaving out IPV6_V6ONLY, or binding the plain IPv4 address"
	}
	return cmp.Or(windows.Need(n), macos.Need(n))
}

// Passed says that the kernel let a trial bind past a socket which a rule holds
// against it: a flag of that socket, which berth could not see, allows it.
func (n Names) Passed(v bindrule.Verdict) string {
	who := n.other(v)
	if v.Rule == bindrule.Waiting {
		who += " in TIME_WAIT"
	}
	return who + " is no obstacle: the kernel let the trial past it, so its socket has the flag that allows it."
}
