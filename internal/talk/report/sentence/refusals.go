package sentence

import (
	"strconv"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/refusal"
)

// aboutErrorLine says why a port is asked about: the texts' own error line.
func (n Names) aboutErrorLine(f diagnose.Finding) string {
	if f.Rule != diagnose.RuleErrorLine {
		return ""
	}
	where := Clean(f.Args["where"], 160)
	if where == "" {
		where = "a line of the texts"
	}
	if refusal.Cause(f.Args["cause"]) == refusal.InUse {
		return where + " says that a bind was refused because the port is in use" + n.quoted(f) + "."
	}
	return where + " says that a bind was refused" + n.quoted(f) + ". " + Upper(cause(f))
}

// cause says a class of refusal, and what decides it.
func cause(f diagnose.Finding) string {
	switch refusal.Cause(f.Args["cause"]) {
	case refusal.Allocated:
		return "the container engine's own book says that the port is allocated: another container has it, one that was created and never started among them."
	case refusal.Reserved:
		return "Windows says so when somebody has the port exclusively, as HTTP.sys does, or when it keeps the port back in a reserved range."
	case refusal.NotPermitted:
		return notPermitted(f)
	case refusal.NotHere:
		return addressOf(f) + " was no address of that machine at that moment: the address of a router or a NAT in front of it, a wrong hosts entry, or an interface that was not up yet, as early at boot."
	case refusal.FamilyOff:
		return "the machine or the program has no such address family: most often IPv6 is switched off. Listen on an IPv4 address, 0.0.0.0 or 127.0.0.1."
	case refusal.Registered:
		return theURL(f) + " is registered with HTTP.sys already, by another program or another copy of this one."
	case refusal.NotReserved:
		return "HTTP.sys keeps " + theURL(f) + " for somebody else: without a reservation (netsh http add urlacl) only an administrator may register it."
	case refusal.BadArgument:
		return "the system calls the wish itself wrong: an address of another family or form, or a socket that is bound already."
	}
	return "the line does not say why; most often somebody has the port already."
}

// theURL names the URL that was refused, where the line does.
func theURL(f diagnose.Finding) string {
	if p := Clean(f.Args["prefix"], 160); p != "" {
		return p
	}
	return "the URL"
}

func notPermitted(f diagnose.Finding) string {
	if port, err := strconv.Atoi(f.Args["port"]); err == nil && port < 1024 {
		return "the program has not the right: ports below 1024 need root or CAP_NET_BIND_SERVICE on Linux. Nobody need have the port for that."
	}
	return "the program has not the right: a policy such as SELinux forbids it. Nobody need have the port for that."
}

func addressOf(f diagnose.Finding) string {
	if a := Name(f.Args["address"]); a != "" {
		return a
	}
	return "the address"
}

// refusedLine answers where no listing does, and an error line tells something all
// the same; "" where there is none.
func (n Names) refusedLine(a diagnose.Answer) string {
	port := "port " + Itoa(int(a.Endpoint.Port))
	for _, f := range a.Findings {
		if f.Rule != diagnose.RuleErrorLine {
			continue
		}
		switch refusal.Cause(f.Args["cause"]) {
		case refusal.Allocated:
			return "A container engine has " + port + " in its own book already" + n.bookedFor(a)
		case refusal.InUse:
			if a.CouldNot == nil {
				return "Somebody had " + port + " when a program asked for it; in the listing at hand nobody has it."
			}
			return "Somebody has " + port + " already; who it is, the texts at hand do not say."
		case refusal.Reserved:
			if a.CouldNot == nil {
				return "Windows refused " + port + ", and in the listing at hand nobody has it: most likely it is in a range that Windows keeps back."
			}
			return "Windows refused " + port + ": somebody has it exclusively, or Windows keeps it back."
		case refusal.NotPermitted:
			return Upper(port) + " was refused for want of rights."
		case refusal.NotHere:
			return Upper(port) + " was refused: " + addressOf(f) + " was no address of that machine."
		case refusal.FamilyOff:
			return Upper(port) + " was refused: its address family is off there, most often IPv6."
		case refusal.Registered:
			return "A URL on " + port + " is registered already; by whom, the texts at hand do not say."
		case refusal.NotReserved:
			return "A URL on " + port + " was refused for want of a reservation."
		case refusal.BadArgument:
			return Upper(port) + " was refused: the system calls the wish itself wrong."
		}
		return Upper(port) + " was refused; why, the texts at hand do not say."
	}
	return ""
}

// bookedFor names the containers that an engine has written a port down for.
func (n Names) bookedFor(a diagnose.Answer) string {
	var who []string
	for _, f := range a.Findings {
		if f.Rule == diagnose.RuleAllocated {
			who = append(who, n.First(f))
		}
	}
	if len(who) == 0 {
		return "; for which container, the texts at hand do not say."
	}
	return ", for " + List(who) + "."
}

// pasted tells whether the facts come from texts, which never show everything.
func (n Names) pasted() bool { return n.X.Set.Machine.Source == "paste" }
