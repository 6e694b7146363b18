package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
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

// ErrShared: the system gave one port to two listeners, so there is no conflict
// to show. It is a fault of berth or of the system.
var ErrShared = errors.New("a second listener got the same port")

// ErrNoPort: no loopback port could be had to make the conflict on.
var ErrNoPort = errors.New("a free loopback port is needed")

// Conflict makes a real conflict on a free, unprivileged loopback port of this
// machine, shows what a program says of it and what berth says, and lets the port
// go again. It needs no rights and makes no process of its own.
func Conflict(ctx context.Context, b Berth, p *Page) error {
	holder, err := listener()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPort, err)
	}
	defer holder.Close()
	c := conflict{Page: p, Berth: b, ctx: ctx, at: holder.Addr().(*net.TCPAddr).AddrPort()}
	c.Say("A real port conflict on this machine, made, explained and cleaned up.\n\n")
	c.Say("1. A server takes %s.\n", c.at)
	newcomer, err := net.Listen("tcp", c.at.String())
	if err == nil {
		newcomer.Close()
		return ErrShared
	}
	c.Say("2. A second server wants it too. What it says is what most programs say:\n\n     %v\n\n", err)
	if err := c.answers(holder); err != nil {
		return err
	}
	return p.Err()
}

// conflict is one run of the story.
type conflict struct {
	*Page
	Berth
	ctx context.Context
	at  netip.AddrPort
}

// answers is what berth says while the port is held and after.
func (c *conflict) answers(holder io.Closer) error {
	set, err := c.Facts(c.ctx, c.endpoint())
	if err != nil {
		return err
	}
	ask, name, own := c.who, "who", "berth who 80, or just berth"
	if g := diagnose.Blindness(set.Gaps); g != nil {
		ask, name, own = c.check, "check", "berth check 80"
		c.Say("3. Who has a port berth cannot read here yet. Whether you can have it, it asks the\n   system itself. berth check %s:\n\n", c.at)
	} else {
		c.Say("3. berth who %s says more:\n\n", c.at)
	}
	if err := ask(&set); err != nil {
		return err
	}
	if err := holder.Close(); err != nil {
		return err
	}
	c.Say("\n4. The first server ends. berth %s %s again:\n\n", name, c.at)
	if set, err = c.Facts(c.ctx, c.endpoint()); err != nil {
		return err
	}
	if err := ask(&set); err != nil {
		return err
	}
	if g := diagnose.Blindness(set.Gaps); g != nil {
		c.Say("\nWho it is, pasted texts tell: %s.\n", sentence.GapHint(*g, &set.Machine))
	}
	c.Say("\nNow ask about a port of your own: %s.\n", own)
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
