package apply

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/sys/wait"
)

// goal verifies what the plan is for: now, and again after the settling time, in
// which a supervisor may start the holder again.
func (e *Engine) goal(ctx context.Context, en *journal.Entry) error {
	g := en.Plan.Goal
	if len(g.Binds) == 0 {
		return e.note(en, journal.Reached, -1, "")
	}
	if err := e.await(ctx, g); err != nil {
		return err
	}
	e.tell(Progress{Entry: en.ID, Step: -1, Stage: Settling, Text: g.Settle.String()})
	for end := time.Now().Add(g.Settle); ; {
		if err := wait.For(ctx, min(pause, time.Until(end))); err != nil {
			return err
		}
		m, err := e.missed(ctx, g)
		if err != nil {
			return err
		}
		if m != nil {
			m.Again = true
			return m
		}
		if !time.Now().Before(end) {
			break
		}
	}
	e.tell(Progress{Entry: en.ID, Step: -1, Stage: Reached})
	return e.note(en, journal.Reached, -1, "")
}

const (
	pause   = 200 * time.Millisecond
	patient = 5 * time.Second // a server may take that long to bind, or to let go
)

// Verify tells whether a goal is reached now; the error is a *Missed where it is not.
// It changes nothing, and waits a few seconds for what is just starting.
func (e *Engine) Verify(ctx context.Context, g plan.Goal) error { return e.await(ctx, g) }

// await waits a moment for the goal to be reached for the first time.
func (e *Engine) await(ctx context.Context, g plan.Goal) error {
	for end := time.Now().Add(patient); ; {
		m, err := e.missed(ctx, g)
		if err != nil {
			return err
		}
		if m == nil {
			return nil
		}
		if time.Now().After(end) {
			return m
		}
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
	}
}

// letGo waits a moment for the holder to let go of what the newcomer is started for: a
// server that was told to reload closes its old sockets some time later, one by one.
// What is still held then is the newcomer's to complain about.
func (e *Engine) letGo(ctx context.Context, p plan.Plan) {
	var wanted []plan.Bind
	for _, b := range p.Goal.Binds {
		wanted = append(wanted, b)
		for _, l := range p.Was {
			if every(b.Addr) && every(l.Addr) && l.Port == b.Port && l.Proto == b.Proto {
				b.Addr, b.V6Only = l.Addr, nil
				if only := true; l.Addr == "::" {
					b.V6Only = &only
				}
				wanted = append(wanted, b)
			}
		}
	}
	for end := time.Now().Add(patient); e.Try != nil && time.Now().Before(end); {
		held := slices.ContainsFunc(wanted, func(b plan.Bind) bool { ok, _ := e.Try(ctx, b); return !ok })
		if !held || wait.For(ctx, pause/4) != nil {
			return
		}
	}
}

func every(addr string) bool { return addr == "0.0.0.0" || addr == "::" }

// missed returns the first bind of the goal that is not so, nil where all are.
func (e *Engine) missed(ctx context.Context, g plan.Goal) (*Missed, error) {
	if g.Owner != "" {
		return e.notOwned(ctx, g)
	}
	for _, b := range g.Binds {
		if e.Try == nil {
			return nil, fmt.Errorf("no way to try a bind")
		}
		if ok, why := e.Try(ctx, b); !ok {
			m := &Missed{Bind: b, Why: why}
			if e.Look != nil {
				if all, err := e.Look(ctx, []uint16{b.Port}); err == nil {
					m.By = slices.DeleteFunc(all, func(l plan.Listener) bool { return l.Proto != b.Proto })
				}
			}
			return m, nil
		}
	}
	return nil, nil
}

// notOwned: every endpoint of the goal must be the newcomer's.
func (e *Engine) notOwned(ctx context.Context, g plan.Goal) (*Missed, error) {
	if e.Look == nil {
		return nil, fmt.Errorf("no way to see who listens")
	}
	for _, b := range g.Binds {
		all, err := e.Look(ctx, []uint16{b.Port})
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(l plan.Listener) bool { return l.Proto != b.Proto || l.Port != b.Port })
		if !slices.ContainsFunc(all, func(l plan.Listener) bool { return l.Owner == g.Owner && covers(l.Addr, b.Addr) }) {
			return &Missed{Bind: b, Why: g.Owner + " does not listen", By: all}, nil
		}
	}
	return nil, nil
}

// covers tells whether a listener on have takes what is meant for want. A dual-stack
// socket takes both families.
func covers(have, want string) bool {
	return have == want || have == "::" || have == "0.0.0.0" && want != "::"
}
