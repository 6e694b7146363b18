package rangeauthor

import (
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// single judges a row of one port without a star. Pasted lists show HTTP.sys's
// ports so (80, 5357, 5985, 47001), and those of RPC services where dynamic ports
// begin; nothing documents it, so it is never certain.
func single(set *fact.Set, r fact.Range) Author {
	if r.Proto != fact.UDP {
		if a, ok := served(set, r.From); ok {
			return a
		}
	}
	if holders := holders(set, r); len(holders) > 0 {
		return Author{Kind: Program, Confidence: Possible, About: holders}
	}
	if r.Proto == fact.UDP || dynamic(set, r) {
		return Author{Kind: Program, Confidence: Possible}
	}
	return Author{Kind: HTTPSys, Confidence: Possible}
}

// served looks for what says that HTTP.sys has the port: a live URL, the kernel's
// own listener, or (a mere hint) somebody's right to listen there.
func served(set *fact.Set, port uint16) (Author, bool) {
	a := Author{Kind: HTTPSys, Confidence: Likely}
	for _, g := range set.Registrations {
		if g.Port == port {
			a.About = append(a.About, g.ID)
		}
	}
	kernel := map[int]bool{4: true}
	for _, p := range set.Processes {
		kernel[p.PID] = kernel[p.PID] || p.Kernel
	}
	for _, s := range set.Sockets {
		if s.Proto == fact.TCP && s.Local.Port() == port && s.State == fact.Listen && kernel[s.PID] {
			a.About = append(a.About, s.ID)
		}
	}
	if len(a.About) > 0 {
		return a, true
	}
	a.Confidence = Possible
	for _, v := range set.Reservations {
		if v.Port == port {
			a.About = append(a.About, v.ID)
		}
	}
	return a, len(a.About) > 0
}

// holders are the sockets of programs on the row's port.
func holders(set *fact.Set, r fact.Range) []fact.ID {
	var out []fact.ID
	for _, s := range set.Sockets {
		if s.State.Serves() && r.Holds(s.Proto, s.Local.Port()) {
			out = append(out, s.ID)
		}
	}
	return out
}

// dynamic tells whether the port is one that Windows hands out.
func dynamic(set *fact.Set, r fact.Range) bool {
	known := false
	for _, d := range set.Ranges {
		if d.Kind == fact.Ephemeral && (d.Proto == r.Proto || r.Proto == "" || d.Proto == "") {
			known = true
			if d.From <= r.From && r.From <= d.To {
				return true
			}
		}
	}
	return !known && r.From >= usual
}

// maxLow is how many ports from its start the services of a boot take of a
// dynamic range.
const maxLow = 64

// LowServices are the sockets of Windows' own services that sit at the start of a
// dynamic range which starts too low, as RPC services do after a boot.
func LowServices(set *fact.Set, r fact.Range) []fact.ID {
	if r.Kind != fact.Ephemeral || r.From >= usual {
		return nil
	}
	services := map[int]bool{}
	for _, p := range set.Processes {
		services[p.PID] = services[p.PID] || slices.Contains([]string{"lsass", "wininit", "services", "spoolsv", "svchost", "mqsvc"}, short(p.Name))
	}
	var out []fact.ID
	for _, s := range set.Sockets {
		port := s.Local.Port()
		if s.State.Serves() && services[s.PID] && r.Holds(s.Proto, port) && port < usual && port-r.From < maxLow {
			out = append(out, s.ID)
		}
	}
	return out
}
