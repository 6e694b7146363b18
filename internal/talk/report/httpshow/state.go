package httpshow

import (
	"slices"
	"strconv"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/fact"
)

// targets are the ends of the links of one kind from a row, in their order.
func (s Show) targets(from fact.ID, kinds ...fact.LinkKind) []fact.ID {
	var out []fact.ID
	for _, l := range s.set.Links {
		if l.From == from && slices.Contains(kinds, l.Kind) && !slices.Contains(out, l.To) {
			out = append(out, l.To)
		}
	}
	return out
}

func (s Show) queues() []v1.HTTPQueue {
	tagged := s.tagged()
	var out []v1.HTTPQueue
	for _, q := range s.set.Queues {
		v := v1.HTTPQueue{ID: string(q.ID), Name: q.Name, Version: q.Version, Processes: []v1.HTTPProcess{}, Evidence: q.Evidence}
		if q.Controller != 0 {
			p := s.process(q.Controller)
			v.Controller = &p
		}
		for _, pid := range q.PIDs {
			p := s.process(pid)
			key := strconv.Itoa(pid)
			if p.Exe == "" {
				p.Exe = q.Images[key]
			}
			p.Services = q.Services[key]
			if name := tagged[q.ID]; slices.Contains(p.Services, name) {
				p.Tagged = name
			}
			v.Processes = append(v.Processes, p)
		}
		out = append(out, v)
	}
	return out
}

// tagged are the services that the listing names as the ones that made a queue.
func (s Show) tagged() map[fact.ID]string {
	names := map[fact.ID]string{}
	for _, u := range s.set.Units {
		names[u.ID] = u.Name
	}
	out := map[fact.ID]string{}
	for _, l := range s.set.Links {
		if name, unit := names[l.To]; unit && l.Kind == fact.ServedBy {
			out[l.From] = name
		}
	}
	return out
}

// process is what the set knows of a PID.
func (s Show) process(pid int) v1.HTTPProcess {
	v := v1.HTTPProcess{PID: pid}
	for _, p := range s.set.Processes {
		if p.PID == pid && (p.Name != "" || p.Exe != "") {
			v.Name, v.Exe = p.Name, p.Exe
			break
		}
	}
	return v
}

func (s Show) registrations() []v1.HTTPRegistration {
	links := map[fact.ID][]fact.Link{}
	for _, l := range s.set.Links {
		switch l.Kind {
		case fact.InQueue, fact.OneOfQueues, fact.InGroup, fact.OfSession:
			links[l.From] = append(links[l.From], l)
		}
	}
	hex := map[fact.ID]string{}
	for _, g := range s.set.URLGroups {
		hex[g.ID] = g.Hex
	}
	for _, h := range s.set.Sessions {
		hex[h.ID] = h.Hex
	}
	var out []v1.HTTPRegistration
	for _, r := range s.set.Registrations {
		v := v1.HTTPRegistration{URL: r.URL, Port: r.Port, Queues: []string{}, Evidence: r.Evidence}
		for _, l := range links[r.ID] {
			switch l.Kind {
			case fact.InGroup:
				v.Group = hex[l.To]
				for _, up := range links[l.To] {
					v.Session = hex[up.To]
				}
			default:
				v.Queues = append(v.Queues, string(l.To))
				v.Certain = v.Certain || l.Kind == fact.InQueue
			}
		}
		out = append(out, v)
	}
	return out
}
