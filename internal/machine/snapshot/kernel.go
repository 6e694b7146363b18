package snapshot

import (
	"context"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/kernelsock"
)

// kernel names the parts of the kernel behind sockets that no process holds.
func (c *collector) kernel(ctx context.Context) error {
	held := map[fact.ID]bool{}
	for _, l := range c.set.Links {
		if l.Kind == fact.HeldBy || l.Kind == fact.InheritedBy {
			held[l.From] = true
		}
	}
	var alone []fact.Socket
	for _, s := range c.set.Sockets {
		if !held[s.ID] && (s.State.Serves() || s.State == fact.Bound) && s.Netns == "" {
			alone = append(alone, s)
		}
	}
	return c.add(kernelsock.Read(ctx, alone))
}
