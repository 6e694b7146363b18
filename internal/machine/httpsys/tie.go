package httpsys

import (
	"net/netip"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// maxTries bounds the pairs of a socket and a registration that are compared.
const maxTries = 100_000

// Tie links the listening sockets that the kernel's HTTP listener holds to the
// registrations behind them, by port and address. Which sockets those are, the PID
// says, and the name of the process where set has one. It is pure; past a bound on
// its work it stops with a gap.
func Tie(set *fact.Set) {
	byPort := map[uint16][]fact.Registration{}
	for _, r := range set.Registrations {
		byPort[r.Port] = append(byPort[r.Port], r)
	}
	names := processNames(set)
	var found fact.Set
	tries := 0
	for _, k := range set.Sockets {
		if !listens(k) || k.PID == 0 || !KernelHolder(k.PID, names[k.PID]) {
			continue
		}
		for _, r := range byPort[k.Local.Port()] {
			if tries++; tries > maxTries {
				break
			}
			if u, ok := ParseURL(r.URL); ok && u.TakenOn(k.Local) {
				found.Links = append(found.Links, fact.Link{From: k.ID, To: r.ID, Kind: fact.TakenBy, Evidence: r.Evidence})
			}
		}
	}
	if tries > maxTries {
		found.Gaps = []fact.Gap{{Kind: fact.GapTruncated, Subject: "registrations behind sockets"}}
	}
	set.Add(found)
}

func listens(k fact.Socket) bool { return k.Proto == fact.TCP && k.State == fact.Listen }

// processNames are the names that set has for PIDs.
func processNames(set *fact.Set) map[int]string {
	names := map[int]string{}
	for _, p := range set.Processes {
		if names[p.PID] == "" {
			names[p.PID] = p.Name
		}
	}
	return names
}

// Unlisted are the kernel's sockets that registrations tell of and that set does
// not show, since HTTP.sys listens on the port of every live registration: one for
// each port without any listening socket. They have no ID yet. They are for a set
// whose socket table is missing or cut, a paste; where the whole table was read, a
// registration without a socket is a fact of its own.
func Unlisted(set *fact.Set) []fact.Socket {
	served := map[uint16]bool{}
	for _, k := range set.Sockets {
		if listens(k) {
			served[k.Local.Port()] = true
		}
	}
	var out []fact.Socket
	for _, r := range set.Registrations {
		u, ok := ParseURL(r.URL)
		if !ok || served[u.Port] {
			continue
		}
		served[u.Port] = true
		at := netip.IPv4Unspecified()
		if u.IP.IsValid() {
			at = u.IP
		}
		out = append(out, fact.Socket{Proto: fact.TCP, Local: netip.AddrPortFrom(at, u.Port), State: fact.Listen, PID: 4, Evidence: r.Evidence})
	}
	return out
}

// PIDs are the processes that the queues of set name, each once, in order.
func PIDs(set fact.Set) []int {
	var out []int
	for _, q := range set.Queues {
		out = append(out, q.PIDs...)
		if q.Controller != 0 {
			out = append(out, q.Controller)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
