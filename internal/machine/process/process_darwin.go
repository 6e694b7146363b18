package process

import (
	"context"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/process/macproc"
)

// Holders tells which processes hold q.Sockets: the one that last used each, and with
// AllHolders every one whose descriptors are open to the asker; see [macproc.Holders].
// The rest of q it does not look at.
func Holders(ctx context.Context, q Query) (fact.Set, error) {
	return macproc.Holders(ctx, macproc.Query{Sockets: q.Sockets, All: q.AllHolders, KeepEnv: keepEnv})
}

// Describe reads the rows of pids and of their ancestors; see [macproc.Describe].
func Describe(ctx context.Context, pids ...int) (fact.Set, error) {
	return macproc.Describe(ctx, macproc.Query{KeepEnv: keepEnv}, pids...)
}
