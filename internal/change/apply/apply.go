// Package apply does a plan: it checks each step, does it, verifies it, and takes all
// of it back where the goal is missed. It is the only room that changes the machine.
//
// What undoes a step is in the journal, synced, before the first change. A berth that
// is killed anywhere leaves an entry from which [Engine.Undo] and [Engine.Resume]
// each end in one of two states: as before, or done.
package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
)

// Stage is what the engine is at, for whoever shows progress.
type Stage string

// The stages of a step, and of the goal (Step -1).
const (
	Begins    Stage = "begins"
	Verified  Stage = "verified"
	Skipped   Stage = "skipped"  // it was so already
	GivesUp   Stage = "gives-up" // and takes back what was done, which may take as long
	TakenBack Stage = "taken-back"
	Final     Stage = "final" // cannot be taken back
	Settling  Stage = "settling"
	Reached   Stage = "reached"
)

// Progress is one thing that happened.
type Progress struct {
	Entry int
	Step  int
	Stage Stage
	What  plan.Step // of Step, where it is one
	Text  string
}

// Helper takes a plan back when its deadline has passed, whatever has become of the
// session that began it: by [Engine.Revert], which finds the deadline that counts in
// the journal. Arm returns when the helper runs; one that runs already stays, or is
// replaced.
type Helper interface {
	Arm(ctx context.Context, entry int, deadline time.Time) error
	Disarm(ctx context.Context, entry int) error
}

// Engine does plans and takes them back. All but Drivers and Journal may be nil.
type Engine struct {
	Drivers map[plan.Kind]Driver
	Journal *journal.Store
	By      journal.By
	// Try tells whether a bind works now, and why not.
	Try func(ctx context.Context, b plan.Bind) (ok bool, why string)
	// Look returns who listens now on the ports of ps.
	Look func(ctx context.Context, ps []uint16) ([]plan.Listener, error)
	// Helper is needed for plans that may cut the asker off.
	Helper Helper
	// Tell is told what happens; it must not block for long.
	Tell func(Progress)
	// Crossing is called at every boundary between two lasting effects; tests end
	// the process there.
	Crossing func(where string)
	// Limit bounds a step that names no limit of its own; 0 is 90 seconds.
	Limit time.Duration
	// Confirm is how long a plan that may cut the asker off waits to be confirmed.
	Confirm time.Duration
}

// Changed: the machine is not as the plan believes. Nothing was done.
type Changed struct {
	Step  plan.Step
	Diffs []plan.Difference
}

// Error names the thing and each field that differs.
func (c *Changed) Error() string {
	return fmt.Sprintf("%s %s has changed since the plan was made: %s", c.Step.Subject.Kind, c.Step.Subject.Name, said(c.Diffs, "was"))
}

// Foreign: somebody else has changed what undo would put back. Nothing was done.
type Foreign struct {
	Step  plan.Step
	Diffs []plan.Difference // what berth left, and what is there now
}

// Error names the thing and each field that differs.
func (f *Foreign) Error() string {
	return fmt.Sprintf("%s %s was changed by somebody else since: %s", f.Step.Subject.Kind, f.Step.Subject.Name, said(f.Diffs, "was"))
}

// Failure: a step did not work, or the goal was missed (Step -1).
type Failure struct {
	Entry  int
	Step   int
	Err    error
	Undone bool  // everything that can be is as before
	Undo   error // why it is not
}

// Error is the cause alone.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Missed: the steps worked, and the goal is not reached.
type Missed struct {
	Bind plan.Bind
	Why  string
	// By are the listeners that have the port instead; Again: only after it had been
	// free, so something started them again.
	By    []plan.Listener
	Again bool
	// Starters are those who started them, where the caller has found that out.
	Starters []string
}

// Error is the system's reason.
func (m *Missed) Error() string { return m.Why }

// Errors of an engine.
var (
	ErrNoDriver  = errors.New("berth cannot change this here")
	ErrNoHelper  = errors.New("nothing here would take it back in time")
	ErrEnded     = errors.New("the entry has ended")
	ErrNoJournal = errors.New("what undoes it could not be written down, so nothing was changed")
	ErrWaits     = errors.New("the plan waits for a reboot")
	ErrEarly     = errors.New("it can still be confirmed")
)

// said lists what was wanted and what is, with the verb of the wanted.
func said(diffs []plan.Difference, verb string) string {
	out := make([]string, len(diffs))
	for i, d := range diffs {
		out[i] = fmt.Sprintf("%s %s %q, is %q", d.Field, verb, short(d.Want), short(d.Got))
	}
	return strings.Join(out, "; ")
}

func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}

// Prepare reads what every step is about and fills in the states before. The error
// is a *Changed where the machine is not as the plan's facts had it, wraps ErrNoDriver,
// or is that of a thing that could not be looked at. It changes nothing.
func (e *Engine) Prepare(ctx context.Context, p plan.Plan) (plan.Plan, error) {
	out := p
	out.Steps = nil
	seen := map[string]bool{}
	for _, s := range p.Steps {
		if s.On == plan.Always && !seen[key(s.Subject)] {
			now, err := e.read(ctx, s.Subject)
			if err != nil {
				return p, err
			}
			if d := s.Strays(now); len(d) > 0 {
				return p, &Changed{s, d}
			}
			s.Before = now
		}
		seen[key(s.Subject)] = true
		out.Steps = append(out.Steps, s)
	}
	return out, nil
}

// hold takes the lock and reads an entry.
func (e *Engine) hold(id int) (en *journal.Entry, unlock func(), err error) {
	if unlock, err = e.Journal.Lock(); err != nil {
		return nil, nil, err
	}
	if en, err = e.Journal.Get(id); err != nil {
		unlock()
		return nil, nil, err
	}
	return en, unlock, nil
}

func key(s plan.Subject) string { return fmt.Sprint(s.Kind, " ", s.Name, " ", s.Of) }

func (e *Engine) driver(s plan.Subject) (Driver, error) {
	d := e.Drivers[s.Kind]
	if d == nil {
		return nil, fmt.Errorf("%s %s: %w", s.Kind, s.Name, ErrNoDriver)
	}
	return d, nil
}

func (e *Engine) read(ctx context.Context, s plan.Subject) (plan.State, error) {
	d, err := e.driver(s)
	if err != nil {
		return nil, err
	}
	now, err := d.Read(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", called(s), err)
	}
	return now, nil
}

// called is a thing in an error: a container by as much of its id as engines show.
func called(s plan.Subject) string {
	if s.Kind == plan.Container && len(s.Name) > 12 {
		s.Name = s.Name[:12]
	}
	return string(s.Kind) + " " + s.Name
}

func (e *Engine) tell(p Progress) {
	if e.Tell != nil {
		e.Tell(p)
	}
}

func (e *Engine) crossing(where string) {
	if e.Crossing != nil {
		e.Crossing(where)
	}
}

// note adds an event to the log, between two boundaries.
func (e *Engine) note(en *journal.Entry, k journal.Kind, step int, text string) error {
	e.crossing(fmt.Sprintf("before noting %s %d", k, step))
	err := en.Note(journal.Event{At: time.Now().UTC(), Kind: k, Step: step, Text: text, Boot: e.By.Boot})
	e.crossing(fmt.Sprintf("after noting %s %d", k, step))
	return err
}

func (e *Engine) limited(ctx context.Context, s plan.Step) (context.Context, context.CancelFunc) {
	limit := s.Limit
	if limit == 0 {
		limit = e.Limit
	}
	if limit == 0 {
		limit = 90 * time.Second
	}
	return context.WithTimeout(ctx, limit)
}
