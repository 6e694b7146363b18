package snapshot

import (
	"context"
	"sync"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect"
)

// rules starts reading the packet filter beside the other readers: the kernel
// takes its time for long rule sets and needs nothing that the others find. The
// first function that it returns waits for the answer, the second for the end of
// what was started, asked for or not.
//
// A caller whose thread is in a network namespace of its own gets no help from
// another thread, which would read another namespace's rules.
func (c *collector) rules(ctx context.Context) (answer func() (fact.Set, error), wait func()) {
	read := func() (fact.Set, error) { return redirect.Read(ctx, redirect.Query{Ports: c.q.Ports}) }
	if !c.q.Context || !shared() {
		return read, func() {}
	}
	var set fact.Set
	var err error
	var started sync.WaitGroup
	started.Go(func() { set, err = read() })
	return func() (fact.Set, error) {
		started.Wait()
		return set, err
	}, started.Wait
}
