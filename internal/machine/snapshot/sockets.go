package snapshot

import (
	"context"
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netstat"
	"github.com/berthd/berth/internal/machine/process"
)

// reading is what a reader answers; calling it may have to wait for that.
type reading func() (fact.Set, error)

func (c *collector) query(serving bool, part netstat.Part) netstat.Query {
	return netstat.Query{Ports: c.q.Ports, Protos: c.q.Protos, Serving: serving, Part: part}
}

// bound starts reading TCP sockets that are bound and do not listen beside the
// other readers, where the question is for ports. It takes the kernel longer than
// all the rest of an answer does. Else it returns no reading.
func (c *collector) bound(ctx context.Context) (answer reading, wait func()) {
	if c.q.AllStates || len(c.q.Ports) == 0 {
		return nil, func() {}
	}
	return beside(place(), func() (fact.Set, error) { return netstat.Read(ctx, c.query(true, netstat.BoundTCP)) })
}

// sockets reads the sockets and who holds them: what serves; only where nothing
// does, the rest too.
func (c *collector) sockets(ctx context.Context, bound reading) error {
	if bound == nil {
		s, err := netstat.Read(ctx, c.query(!c.q.AllStates, netstat.Whole))
		return c.addSockets(ctx, s, err)
	}
	s, err := netstat.Read(ctx, c.query(true, netstat.Tabled))
	if err != nil {
		return c.addSockets(ctx, s, err)
	}
	if !c.anyStream(s.Sockets) {
		return c.unserved(ctx, s, bound)
	}
	held, errHeld := c.held(ctx, s.Sockets)
	more, err := bound()
	if err != nil || len(more.Sockets) > 0 {
		return c.addSockets(ctx, joined(s, more), err)
	}
	if err := c.add(joined(s, more), nil); err != nil {
		return err
	}
	return c.add(held, errHeld)
}

// unserved is the way of a port without a listener.
func (c *collector) unserved(ctx context.Context, s fact.Set, bound reading) error {
	more, err := bound()
	if err == nil && !c.anyStream(more.Sockets) {
		s, err = netstat.Read(ctx, c.query(false, netstat.Whole))
		return c.addSockets(ctx, s, err)
	}
	return c.addSockets(ctx, joined(s, more), err)
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
