package guard

import (
	"slices"
	"time"

	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/ledger/judge"
)

// Limits keep the guard from fighting: how soon it acts, how often, and when it stops.
// A field that is 0 has the default.
type Limits struct {
	Grace  time.Duration // a promise is not kept for so long before anything is done (2 s: a restart is no break)
	Wait   time.Duration // after the first try; it doubles with each (1 s)
	Tries  int           // within Window, then the guard gives up (5)
	Window time.Duration // (10 min)
	Calm   time.Duration // kept for so long, all is forgiven (1 min)
}

func (l Limits) filled() Limits {
	def := Limits{2 * time.Second, time.Second, 5, 10 * time.Minute, time.Minute}
	for _, f := range [...]struct{ have, def *time.Duration }{{&l.Grace, &def.Grace}, {&l.Wait, &def.Wait}, {&l.Window, &def.Window}, {&l.Calm, &def.Calm}} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	if l.Tries <= 0 {
		l.Tries = def.Tries
	}
	return l
}

// Action is what is done for a promise: its remedy is applied against a stranger, or
// its owner is started. One of the two is set.
type Action struct {
	Remedy string
	Port   uint16 // that the stranger has, of those that were promised
	Start  ledger.Owner
}

// Startable is the first of p's owners that can be started by name.
func Startable(p ledger.Promise) (ledger.Owner, bool) {
	i := slices.IndexFunc(p.Owners, ledger.Owner.Startable)
	if i < 0 {
		return ledger.Owner{}, false
	}
	return p.Owners[i], true
}

// keeper keeps one promise over time. It knows no clock but the moments it is given.
type keeper struct {
	limits  Limits
	promise ledger.Promise
	status  judge.Status
	holders string // who broke it, in a comparable form
	since   time.Time
	tries   []time.Time
	next    time.Time
	busy    bool
	gaveUp  bool
}

// see notes how it stands, and tells whether that is news.
func (k *keeper) see(v judge.Verdict, now time.Time) bool {
	who := ""
	for _, h := range v.Strangers {
		who += string(h.Owner.Kind) + " " + string(h.Owner.ID) + "\n"
	}
	news := k.status != v.Status || k.holders != who
	if k.status != v.Status {
		k.since = now
	}
	k.status, k.holders = v.Status, who
	return news
}

// move is what is to be done at a moment.
type move int

const (
	rest move = iota
	act
	giveUp
	resume
)

// due is what is to be done now. Acting counts as a try.
func (k *keeper) due(now time.Time) (move, Action) {
	if k.status == judge.Kept {
		return k.calm(now), Action{}
	}
	a, ok := k.action()
	if !ok || k.busy || k.gaveUp || now.Before(k.next) || now.Sub(k.since) < k.limits.Grace {
		return rest, Action{}
	}
	k.tries = slices.DeleteFunc(k.tries, func(t time.Time) bool { return now.Sub(t) > k.limits.Window })
	if len(k.tries) >= k.limits.Tries {
		k.gaveUp = true
		return giveUp, Action{}
	}
	k.tries = append(k.tries, now)
	k.busy = true
	return act, a
}

// calm forgets the tries of a promise that has been kept for a while.
func (k *keeper) calm(now time.Time) move {
	if now.Sub(k.since) < k.limits.Calm || len(k.tries) == 0 {
		return rest
	}
	gaveUp := k.gaveUp
	k.tries, k.gaveUp, k.next = nil, false, time.Time{}
	if gaveUp {
		return resume
	}
	return rest
}

// done notes that the try has ended, and how long it waits before the next one.
func (k *keeper) done(now time.Time) time.Duration {
	k.busy = false
	wait := k.limits.Wait
	for range min(max(len(k.tries)-1, 0), 16) {
		wait *= 2
	}
	k.next = now.Add(wait)
	return wait
}

func (k *keeper) action() (Action, bool) {
	if k.promise.Policy != ledger.Restore {
		return Action{}, false
	}
	switch k.status {
	case judge.Broken:
		return Action{Remedy: k.promise.Remedy}, k.promise.Remedy != ""
	case judge.Free:
		o, ok := Startable(k.promise)
		return Action{Start: o}, ok
	}
	return Action{}, false
}
