package snapshot

import (
	"context"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/host"
	"github.com/berthd/berth/internal/machine/httpsys"
)

// HTTPSys reads HTTP.sys alone, as q asks, with the machine's own row and those of
// the processes that serve its queues. It needs no privilege; what could not be read
// is in the set's gaps. The error is that of an ended context.
func HTTPSys(ctx context.Context, q httpsys.Query) (fact.Set, error) {
	c := collector{q: Query{Owners: true}, set: fact.Set{At: time.Now().Truncate(time.Millisecond)}}
	c.set.Machine.Source = "live"
	if err := c.add(host.Read(ctx)); err != nil {
		return c.set, err
	}
	err := c.httpsys(ctx, q)
	c.set.Add(fact.Set{Units: c.tagged})
	return c.set, err
}
