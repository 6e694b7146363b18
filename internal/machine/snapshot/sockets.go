package snapshot

import (
	"context"
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netstat"
	"github.com/berthd/berth/internal/machine/process"
)

func (c *collector) query(serving bool, part netstat.Part) netstat.Query {
	return netstat.Query{Ports: c.q.Ports, Protos: c.q.Protos, Serving: serving, Part: part}
}

// sockets reads the sockets and who holds them: what serves; only where nothing
// does, the rest too.
//
// For sockets that are bound and do not listen the kernel has no table: it walks
// over every socket that has a port, which takes longer than all the rest of an
// answer. Beside a listener that takes all the traffic in question they are
// looked for only with AllHolders, and the answer names that limit.
func (c *collector) sockets(ctx context.Context) error {
	if c.q.AllStates || len(c.q.Ports) == 0 || !c.tables() {
		s, err := netstat.Read(ctx, c.query(!c.q.AllStates && len(c.q.Ports) == 0, netstat.Whole))
		return c.addSockets(ctx, s, err)
	}
	s, err := netstat.Read(ctx, c.query(true, netstat.Tabled))
	if err != nil {
		return c.addSockets(ctx, s, err)
	}
	if !c.q.AllHolders && c.taken(s.Sockets) {
		s.AddGaps(fact.Gap{Kind: fact.GapBoundLeft})
		return c.addSockets(ctx, s, nil)
	}
	more, err := netstat.Read(ctx, c.query(true, netstat.BoundTCP))
	if err == nil && !c.anyStream(s.Sockets) && !c.anyStream(more.Sockets) {
		s, err = netstat.Read(ctx, c.query(false, netstat.Whole))
		return c.addSockets(ctx, s, err)
	}
	return c.addSockets(ctx, joined(s, more), err)
}

// tables tells whether the machine has a quick table of listeners apart from the
// rest, as Linux has; elsewhere one reading is all there is.
func (c *collector) tables() bool { return c.set.Machine.OS == "linux" }

// taken tells whether a listener takes all TCP traffic that the question is about:
// at the wildcard address, or at the very address that is asked for.
func (c *collector) taken(socks []fact.Socket) bool {
	return slices.ContainsFunc(socks, func(s fact.Socket) bool {
		return s.State == fact.Listen && s.Proto == fact.TCP && c.means(s) && (s.Wildcard() || len(c.q.Addrs) == 1)
	})
}

func joined(s, more fact.Set) fact.Set {
	s.Add(more)
	netstat.Sort(s.Sockets)
	return s
}

// addSockets adds sockets, and their holders where these are asked for.
func (c *collector) addSockets(ctx context.Context, s fact.Set, err error) error {
	if err != nil && ctx.Err() == nil {
		c.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: SocketTable, Err: err.Error()})
		return nil
	}
	if err := c.add(s, err); err != nil {
		return err
	}
	return c.holders(ctx, c.set.Sockets)
}

// anyStream tells whether a TCP socket has one of the ports, at an address that
// the question means: then what is left of connections changes no answer.
func (c *collector) anyStream(socks []fact.Socket) bool {
	return slices.ContainsFunc(socks, func(s fact.Socket) bool {
		return s.Proto == fact.TCP && c.means(s)
	})
}

// means tells whether s is at an address that the question is about.
func (c *collector) means(s fact.Socket) bool {
	return fact.Endpoint{Port: s.Local.Port(), Addrs: c.q.Addrs}.Concerns(s)
}

func (c *collector) holders(ctx context.Context, socks []fact.Socket) error {
	return c.add(c.held(ctx, socks))
}

// held finds the holders of sockets, where they are asked for.
func (c *collector) held(ctx context.Context, socks []fact.Socket) (fact.Set, error) {
	if !c.q.Owners {
		return fact.Set{}, nil
	}
	return process.Holders(ctx, process.Query{
		Sockets: socks, AllHolders: c.q.AllHolders, Flags: c.q.Flags, OneOwner: oneOwner, NotFinal: notFinal,
		Alive: func(s fact.Socket) bool { return alive(ctx, s) },
	})
}
