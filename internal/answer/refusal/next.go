package refusal

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// Listing tells what other texts show of the port that was refused.
type Listing int

// What other texts show.
const (
	NoListing Listing = iota // they list no sockets
	NotListed                // they list sockets, and nobody has the port
	Listed                   // they show who has the port
)

// Next is the gap that a refusal leaves, with the one command that would tell more;
// false where nothing is left to ask.
func (r Refusal) Next(l Listing) (fact.Gap, bool) { return r.next(l, &fact.Set{}) }

func (r Refusal) next(l Listing, set *fact.Set) (fact.Gap, bool) {
	os, subject, hint := r.OS, r.what(), ""
	switch r.Cause {
	case Allocated:
		if len(set.Containers) == 0 {
			hint = "docker ps -a"
		}
	case InUse, Unsaid:
		if l == NoListing || l == NotListed && r.Port != 0 { // which port it was no listing tells
			hint = r.listing(os)
		}
	case Reserved:
		subject, hint = r.keptBack(l, set)
	case NotPermitted:
		if subject, hint = r.rights(os); set.Machine.Linux != nil && set.Machine.Linux.UnprivStart != nil && r.Port < 1024 {
			subject, hint = "as whom the program runs", "id -u"
		}
	case NotHere:
		if len(set.Machine.Addrs) > 0 {
			return fact.Gap{}, false
		}
		subject, hint = "the addresses of that machine", byOS(os, "ip -br address", "ipconfig", "ifconfig")
	case FamilyOff:
		subject, hint = "whether IPv6 is switched off", byOS(os, "sysctl net.ipv6.conf.all.disable_ipv6", "ipconfig", "ifconfig")
	case Registered:
		if subject = "who registered the URL"; len(set.Registrations) == 0 {
			hint = "netsh http show servicestate view=requestq"
		}
	case NotReserved:
		if subject = "who may register the URL"; len(set.Reservations) == 0 {
			hint = "netsh http show urlacl"
		}
	}
	return fact.Gap{Kind: fact.GapNotInPaste, Subject: subject, Hint: hint}, hint != ""
}

// keptBack: Windows' 10013 is an exclusive holder, a range that the system keeps
// back, or something that stands between programs and the network.
func (r Refusal) keptBack(l Listing, set *fact.Set) (subject, hint string) {
	proto := fact.Proto(cmp.Or(r.Proto, "tcp"))
	var read, holds bool
	for _, g := range set.Ranges {
		read = read || g.Kind == fact.Excluded && (g.Proto == "" || g.Proto == proto)
		holds = holds || g.Kind == fact.Excluded && !g.Administered && g.Holds(proto, r.Port)
	}
	switch {
	case holds, l == Listed:
		return "", ""
	case l == NoListing && (read || r.Port < firstDeveloperPort):
		return r.what(), r.listing(r.OS)
	case read:
		return "which filters stand between programs and the network", "netsh winsock show catalog"
	}
	return "which ports Windows keeps back", "netsh int ipv4 show excludedportrange protocol=" + string(proto)
}

// firstDeveloperPort parts the ports that services of Windows share through the kernel
// from those that 10013 mostly is about because a range keeps them back.
const firstDeveloperPort = 1024

func (r Refusal) what() string {
	if r.Port == 0 {
		return "who has the port"
	}
	return "who has port " + strconv.Itoa(int(r.Port))
}

// rights: below 1024 the number decides, above it a policy.
func (r Refusal) rights(os string) (subject, hint string) {
	if r.Port >= 1024 && os != "darwin" {
		return "whether SELinux forbids it", "sudo ausearch -m avc -ts recent"
	}
	return "from which number on ordinary users may bind, and who asked", byOS(os, "sysctl net.ipv4.ip_unprivileged_port_start; id -u", "", "id -u")
}

// listing is the command that lists who has the port.
func (r Refusal) listing(os string) string {
	if r.Program == "kubernetes" {
		return "kubectl get pods,services -A -o wide"
	}
	if r.Port == 0 {
		return byOS(os, "sudo ss -ltnp", "netstat -ano", "sudo lsof -nP -iTCP -sTCP:LISTEN")
	}
	p, flags, proto := strconv.Itoa(int(r.Port)), "-ltnp", "TCP:"+strconv.Itoa(int(r.Port))+" -sTCP:LISTEN"
	if r.Proto == "udp" {
		flags, proto = "-lunp", "UDP:"+p
	}
	return byOS(os, "sudo ss "+flags+" 'sport = :"+p+"'", "netstat -ano | findstr :"+p, "sudo lsof -nP -i"+proto)
}

// byOS is the command of one system, or, where no text tells which it is, that of
// each.
func byOS(os, linux, windows, darwin string) string {
	switch os {
	case "linux":
		return linux
	case "windows":
		return windows
	case "darwin":
		return darwin
	}
	s := linux
	if windows != "" {
		s += "  (on Windows: " + windows
		if darwin != "" {
			s += "; on macOS: " + darwin
		}
		s += ")"
	}
	return s
}

// LeftOpen is what texts do not tell that list set's rows, said these refusals, and
// are about these ports: that they list no sockets, and what each refusal asks for.
func LeftOpen(set *fact.Set, ports []uint16, said []Refusal) []fact.Gap {
	var gaps []fact.Gap
	if len(set.Sockets) == 0 {
		gaps = append(gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: fact.SocketTable})
		if len(said) == 0 {
			gaps = append(gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: "who has which port", Hint: Refusal{}.listing(set.Machine.OS)})
		}
	}
	for _, r := range said {
		if g, ok := r.next(listing(set, r.Port), set); ok && (r.Port == 0 || slices.Contains(ports, r.Port)) {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

func listing(set *fact.Set, port uint16) Listing {
	serves := func(s fact.Socket) bool { return s.Local.Port() == port && s.State.Serves() }
	switch {
	case len(set.Sockets) == 0:
		return NoListing
	case slices.ContainsFunc(set.Sockets, serves):
		return Listed
	}
	return NotListed
}
