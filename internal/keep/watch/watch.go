// Package watch sees what changes on some ports soon after it did.
//
// On Linux the kernel tells of sockets that end, to those with CAP_NET_ADMIN; nothing
// tells of a new listener, so the socket table is asked for just these ports, a few
// times a second. No documented call of Windows or macOS tells of either (what
// Windows' NotifyIpInterfaceChange and its kin tell is addresses and routes): there it
// is asking alone.
package watch

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netstat"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/sys/wait"
)

// Defaults of [Options], and the shortest pause between two looks.
const (
	Interval = 250 * time.Millisecond
	Recheck  = 30 * time.Second
	pause    = 25 * time.Millisecond
)

// Options says what is watched and who is told.
type Options struct {
	Ports    []uint16     // at least one
	Protos   []fact.Proto // none = TCP and UDP
	Interval time.Duration
	// Recheck is the longest time between two whole looks: an owner may change without
	// any change of its sockets.
	Recheck time.Duration
	// Seen is told what the machine says: at first, after each change, and at Recheck.
	// It returns how soon it wants to be told again, 0 for no sooner than Recheck.
	Seen func(x *chain.Index) (again time.Duration, err error)
	// Tick is called after each question, a few times a second; nil is left out.
	Tick func(now time.Time) error
}

// Run watches until ctx ends, or Seen or Tick returns an error; it returns that. It
// looks from the calling goroutine, and nothing that it started outlives it. A machine
// that cannot be read at all ends it at the first question, and later is a gap of what
// Seen is told.
func Run(ctx context.Context, o Options) error {
	w := watcher{Options: o}
	if w.Interval <= 0 {
		w.Interval = Interval
	}
	if w.Recheck <= 0 {
		w.Recheck = Recheck
	}
	if len(w.Protos) == 0 {
		w.Protos = []fact.Proto{fact.TCP, fact.UDP}
	}
	ended, stop := ends(o.Ports)
	defer stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
		case <-timer.C:
		}
		if err := w.ask(ctx); err != nil {
			return err
		}
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
		timer.Reset(max(w.Interval-pause, 0))
	}
}

type watcher struct {
	Options
	table string // what the socket table said last
	asked bool
	next  time.Time // of a whole look
}

// ask asks the socket table, and looks at everything where that has changed or it is
// time to.
func (w *watcher) ask(ctx context.Context) error {
	table, err := w.sockets(ctx)
	if err != nil && (!w.asked || ctx.Err() != nil) {
		return err
	}
	if now := time.Now(); !w.asked || table != w.table || !now.Before(w.next) {
		w.asked, w.table = true, table
		if err := w.look(ctx, now); err != nil {
			return err
		}
	}
	if w.Tick == nil {
		return nil
	}
	return w.Tick(time.Now())
}

func (w *watcher) look(ctx context.Context, now time.Time) error {
	set, err := snapshot.Collect(ctx, snapshot.Query{Ports: w.Ports, Protos: w.Protos, Owners: true})
	if err != nil {
		return err
	}
	again, err := w.Seen(chain.NewIndex(&set))
	if err != nil {
		return err
	}
	if again <= 0 || again > w.Recheck {
		again = w.Recheck
	}
	w.next = now.Add(again)
	return nil
}

// sockets is the state of the ports' sockets as one text.
func (w *watcher) sockets(ctx context.Context) (string, error) {
	set, err := netstat.Read(ctx, netstat.Query{Ports: w.Ports, Protos: w.Protos, Serving: true, Part: netstat.Tabled})
	if err != nil {
		return "", err
	}
	ids := make([]string, len(set.Sockets))
	for i, s := range set.Sockets {
		ids[i] = string(s.ID) + " " + string(s.State)
	}
	slices.Sort(ids)
	return strings.Join(ids, "\n"), nil
}
