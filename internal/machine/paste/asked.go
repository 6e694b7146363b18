package paste

import (
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
)

// asked chooses the ports that the answer is about.
func (r Reader) asked(wanted []want, set fact.Set) []Asked {
	var out []Asked
	for _, p := range r.Ports {
		out = append(out, Asked{Port: p, Why: Person})
	}
	if len(out) > 0 {
		return out
	}
	add := func(a Asked) {
		if !slices.ContainsFunc(out, func(b Asked) bool { return a.Port == b.Port }) {
			out = append(out, a)
		}
	}
	serving := map[uint16]fact.Socket{}
	for _, s := range set.Sockets {
		if _, had := serving[s.Local.Port()]; s.State.Serves() && !had {
			serving[s.Local.Port()] = s
		}
	}
	for _, why := range [...]Why{Refused, Filtered} {
		for _, w := range wanted {
			if _, listed := serving[w.port]; w.why == why && (w.sure || listed) {
				add(Asked{w.proto, w.port, why, w.evidence})
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	kernel := map[int]bool{}
	for _, p := range set.Processes {
		kernel[p.PID] = set.Machine.OS == "windows" && httpsys.KernelHolder(p.PID, p.Name)
	}
	for _, s := range set.Sockets {
		switch port := s.Local.Port(); {
		case !s.State.Serves():
		case len(serving) == 1:
			add(Asked{s.Proto, port, Only, s.Evidence})
		case kernel[s.PID] && s.Proto == fact.TCP && (port == 80 || port == 443):
			add(Asked{s.Proto, port, Kernel, s.Evidence})
		}
	}
	return out
}

// dropOthers takes out what is open about registrations on ports that nobody asks about.
func dropOthers(set *fact.Set, ports []uint16) {
	if len(ports) == 0 {
		return
	}
	other := map[fact.ID]bool{}
	for _, r := range set.Registrations {
		other[r.ID] = !slices.Contains(ports, r.Port)
	}
	for _, r := range set.Reservations {
		other[r.ID] = !slices.Contains(ports, r.Port)
	}
	set.Gaps = slices.DeleteFunc(set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapNotInPaste && other[g.About] })
}
