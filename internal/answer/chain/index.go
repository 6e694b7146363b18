// Package chain leads from an endpoint to the thing a person can act on: it follows
// the links of a [fact.Set] from a socket over processes, services, containers and
// HTTP.sys registrations, and groups sockets by what they end at. It is pure.
package chain

import "github.com/berthd/berth/internal/fact"

// Index finds rows of a set by ID and links by their start. It holds pointers
// into the set, which must not change while the index lives.
type Index struct {
	Set   *fact.Set
	socks map[fact.ID]*fact.Socket
	procs map[fact.ID]*fact.Process
	units map[fact.ID]*fact.Unit
	conts map[fact.ID]*fact.Container
	regs  map[fact.ID]*fact.Registration
	queue map[fact.ID]*fact.Queue
	redir map[fact.ID]*fact.Redirect
	ns    map[fact.ID]*fact.Namespace
	from  map[fact.ID][]fact.Link
	pid   map[int]*fact.Process
	port  map[uint16][]*fact.Socket
}

// NewIndex indexes set.
func NewIndex(set *fact.Set) *Index {
	x := &Index{
		Set: set, socks: byID(set.Sockets, func(r *fact.Socket) fact.ID { return r.ID }),
		procs: byID(set.Processes, func(r *fact.Process) fact.ID { return r.ID }),
		units: byID(set.Units, func(r *fact.Unit) fact.ID { return r.ID }),
		conts: byID(set.Containers, func(r *fact.Container) fact.ID { return r.ID }),
		regs:  byID(set.Registrations, func(r *fact.Registration) fact.ID { return r.ID }),
		queue: byID(set.Queues, func(r *fact.Queue) fact.ID { return r.ID }),
		redir: byID(set.Redirects, func(r *fact.Redirect) fact.ID { return r.ID }),
		ns:    byID(set.Namespaces, func(r *fact.Namespace) fact.ID { return r.ID }),
		from:  make(map[fact.ID][]fact.Link, len(set.Links)),
		pid:   make(map[int]*fact.Process, len(set.Processes)),
		port:  map[uint16][]*fact.Socket{},
	}
	for i := range set.Sockets {
		s := &set.Sockets[i]
		x.port[s.Local.Port()] = append(x.port[s.Local.Port()], s)
	}
	for _, l := range set.Links {
		x.from[l.From] = append(x.from[l.From], l)
	}
	for i := range set.Processes {
		x.pid[set.Processes[i].PID] = &set.Processes[i]
	}
	return x
}

func byID[T any](rows []T, id func(*T) fact.ID) map[fact.ID]*T {
	m := make(map[fact.ID]*T, len(rows))
	for i := range rows {
		m[id(&rows[i])] = &rows[i]
	}
	return m
}

// Socket returns the row named id, or nil.
func (x *Index) Socket(id fact.ID) *fact.Socket { return x.socks[id] }

// Process returns the row named id, or nil.
func (x *Index) Process(id fact.ID) *fact.Process { return x.procs[id] }

// Unit returns the row named id, or nil.
func (x *Index) Unit(id fact.ID) *fact.Unit { return x.units[id] }

// Container returns the row named id, or nil.
func (x *Index) Container(id fact.ID) *fact.Container { return x.conts[id] }

// Registration returns the row named id, or nil.
func (x *Index) Registration(id fact.ID) *fact.Registration { return x.regs[id] }

// Queue returns the row named id, or nil.
func (x *Index) Queue(id fact.ID) *fact.Queue { return x.queue[id] }

// Redirect returns the row named id, or nil.
func (x *Index) Redirect(id fact.ID) *fact.Redirect { return x.redir[id] }

// Namespace returns the row named id, or nil.
func (x *Index) Namespace(id fact.ID) *fact.Namespace { return x.ns[id] }

// Links returns the links that start at id and are of one of kinds (of any kind
// when none is named), in the order they were learned.
func (x *Index) Links(id fact.ID, kinds ...fact.LinkKind) []fact.Link {
	if len(kinds) == 0 {
		return x.from[id]
	}
	var out []fact.Link
	for _, l := range x.from[id] {
		for _, k := range kinds {
			if l.Kind == k {
				out = append(out, l)
			}
		}
	}
	return out
}

// Ancestors returns the parents of p that are known, the nearest first. It
// follows ChildOf links and, where there are none, PPID.
func (x *Index) Ancestors(p *fact.Process) []*fact.Process {
	var out []*fact.Process
	seen := map[fact.ID]bool{p.ID: true}
	for p = x.parent(p); p != nil && !seen[p.ID]; p = x.parent(p) {
		seen[p.ID] = true
		out = append(out, p)
	}
	return out
}

func (x *Index) parent(p *fact.Process) *fact.Process {
	for _, l := range x.Links(p.ID, fact.ChildOf) {
		if q := x.procs[l.To]; q != nil {
			return q
		}
	}
	if p.PPID == 0 || p.PPID == p.PID {
		return nil
	}
	return x.pid[p.PPID]
}

// OnPort returns the sockets with a local port, in the set's order.
func (x *Index) OnPort(port uint16) []*fact.Socket { return x.port[port] }

// PID returns the process with a number, or nil.
func (x *Index) PID(pid int) *fact.Process { return x.pid[pid] }
