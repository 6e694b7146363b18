package looking

import (
	"context"
	"net/netip"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/probe"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/changes"
)

// Try is a bind now, with exactly the goal's flags, taken back at once.
func Try(ctx context.Context, b plan.Bind) (bool, string) {
	addr, err := netip.ParseAddr(b.Addr)
	if err != nil {
		return false, err.Error()
	}
	r := probe.Try(ctx, probe.Request{Proto: b.Proto, Addr: netip.AddrPortFrom(addr, b.Port), V6Only: b.V6Only, ReuseAddr: b.ReuseAddr, ReusePort: b.ReusePort,
		Exclusive: b.Exclusive, Listen: b.Proto == fact.TCP})
	if !r.Ran {
		return false, r.Why
	}
	return r.OK, changes.Refused(b, string(r.At), r.Failure.Name, r.Failure.Text)
}

// Listeners are who listens on ports now.
func Listeners(ctx context.Context, ports []uint16) ([]plan.Listener, error) {
	set, err := snapshot.Collect(ctx, snapshot.Query{Ports: ports, Owners: true})
	if err != nil {
		return nil, err
	}
	return planning.Listeners(chain.NewIndex(&set), ports...), nil
}
