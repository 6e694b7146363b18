package httpshow

import (
	"slices"
	"strconv"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/fact"
)

func (s Show) queues() []v1.HTTPQueue {
	tagged, known := s.tagged(), s.processes()
	process := func(pid int) v1.HTTPProcess {
		p := known[pid]
		return v1.HTTPProcess{PID: pid, Name: p.Name, Exe: p.Exe}
	}
	var out []v1.HTTPQueue
	for _, q := range s.set.Queues {
		v := v1.HTTPQueue{ID: string(q.ID), Name: q.Name, Version: q.Version, Processes: []v1.HTTPProcess{}, Evidence: q.Evidence}
		if q.Controller != 0 {
			p := process(q.Controller)
			v.Controller = &p
		}
		for _, pid := range q.PIDs {
			p := process(pid)
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

// processes are the rows of the set that tell more than a PID.
func (s Show) processes() map[int]fact.Process {
	out := map[int]fact.Process{}
	for _, p := range s.set.Processes {
		if had := out[p.PID]; had.Name == "" && had.Exe == "" {
			out[p.PID] = p
		}
	}
	return out
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
