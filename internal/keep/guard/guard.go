// Package guard keeps promised ports as promised: it watches them, tells when somebody
// else has one, and puts it right where the promise says that it may. It never kills,
// and never fights in a loop.
package guard

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/ledger/judge"
	"github.com/berthd/berth/internal/keep/watch"
)

// Kind is what an [Event] is about.
type Kind string

// The kinds of event.
const (
	Watching    Kind = "watching"     // a ledger was read, at first or anew; Ledger has it
	Wrong       Kind = "ledger-wrong" // it was changed and cannot be read: the old one counts on; Err
	Broken      Kind = "broken"       // somebody else holds it; Verdict says who
	Kept        Kind = "kept"         // the owner holds it
	Freed       Kind = "freed"        // nobody holds it
	Unknown     Kind = "unknown"      // who holds it could not be learned
	Restoring   Kind = "restoring"    // Action is being done, for the Try-th time
	Restored    Kind = "restored"     // it was done; whether the promise is kept is another event
	NotRestored Kind = "not-restored" // it was not; Err, and after Wait it is tried again
	GaveUp      Kind = "gave-up"      // too many tries: nothing is done until it has been kept for a while
	Resumed     Kind = "resumed"      // it has been
	Untold      Kind = "untold"       // Notify failed, or fell behind; Err
)

// Event is one thing that happened.
type Event struct {
	At      time.Time
	Kind    Kind
	Ledger  *ledger.Ledger // of Watching
	Verdict *judge.Verdict // of all that is about a promise
	Index   *chain.Index   // of the facts that Verdict was made of
	First   bool           // it is how the promise was found, not a change
	Action  Action
	Try     int
	Wait    time.Duration
	Err     error
}

// Options says what is kept and who is told.
type Options struct {
	// Load reads the ledger: at first, on SIGHUP, and when a file of it has changed.
	Load     func() (ledger.Ledger, error)
	Interval time.Duration // see watch.Options
	Recheck  time.Duration
	Once     bool // end with [ErrBroken] at the first broken promise
	Limits   Limits
	// Restore does what the promise allows, and returns when it is done. It may take
	// long, and runs beside the watch, one call at a time. nil: nothing is restored.
	Restore func(ctx context.Context, p ledger.Promise, a Action) error
	// Tell is told of every event, in the goroutine of Run.
	Tell func(Event)
	// Notify, where it is set, is told of those that Loud, and may take long: it runs
	// beside the watch, one call at a time.
	Notify func(ctx context.Context, e Event) error
}

// Loud tells whether an event is worth a message to somebody who does not read the log.
func (e Event) Loud() bool {
	switch e.Kind {
	case Freed:
		return !e.First
	case Broken, Kept, NotRestored, GaveUp, Resumed, Wrong:
		return true
	}
	return false
}

// Errors of [Run].
var (
	ErrBroken = errors.New("a promise is broken")
	ErrEmpty  = errors.New("the ledger promises nothing")
)

// errReload ends one watch, for the next to begin with the ledger that was read.
var errReload = errors.New("reload")

// Run keeps the ledger until ctx ends, and returns nil then. Its errors are those of
// the first Load, [ErrEmpty], [ErrBroken] with Once, and that of a machine that cannot
// be read. It blocks, looks from the calling goroutine, and nothing that it started
// outlives it: a Restore that is under way is waited for, and is to end with ctx.
func Run(ctx context.Context, o Options) error {
	l, err := o.Load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g := &guard{Options: o, keepers: map[string]*keeper{}, done: make(chan result, 1)}
	g.Limits = g.Limits.filled()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	g.hup = hup
	g.notes = startNotes(ctx, &g.work, o.Notify)
	err = g.run(ctx, l)
	cancel()
	g.work.Wait()
	g.untold(time.Now())
	return err
}

type guard struct {
	Options
	ledger   ledger.Ledger
	stamps   []stamp
	looked   time.Time // at the files
	hup      <-chan os.Signal
	keepers  map[string]*keeper
	verdicts map[string]judge.Verdict
	index    *chain.Index
	done     chan result
	busy     bool
	work     sync.WaitGroup
	notes    *notes
}

// result is how a Restore ended.
type result struct {
	key    string
	action Action
	err    error
}

func (g *guard) run(ctx context.Context, l ledger.Ledger) error {
	for {
		if len(l.Promises) == 0 {
			return ErrEmpty
		}
		g.adopt(l)
		err := watch.Run(ctx, watch.Options{
			Ports: ports(l), Protos: protos(l), Interval: g.Interval, Recheck: g.Recheck,
			Seen: g.seen, Tick: func(now time.Time) error { return g.tick(ctx, now) },
		})
		switch {
		case errors.Is(err, errReload):
			l = g.ledger
		case ctx.Err() != nil:
			return nil
		default:
			return err
		}
	}
}

func ports(l ledger.Ledger) []uint16 {
	all := l.Ports()
	slices.Sort(all)
	return slices.Compact(all)
}

func protos(l ledger.Ledger) []fact.Proto {
	var out []fact.Proto
	for _, p := range l.Promises {
		if !slices.Contains(out, p.Proto) {
			out = append(out, p.Proto)
		}
	}
	return out
}

// adopt takes a ledger over. A promise that stays the same keeps its past.
func (g *guard) adopt(l ledger.Ledger) {
	g.ledger, g.stamps = l, since(g.stamps, stamps(l.Files))
	old := g.keepers
	g.keepers, g.verdicts = map[string]*keeper{}, map[string]judge.Verdict{}
	for _, p := range l.Promises {
		k := old[key(p)]
		if k == nil {
			k = &keeper{limits: g.Limits}
		}
		k.promise = p
		g.keepers[key(p)] = k
	}
	g.tell(Event{Kind: Watching, Ledger: &g.ledger})
}

func key(p ledger.Promise) string { return p.Endpoint() + " " + p.Owner() }

// seen judges what the watch saw, and tells what is new.
func (g *guard) seen(x *chain.Index) (time.Duration, error) {
	now, again, broken := time.Now(), time.Duration(0), false
	g.index = x
	for _, v := range judge.Judge(g.ledger.Promises, x) {
		k := g.keepers[key(v.Promise)]
		first := k.status == ""
		g.verdicts[key(v.Promise)] = v
		broken = broken || v.Status == judge.Broken
		if v.Status == judge.Unknown {
			again = time.Second
		}
		if k.see(v, now) && !(first && v.Status == judge.Kept) {
			g.about(v.Promise, Event{At: now, Kind: kinds(v.Status), First: first})
		}
	}
	if g.Once && broken {
		return 0, ErrBroken
	}
	return again, nil
}

func kinds(s judge.Status) Kind {
	switch s {
	case judge.Broken:
		return Broken
	case judge.Kept:
		return Kept
	case judge.Free:
		return Freed
	}
	return Unknown
}

// tick does what is due: what has ended, what is to be restored, a changed ledger.
func (g *guard) tick(ctx context.Context, now time.Time) error {
	select {
	case r := <-g.done:
		g.ended(r, now)
	default:
	}
	g.untold(now)
	if g.Restore != nil && !g.Once {
		for _, p := range g.ledger.Promises {
			g.keep(ctx, p, now)
		}
	}
	if g.changed(now) {
		return g.reload()
	}
	return nil
}

func (g *guard) untold(now time.Time) {
	for _, err := range g.notes.failed() {
		g.tell(Event{At: now, Kind: Untold, Err: err})
	}
}

func (g *guard) keep(ctx context.Context, p ledger.Promise, now time.Time) {
	k := g.keepers[key(p)]
	if g.busy && k.status != judge.Kept {
		return
	}
	switch m, a := k.due(now); m {
	case act:
		g.busy = true
		a.Port = g.verdicts[key(p)].Port(g.index)
		g.about(p, Event{At: now, Kind: Restoring, Action: a, Try: len(k.tries)})
		g.work.Go(func() { g.done <- result{key(p), a, g.Restore(ctx, p, a)} })
	case giveUp:
		g.about(p, Event{At: now, Kind: GaveUp, Try: len(k.tries)})
	case resume:
		g.about(p, Event{At: now, Kind: Resumed})
	}
}

func (g *guard) ended(r result, now time.Time) {
	g.busy = false
	k := g.keepers[r.key]
	if k == nil {
		return // promised no more
	}
	e := Event{At: now, Kind: Restored, Action: r.action, Try: len(k.tries), Wait: k.done(now)}
	if r.err != nil {
		e.Kind, e.Err = NotRestored, r.err
	}
	g.about(k.promise, e)
}

// about tells of an event that concerns a promise.
func (g *guard) about(p ledger.Promise, e Event) {
	v := g.verdicts[key(p)]
	e.Verdict, e.Index = &v, g.index
	g.tell(e)
}

func (g *guard) tell(e Event) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if g.Tell != nil {
		g.Tell(e)
	}
	if e.Loud() {
		g.notes.put(e)
	}
}

// changed tells whether the ledger is to be read again: at a hang-up, and when a file
// is another, which is looked for once a second.
func (g *guard) changed(now time.Time) bool {
	select {
	case <-g.hup:
		return true
	default:
	}
	if now.Sub(g.looked) < time.Second {
		return false
	}
	g.looked = now
	return !slices.Equal(g.stamps, stamps(g.ledger.Files))
}

// reload ends the watch where there is another ledger; one that cannot be read, or
// that promises nothing, is told once and changes nothing. The files' stamps are of
// before they were read: one that is written meanwhile is read again.
func (g *guard) reload() error {
	g.stamps = stamps(g.ledger.Files)
	l, err := g.Load()
	if err == nil && len(l.Promises) == 0 {
		err = ErrEmpty
	}
	if err != nil {
		g.tell(Event{Kind: Wrong, Err: err})
		return nil
	}
	g.ledger = l
	return errReload
}

// stamp tells one state of a file from another.
type stamp struct {
	name string
	at   time.Time
	size int64
}

func stamps(files []string) []stamp {
	out := make([]stamp, 0, len(files))
	for _, f := range files {
		s := stamp{name: f}
		if st, err := os.Stat(f); err == nil {
			s.at, s.size = st.ModTime(), st.Size()
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b stamp) int { return cmp.Compare(a.name, b.name) })
	return out
}

// since gives a file that was known before it was read the stamp of then.
func since(before, now []stamp) []stamp {
	for i, s := range now {
		if k := slices.IndexFunc(before, func(b stamp) bool { return b.name == s.name }); k >= 0 {
			now[i] = before[k]
		}
	}
	return now
}
