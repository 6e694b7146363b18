package snapshot

import (
	"context"
	"runtime"
	"sync"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect"
)

// rules starts reading the packet filter beside the other readers: the kernel
// takes its time for long rule sets and needs nothing that the others find. The
// first function that it returns waits for the answer, the second for the end of
// what was started, asked for or not.
func (c *collector) rules(ctx context.Context) (answer func() (fact.Set, error), wait func()) {
	read := func() (fact.Set, error) { return redirect.Read(ctx, redirect.Query{Ports: c.q.Ports}) }
	if !c.q.Context {
		return read, func() {}
	}
	return beside(place(), read)
}

// beside runs read on another thread, if that one is in network namespace home;
// a caller whose own thread was moved elsewhere runs it itself when it asks.
func beside(home uint64, read func() (fact.Set, error)) (answer func() (fact.Set, error), wait func()) {
	var set fact.Set
	var err error
	var helped bool
	var started sync.WaitGroup
	started.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if place() == home {
			set, err = read()
			helped = true
		}
	})
	return func() (fact.Set, error) {
		if started.Wait(); !helped {
			return read()
		}
		return set, err
	}, started.Wait
}
