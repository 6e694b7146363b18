package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Berth answers questions about the machine it runs on.
type Berth interface {
	// Facts reads what is known of an endpoint.
	Facts(ctx context.Context, e fact.Endpoint) (fact.Set, error)
	// Who answers whose an endpoint is, from facts.
	Who(set *fact.Set, e fact.Endpoint) Answer
	// Check answers whether an endpoint can be bound now. What could not be read
	// is left out.
	Check(ctx context.Context, e fact.Endpoint) (Answer, error)
}

// Solve prepares the edit of one file that frees an endpoint. Its journal is kept in a
// folder of its own.
type Solve[D Deed] func(ctx context.Context, folder, file, after string, at netip.AddrPort) (D, error)

// Deed is a plan that can be done and taken back.
type Deed interface {
	Answer
	// Do and Undo return what berth says at the end.
	Do(ctx context.Context) (string, error)
	Undo(ctx context.Context) (string, error)
}

// ErrShared: the system gave one port to two listeners, so there is no conflict
// to show. It is a fault of berth or of the system.
var ErrShared = errors.New("a second listener got the same port")

// ErrNoPort: no loopback port could be had to make the conflict on.
var ErrNoPort = errors.New("a free loopback port is needed")

// Conflict makes a real conflict on a free, unprivileged loopback port of this
// machine, shows what a program says of it and what berth says, and lets the port
// go again. It needs no rights and makes no process of its own.
func Conflict[D Deed](ctx context.Context, b Berth, solve Solve[D], p *Page) error {
	holder, err := listener()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPort, err)
	}
	c := conflict{Page: p, Berth: b, ctx: ctx, at: holder.Addr().(*net.TCPAddr).AddrPort()}
	if c.first, err = serve(holder); err != nil {
		holder.Close()
		return err
	}
	ended := false
	defer func() {
		if !ended {
			c.first.end()
		}
	}()
	c.Say("A real port conflict on this machine, made, explained, solved and cleaned up.\n\n")
	c.Say("1. A server takes %s.\n", c.at)
	newcomer, err := net.Listen("tcp", c.at.String())
	if err == nil {
		newcomer.Close()
		return ErrShared
	}
	c.Say("2. A second server wants it too. What it says is what most programs say:\n\n     %v\n\n", err)
	ask, err := c.answers()
	if err == nil {
		err = solved(&c, solve)
	}
	if err != nil {
		return err
	}
	ended = true
	if err := c.cleanUp(ask); err != nil {
		return err
	}
	return p.Err()
}

// conflict is one run of the story.
type conflict struct {
	*Page
	Berth
	ctx   context.Context
	at    netip.AddrPort
	first *server
}

// question is the one of berth's that can be answered here.
type question struct {
	ask       func(*fact.Set) error
	name, own string
}

// answers is what berth says while the port is held.
func (c *conflict) answers() (question, error) {
	q := question{c.who, "who", "berth who 80, or just berth"}
	set, err := c.Facts(c.ctx, c.endpoint())
	if err != nil {
		return q, err
	}
	if g := diagnose.Blindness(set.Gaps); g != nil {
		q = question{c.check, "check", "berth check 80"}
		c.Say("3. Who has a port berth cannot read here yet. Whether you can have it, it asks the\n   system itself. berth check %s:\n\n", c.at)
	} else {
		c.Say("3. berth who %s says more:\n\n", c.at)
	}
	return q, q.ask(&set)
}

// solved moves the first server by its own file, as berth free does with the servers
// that it knows, and takes that back.
func solved[D Deed](c *conflict, solve Solve[D]) error {
	next, ok := beside(c.at)
	if !ok {
		return nil
	}
	d, err := solve(c.ctx, filepath.Join(c.first.folder, "journal"), c.first.file, setting(next.String()), c.at)
	if err != nil {
		return err
	}
	c.Say("\n4. The first server has its port in a file. berth free would move it; the plan:\n\n")
	if err := c.Show(d); err != nil {
		return err
	}
	said, err := d.Do(c.ctx)
	if err != nil {
		return err
	}
	c.Say("\n   berth does it, and tries the port before it says so:\n\n%s%s\n", margin, layout.Wrap(said, margin, c.Style.Width))
	second, err := net.Listen("tcp4", c.at.String())
	if err != nil {
		return err
	}
	c.Say("\n   The second server starts now: it has %s, and the first has %s.\n", c.at, next)
	if err := second.Close(); err != nil {
		return err
	}
	if said, err = d.Undo(c.ctx); err != nil {
		return err
	}
	c.Say("\n5. The second server ends, and berth undo puts the file back:\n\n%s%s\n", margin, layout.Wrap(said, margin, c.Style.Width))
	return nil
}

// cleanUp ends the first server, and shows that nothing is left of it.
func (c *conflict) cleanUp(q question) error {
	if err := c.first.end(); err != nil {
		return err
	}
	c.Say("\n6. The first server ends. berth %s %s again:\n\n", q.name, c.at)
	set, err := c.Facts(c.ctx, c.endpoint())
	if err != nil {
		return err
	}
	if err := q.ask(&set); err != nil {
		return err
	}
	if g := diagnose.Blindness(set.Gaps); g != nil {
		c.Say("\nWho it is, pasted texts tell: %s.\n", sentence.GapHint(*g, &set.Machine))
	}
	c.Say("\nNow ask about a port of your own: %s.\n", q.own)
	return nil
}

// listener takes a loopback port that people know, or any.
func listener() (net.Listener, error) {
	for _, port := range [...]string{"8080", "8000", "3000"} {
		if l, err := net.Listen("tcp4", "127.0.0.1:"+port); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp4", "127.0.0.1:0")
}

func (c *conflict) endpoint() fact.Endpoint {
	return fact.Endpoint{Port: c.at.Port(), Proto: fact.TCP, Host: c.at.Addr().String(), Addrs: []netip.Addr{c.at.Addr()}}
}

func (c *conflict) who(set *fact.Set) error { return c.Show(c.Berth.Who(set, c.endpoint())) }

func (c *conflict) check(*fact.Set) error {
	a, err := c.Berth.Check(c.ctx, c.endpoint())
	if err != nil {
		return err
	}
	return c.Show(a)
}
