package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
)

// Run does a prepared plan. It blocks for as long as its steps take, and then for the
// settling time of the goal. A context that ends makes it take back what it did.
//
// The entry is nil where nothing was begun; the error is then journal.ErrBusy, a
// *Changed, an *Unready, ErrNoHelper, or wraps ErrNoDriver, ErrNoJournal, or what could
// not be looked at. Else it is a *Failure, which says whether all was taken back. It
// needs the rights that the plan's cost names: a driver's refusal is fs.ErrPermission.
func (e *Engine) Run(ctx context.Context, p plan.Plan) (*journal.Entry, error) {
	unlock, err := e.Journal.Lock()
	if err != nil {
		return nil, unwritten(err)
	}
	defer unlock()
	if p.Cost.CutsOff != "" && e.Helper == nil {
		return nil, fmt.Errorf("%s may be cut off: %w", p.Cost.CutsOff, ErrNoHelper)
	}
	if err := e.precheck(ctx, p); err != nil {
		return nil, err
	}
	e.crossing("before begin")
	en, err := e.Journal.Begin(p, e.By)
	if err != nil {
		return nil, unwritten(err)
	}
	e.crossing("after begin")
	return en, e.carryOn(ctx, en)
}

// precheck compares every thing with the plan before the first change. A thing that
// an earlier step of the plan is about is checked at its turn. Questions that the plan
// begins with are asked, so that what is broken already is not touched.
func (e *Engine) precheck(ctx context.Context, p plan.Plan) error {
	seen, first := map[string]bool{}, true
	for _, s := range p.Steps {
		if _, err := e.driver(s.Subject); err != nil {
			return err
		}
		question := s.On == plan.OnDo && s.Subject.Kind == plan.ConfigTest
		if first = first && (question || s.On == plan.OnUndo); first && question {
			if err := e.ready(ctx, s); err != nil {
				return err
			}
		}
		if k := key(s.Subject); s.On == plan.Always && !seen[k] {
			seen[k] = true
			if err := e.unchanged(ctx, s); err != nil {
				return err
			}
			if err := e.ready(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// ready asks a driver that can tell whether setting would work: a disk that is full or
// read-only is said before the first change.
func (e *Engine) ready(ctx context.Context, s plan.Step) error {
	d, ok := e.Drivers[s.Subject.Kind].(interface {
		Ready(ctx context.Context, s plan.Subject, before, to plan.State) error
	})
	if !ok {
		return nil
	}
	if err := d.Ready(ctx, s.Subject, s.Before, s.After); err != nil {
		return &Unready{s, err}
	}
	return nil
}

// Unready: a step could not be done, which was found before anything was.
type Unready struct {
	Step plan.Step
	Err  error
}

// Error names the thing and what is in the way.
func (u *Unready) Error() string {
	return fmt.Sprintf("%s %s: %v", u.Step.Subject.Kind, u.Step.Subject.Name, u.Err)
}

// Unwrap returns what is in the way.
func (u *Unready) Unwrap() error { return u.Err }

func (e *Engine) unchanged(ctx context.Context, s plan.Step) error {
	now, err := e.read(ctx, s.Subject)
	if err != nil {
		return err
	}
	if d := s.Strays(now); len(d) > 0 {
		return &Changed{s, d}
	}
	return nil
}

// Resume goes on with an interrupted entry: with doing it, or with taking it back
// where somebody asked for that. What berth itself gave up and could not take back,
// since something hung, is tried again. The errors are those of Run and Undo, or ErrEnded.
func (e *Engine) Resume(ctx context.Context, id int) (*journal.Entry, error) {
	en, unlock, err := e.hold(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	switch en.Status() {
	case journal.Interrupted:
		return en, e.carryOn(ctx, en)
	case journal.Reverting:
		if en.GaveUp() {
			return en, e.carryOn(ctx, en)
		}
		return en, e.takeBack(ctx, en, "")
	case journal.PendingReboot:
		return en, e.settleReboot(ctx, en)
	}
	return en, fmt.Errorf("entry %d is %s: %w", id, en.Status(), ErrEnded)
}

// carryOn does what is not done yet and ends the entry, one way or the other.
func (e *Engine) carryOn(ctx context.Context, en *journal.Entry) error {
	if err := e.arm(ctx, en); err != nil {
		return e.giveUp(ctx, en, -1, err)
	}
	first := max(0, en.Begun()-1)
	if en.GaveUp() {
		first = 0 // what could be taken back was
	}
	for i := first; i < len(en.Plan.Steps); i++ {
		if err := e.step(ctx, en, i); err != nil {
			return e.giveUp(ctx, en, i, err)
		}
	}
	if !waits(en.Plan) {
		if err := e.goal(ctx, en); err != nil {
			return e.giveUp(ctx, en, -1, err)
		}
	}
	return e.close(ctx, en)
}

// step does one step: checks it, does it and verifies it.
func (e *Engine) step(ctx context.Context, en *journal.Entry, i int) error {
	s := en.Plan.Steps[i]
	if err := ctx.Err(); err != nil {
		return err
	}
	again := en.Begun() > i
	if !again {
		if err := e.note(en, journal.Doing, i, ""); err != nil {
			return err
		}
	}
	if s.On == plan.OnUndo {
		return nil
	}
	e.tell(Progress{Entry: en.ID, Step: i, Stage: Begins, What: s})
	ctx, cancel := e.limited(ctx, s)
	defer cancel()
	if s.On == plan.Always {
		now, err := e.read(ctx, s.Subject)
		if err != nil {
			return err
		}
		if len(plan.Differs(s.After, now)) == 0 {
			e.tell(Progress{Entry: en.ID, Step: i, Stage: Skipped, What: s})
			return e.note(en, journal.Done, i, "")
		}
		// Behind a crash half of it may be done, and an earlier step may have taken other
		// things with it (a unit's Requires=); identity is the driver's to check.
		halfway := (again || i > 0) && underWay(s, now) || again && settling(now)
		if d := s.Strays(now); len(d) > 0 && !halfway && !touched(en.Plan, i) {
			return &Changed{s, d}
		}
	}
	if s.Subject.Kind == plan.Unit && "unit:"+s.Subject.Name == en.Plan.Goal.Owner && s.After["active"] == "active" {
		e.letGo(ctx, en.Plan)
	}
	if err := e.set(ctx, s, s.After); err != nil {
		return err
	}
	e.tell(Progress{Entry: en.ID, Step: i, Stage: Verified, What: s})
	return e.note(en, journal.Done, i, "")
}

// touched tells that an earlier step is about the same thing, so that the state
// before this one was never read.
func touched(p plan.Plan, i int) bool {
	for _, s := range p.Steps[:i] {
		if key(s.Subject) == key(p.Steps[i].Subject) && s.On != plan.OnUndo {
			return true
		}
	}
	return false
}

// set brings a thing to a state and reads it back.
func (e *Engine) set(ctx context.Context, s plan.Step, to plan.State) error {
	d, err := e.driver(s.Subject)
	if err != nil {
		return err
	}
	e.crossing("before setting " + key(s.Subject))
	err = d.Set(ctx, s.Subject, s.Before, to)
	e.crossing("after setting " + key(s.Subject))
	if err != nil {
		return fmt.Errorf("%s: %w", called(s.Subject), err)
	}
	if len(to) == 0 {
		return nil // an event
	}
	now, err := e.read(ctx, s.Subject)
	if err != nil {
		return err
	}
	if diffs := plan.Differs(to, now); len(diffs) > 0 {
		return &Unmoved{s, diffs}
	}
	return nil
}

// Unmoved: the system said yes and nothing changed.
type Unmoved struct {
	Step  plan.Step
	Diffs []plan.Difference
}

// Error names the thing and each field that is not as asked.
func (u *Unmoved) Error() string {
	return fmt.Sprintf("%s %s: the system reported success, and it is still not so: %s", u.Step.Subject.Kind, u.Step.Subject.Name, said(u.Diffs, "should be"))
}

func waits(p plan.Plan) bool {
	for _, s := range p.Steps {
		if s.Reboot && s.On != plan.OnUndo {
			return true
		}
	}
	return false
}

// giveUp takes back what was done, with a context of its own: the caller's may be
// what ended it.
func (e *Engine) giveUp(ctx context.Context, en *journal.Entry, step int, cause error) error {
	ctx = context.WithoutCancel(ctx)
	noted := e.note(en, journal.Failed, step, cause.Error())
	e.tell(Progress{Entry: en.ID, Step: step, Stage: GivesUp, Text: cause.Error()})
	undo := e.takeBack(ctx, en, "")
	if undo == nil {
		_ = e.disarm(ctx, en) // what it finds has ended
	}
	return &Failure{Entry: en.ID, Step: step, Err: cause, Undone: undo == nil, Undo: errors.Join(undo, ignoreIf(noted, undo == nil))}
}

func ignoreIf(err error, yes bool) error {
	if yes {
		return nil
	}
	return err
}

// arm starts the helper that takes a risky plan back, before the first change.
func (e *Engine) arm(ctx context.Context, en *journal.Entry) error {
	if en.Plan.Cost.CutsOff == "" || en.Has(journal.Confirmed) != nil {
		return nil
	}
	if e.Helper == nil {
		return ErrNoHelper
	}
	until := e.deadline()
	if err := e.noteUntil(en, journal.Armed, until); err != nil {
		return err
	}
	e.crossing("before arming")
	err := e.Helper.Arm(ctx, en.ID, until)
	e.crossing("after arming")
	return err
}

// DefaultConfirm is how long a risky plan waits to be confirmed.
const DefaultConfirm = 120 * time.Second

func (e *Engine) deadline() time.Time {
	d := e.Confirm
	if d <= 0 {
		d = DefaultConfirm
	}
	return time.Now().Add(d).UTC()
}

func (e *Engine) noteUntil(en *journal.Entry, k journal.Kind, until time.Time) error {
	return en.Note(journal.Event{At: time.Now().UTC(), Kind: k, Step: -1, Until: until, Boot: e.By.Boot})
}

// end notes how an entry ends whose steps are done.
func (e *Engine) end(en *journal.Entry) error {
	if waits(en.Plan) {
		return e.note(en, journal.Rebooting, -1, "")
	}
	return e.note(en, journal.Closed, -1, "")
}

// close ends an entry whose goal is reached, or leaves it waiting to be confirmed.
func (e *Engine) close(ctx context.Context, en *journal.Entry) error {
	if en.Plan.Cost.CutsOff == "" || en.Has(journal.Confirmed) != nil {
		return e.end(en)
	}
	// The deadline counts from here: the steps may have taken their time.
	until := e.deadline()
	if err := e.Helper.Arm(ctx, en.ID, until); err != nil {
		return e.giveUp(ctx, en, -1, err)
	}
	return e.noteUntil(en, journal.Awaiting, until)
}

// Keep confirms an entry that waits to be confirmed. The error is, or wraps, ErrEnded
// where none waits.
func (e *Engine) Keep(ctx context.Context, id int) (*journal.Entry, error) {
	en, unlock, err := e.hold(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if en.Status() != journal.Unconfirmed {
		return en, fmt.Errorf("entry %d is %s: %w", id, en.Status(), ErrEnded)
	}
	if err := e.note(en, journal.Confirmed, -1, ""); err != nil {
		return en, err
	}
	if err := e.end(en); err != nil {
		return en, err
	}
	return en, e.disarm(ctx, en)
}

// unwritten is why there is no entry: but for another berth at work, the disk.
func unwritten(err error) error {
	if errors.Is(err, journal.ErrBusy) || errors.Is(err, journal.ErrNewer) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNoJournal, err)
}
