package snapshot

import (
	"context"
	"errors"
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container"
	"github.com/berthd/berth/internal/machine/host"
	"github.com/berthd/berth/internal/machine/netns"
	"github.com/berthd/berth/internal/machine/netstat"
	"github.com/berthd/berth/internal/machine/portrange"
	"github.com/berthd/berth/internal/machine/service"
	"github.com/berthd/berth/internal/machine/wsl"
)

type collector struct {
	q   Query
	set fact.Set
	// tagged are the services that HTTP.sys's listing names; the service manager
	// knows more of them and comes later.
	tagged []fact.Unit
}

func (c *collector) collect(ctx context.Context) error {
	rules, waitRules := c.rules(ctx)
	defer waitRules()
	if err := c.add(host.Read(ctx)); err != nil {
		return err
	}
	if err := c.sockets(ctx); err != nil {
		return err
	}
	if c.q.Owners {
		if err := c.kernel(ctx); err != nil {
			return err
		}
	}
	if err := c.http(ctx); err != nil {
		return err
	}
	if c.q.Context {
		if err := c.add(rules()); err != nil {
			return err
		}
		if err := c.context(ctx); err != nil {
			return err
		}
	}
	if !c.q.Owners {
		return nil
	}
	return c.owners(ctx)
}

// add joins one reader's answer. A reader that fails becomes a gap: the others'
// answers stand. Only an ended context stops the collection.
func (c *collector) add(s fact.Set, err error) error {
	c.set.Add(s)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if err != nil {
		c.set.AddGaps(fact.Gap{Kind: fact.GapOther, Err: err.Error()})
	}
	return nil
}

// SocketTable is the subject of a gap that makes "nothing found" worthless.
const SocketTable = "socket table"

// alive asks again for a socket that no process seems to hold: its server may
// have ended since. A question that cannot be repeated leaves it standing.
func alive(ctx context.Context, s fact.Socket) bool {
	if s.Netns != "" {
		return true // cannot be asked from here
	}
	again, err := netstat.Read(ctx, netstat.Query{Ports: []uint16{s.Local.Port()}, Protos: []fact.Proto{s.Proto}, Serving: true})
	return err != nil || slices.ContainsFunc(again.Sockets, func(t fact.Socket) bool { return t.ID == s.ID })
}

// oneOwner: a service's or a container's cgroup. A session or a slice is shared.
func oneOwner(cgroup string) bool {
	if _, ok := container.FromCgroup(cgroup); ok {
		return true
	}
	p, ok := service.FromCgroup(cgroup)
	return ok && p.OneOwner()
}

// context reads what decides a bind beside sockets.
func (c *collector) context(ctx context.Context) error {
	if c.served() {
		return nil
	}
	if err := c.add(portrange.Read(ctx)); err != nil {
		return err
	}
	if err := c.add(wsl.Read(ctx)); err != nil {
		return err
	}
	if len(c.q.Ports) == 0 && !c.q.AllNetns {
		return nil // the overview is of this namespace
	}
	return c.namespaces(ctx)
}

// served: a question for single ports that a listener answers needs no more context.
func (c *collector) served() bool {
	return len(c.q.Ports) > 0 && !c.q.AllNetns && slices.ContainsFunc(c.set.Sockets, func(s fact.Socket) bool { return s.State.Serves() && c.means(s) })
}

// namespaces looks for the ports in every other network namespace.
func (c *collector) namespaces(ctx context.Context) error {
	l, err := netns.List(ctx)
	if err := c.add(l, err); err != nil {
		return err
	}
	for _, ns := range l.Namespaces {
		var s fact.Set
		err := netns.Do(ctx, ns, func() (err error) {
			s, err = netstat.Read(ctx, c.query(true, netstat.Whole))
			return err
		})
		if err != nil {
			c.set.AddGaps(fact.Gap{Kind: fact.GapOtherNetns, Subject: "network namespace " + nsName(ns), Err: err.Error(), About: ns.ID})
			continue
		}
		if err := c.elsewhere(ctx, ns, s.Sockets); err != nil {
			return err
		}
	}
	return nil
}

func nsName(ns fact.Namespace) string {
	if ns.Name != "" {
		return ns.Name
	}
	return string(ns.ID)
}

// elsewhere adds the sockets of another namespace under IDs of their own.
func (c *collector) elsewhere(ctx context.Context, ns fact.Namespace, socks []fact.Socket) error {
	for i := range socks {
		socks[i].Netns = ns.ID
		socks[i].ID += fact.ID("@" + string(ns.ID))
	}
	c.set.Add(fact.Set{Sockets: socks})
	if !c.q.Owners || len(socks) == 0 {
		return nil
	}
	return c.holders(ctx, socks)
}

// owners asks what the found processes belong to.
func (c *collector) owners(ctx context.Context) error {
	failed := c.q.Context && !c.q.AllNetns || c.q.Context && len(c.q.Ports) == 0
	if err := c.add(service.Read(ctx, service.Query{
		Processes: c.set.Processes, Sockets: c.set.Sockets, Ports: c.q.Ports, Failed: failed,
		Names: append(unitNames(c.tagged), c.q.Units...), All: c.q.Context && len(c.q.Ports) == 0 || c.silent(),
	})); err != nil {
		return err
	}
	c.set.Add(fact.Set{Units: c.tagged})
	cq := container.Query{Processes: c.set.Processes, Sockets: c.set.Sockets, Redirects: c.set.Redirects, Links: c.set.Links}
	if c.q.Context {
		cq.Ports = c.q.Ports
	}
	return c.add(container.Read(ctx, cq))
}

func unitNames(units []fact.Unit) []string {
	var out []string
	for _, u := range units {
		out = append(out, u.Name)
	}
	return out
}

// notFinal: a holder that keeps the port for something else, which may have the
// same socket in another cgroup.
func notFinal(p fact.Process) bool {
	switch p.Name {
	case "docker-proxy", "rootlessport", "rootlesskit", "slirp4netns", "pasta", "conmon", "gvproxy", "ssh", "socat",
		"systemd-socket-", "systemd-socket-proxyd", "kubectl", "inetd", "xinetd":
		return true
	}
	return false
}
