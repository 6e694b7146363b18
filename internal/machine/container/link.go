package container

import (
	"context"
	"net/netip"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// entry is one container and the engine that told of it.
type entry struct {
	c     fact.Container
	at    place
	api   bool
	asked bool // inspected
}

// resolve turns clues into links and rows.
func (r *reader) resolve(ctx context.Context) {
	book := r.book()
	for _, c := range r.clues {
		if c.netns != 0 {
			c = r.byNetns(c)
		}
		for _, e := range match(c, book) {
			if e.c.Pod == "" && c.known != nil {
				e.c.Pod = c.known.Pod
			}
			r.inspect(ctx, e)
			r.add(e.c)
			r.link(c, e.c.ID)
		}
	}
}

func (r *reader) book() []*entry {
	var out []*entry
	for _, a := range r.answers {
		for _, c := range a.rows {
			out = append(out, &entry{c: c, at: a.place, api: true})
		}
	}
	return out
}

// match finds the containers that a clue means. More than one is possible only
// for a published port that two engines claim.
func match(c clue, book []*entry) []*entry {
	if c.id != "" {
		for _, e := range book {
			if e.c.Full == c.id && c.trusts(e.at) {
				return []*entry{e}
			}
		}
		return []*entry{{c: *c.known}}
	}
	var out []*entry
	for _, e := range book {
		if c.means(e) {
			out = append(out, e)
		}
	}
	return out
}

// means tells whether the engine's entry is what an address or a port leads to.
func (c clue) means(e *entry) bool {
	if c.engine != "" && c.engine != e.c.Engine || !c.trusts(e.at) {
		return false
	}
	switch inside, host := c.to.IsValid(), c.host.IsValid(); {
	case inside && host: // a docker-proxy must be right on both ends, or it is a left-over
		return slices.Contains(e.c.IPs, c.to.Addr()) && published(e.c, c.proto, c.host, c.to.Port())
	case inside:
		return slices.Contains(e.c.IPs, c.to.Addr())
	case host:
		return published(e.c, c.proto, c.host, 0)
	}
	return false
}

// trusts tells whether an engine may speak about the clue's row: a user's own
// engine only about that user's processes and sockets.
func (c clue) trusts(at place) bool { return at.vm || at.uid == c.uid }

// published tells whether the book of c has the endpoint; inside 0 means any
// port of the container.
func published(c fact.Container, proto fact.Proto, host netip.AddrPort, inside uint16) bool {
	addr := host.Addr().Unmap()
	for _, p := range c.Ports {
		if p.Proto != proto || p.Host.Port() != host.Port() || inside != 0 && p.Container != inside {
			continue
		}
		if at := p.Host.Addr(); at == addr || at.IsUnspecified() || addr.IsUnspecified() {
			return true
		}
	}
	return false
}

// byNetns names the container whose network namespace the clue's forwarder
// joined, by the monitor of that container. No engine need be asked for it.
func (r *reader) byNetns(c clue) clue {
	for _, p := range r.do.monitors(c.netns) {
		known, ok := parseConmon(p.Args)
		if !ok || userOf(p) != c.uid {
			continue
		}
		known.User = c.uid
		c.evidence = "network namespace shared with the container"
		c.id, c.known = known.Full, row(known, "command line of conmon")
		return c
	}
	return c
}

// inspect adds what only a question about this one container tells. What cannot
// be had is left empty.
func (r *reader) inspect(ctx context.Context, e *entry) {
	if !e.api || e.asked || r.inspects == maxInspect {
		return
	}
	e.asked = true
	r.inspects++
	ctx, cancel := context.WithTimeout(ctx, r.q.Timeout)
	defer cancel()
	in, err := inspect(ctx, r.do.dial, e.at, e.c.Full)
	if err != nil {
		r.set.AddGaps(fact.Gap{Kind: fact.GapNoEngine, Subject: e.at.path, Err: reason(err), About: e.c.ID})
		return
	}
	in.fill(&e.c)
	if in.State.Pid > 0 && r.do.inside(in.State.Pid, e.c.Full) {
		e.c.PID = in.State.Pid
	}
}

func (r *reader) add(c fact.Container) {
	for _, have := range r.set.Containers {
		if have.ID == c.ID {
			return
		}
	}
	r.set.Containers = append(r.set.Containers, c)
}

func (r *reader) link(c clue, to fact.ID) {
	l := fact.Link{From: c.from, To: to, Kind: c.kind, Evidence: c.evidence}
	if !slices.Contains(r.set.Links, l) {
		r.set.Links = append(r.set.Links, l)
	}
}

// addBooked adds the containers whose published ports are asked about though no
// clue led to them. Where nobody holds the port, those that never ran are asked
// about too: their ports are in no list.
func (r *reader) addBooked(ctx context.Context) {
	if len(r.q.Ports) == 0 {
		return
	}
	for _, e := range r.book() {
		if r.bookOnly && e.c.State == "created" {
			r.inspect(ctx, e)
		}
		if slices.ContainsFunc(e.c.Ports, func(p fact.PublishedPort) bool { return slices.Contains(r.q.Ports, p.Host.Port()) }) {
			r.inspect(ctx, e)
			r.add(e.c)
		}
	}
}
