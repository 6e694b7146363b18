package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/sys/wait"
)

// Undo takes an entry back, the last step first, and verifies that it is as before.
// A step that is final is left, and told. The error is journal.ErrBusy, ErrEnded, a
// *Foreign (nothing was done), or says what could not be put back; the entry stays
// open then.
func (e *Engine) Undo(ctx context.Context, id int) (*journal.Entry, error) {
	return e.undo(ctx, id, "asked for", func(*journal.Entry) error { return nil })
}

// Revert is Undo for an entry that nobody confirmed in time; one that was confirmed, or
// has ended already, is left alone. The error is, or wraps, ErrEarly before its time.
func (e *Engine) Revert(ctx context.Context, id int) (*journal.Entry, error) {
	return e.undo(ctx, id, "nobody confirmed it in time", func(en *journal.Entry) error {
		switch {
		case en.Has(journal.Confirmed) != nil:
			return fmt.Errorf("entry %d was confirmed: %w", id, ErrEnded)
		case !en.Status().Open():
			return fmt.Errorf("entry %d is %s: %w", id, en.Status(), ErrEnded)
		case time.Now().Before(en.Until()):
			return fmt.Errorf("entry %d: %w", id, ErrEarly)
		}
		return nil
	})
}

func (e *Engine) undo(ctx context.Context, id int, why string, may func(*journal.Entry) error) (*journal.Entry, error) {
	en, unlock, err := e.hold(id)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if en.Status() == journal.IsUndone {
		return en, fmt.Errorf("entry %d was taken back already: %w", id, ErrEnded)
	}
	if err := may(en); err != nil {
		return en, err
	}
	if err := e.takeBack(ctx, en, why); err != nil {
		return en, err
	}
	return en, e.disarm(ctx, en)
}

// disarm ends the helper of an entry that has none to wait for any more.
func (e *Engine) disarm(ctx context.Context, en *journal.Entry) error {
	if e.Helper == nil || en.Plan.Cost.CutsOff == "" {
		return nil
	}
	return e.Helper.Disarm(ctx, en.ID)
}

// takeBack puts everything back that was begun, and notes why it did not work.
func (e *Engine) takeBack(ctx context.Context, en *journal.Entry, why string) error {
	err := e.putBack(ctx, en, why)
	if err == nil {
		return nil
	}
	var foreign *Foreign
	if by := e.takers(ctx, en.Plan); len(by) > 0 && !errors.As(err, &foreign) {
		err = &Taken{err, by}
	}
	if last := en.Has(journal.Stuck); last == nil || last.Text != err.Error() || en.Events[len(en.Events)-1].Kind != journal.Stuck {
		_ = e.note(en, journal.Stuck, -1, err.Error()) // a disk that is full is in err already
	}
	return err
}

// putBack looks at all of it first.
func (e *Engine) putBack(ctx context.Context, en *journal.Entry, why string) error {
	n := en.Begun()
	if err := e.foreign(ctx, en, n); err != nil {
		return err
	}
	if err := e.note(en, journal.Undoing, -1, why); err != nil {
		return err
	}
	var errs []error
	for i := n - 1; i >= 0; i-- {
		if err := e.back(ctx, en, i); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := e.asBefore(ctx, en); err != nil {
		return err
	}
	return e.note(en, journal.Undone, -1, "")
}

// foreign refuses where somebody else has changed what would be put back.
func (e *Engine) foreign(ctx context.Context, en *journal.Entry, n int) error {
	seen := map[string]bool{}
	for i := n - 1; i >= 0; i-- {
		s := en.Plan.Steps[i]
		k := key(s.Subject)
		if s.On != plan.Always || s.Class == plan.Final || seen[k] {
			continue
		}
		seen[k] = true // an earlier step's state was overwritten by this one
		now, err := e.read(ctx, s.Subject)
		if err != nil {
			return err
		}
		if d := plan.Differs(s.After, now); len(d) > 0 && !s.IsBack(now) && !underWay(s, now) && !settling(now) {
			return &Foreign{s, d}
		}
	}
	return nil
}

// underWay: the step may have left the thing so, half done. What is to be deleted and
// is there with other contents is somebody else's work.
func underWay(s plan.Step, now plan.State) bool {
	return s.After["exists"] != "no" && s.Between(now)
}

// settling: a thing on its way from one state to another is nobody's change.
func settling(now plan.State) bool {
	for _, field := range [...]string{"active", "state"} {
		switch now[field] {
		case "activating", "deactivating", "reloading", "failed", "start-pending", "stop-pending", "continue-pending", "pause-pending":
			return true
		}
	}
	return false
}

// back takes one step back.
func (e *Engine) back(ctx context.Context, en *journal.Entry, i int) error {
	s := en.Plan.Steps[i]
	if s.On == plan.OnDo {
		return nil
	}
	ctx, cancel := e.limited(ctx, s)
	defer cancel()
	if s.On == plan.OnUndo {
		if idle(en, s) {
			return nil
		}
		return e.set(ctx, s, s.After)
	}
	now, err := e.read(ctx, s.Subject)
	if err != nil {
		return err
	}
	if s.IsBack(now) {
		if !done(en, i) && s.Class != plan.Final {
			// What was killed half-way may have left things beside it, which setting clears
			// away; that it cannot be set leaves it as it was all the same.
			_ = e.set(ctx, s, s.Back())
		}
		return e.note(en, journal.Back, i, "")
	}
	if s.Class == plan.Final {
		e.tell(Progress{Entry: en.ID, Step: i, Stage: Final, What: s})
		return e.note(en, journal.Lost, i, "")
	}
	err = e.set(ctx, s, s.Back())
	if errors.Is(err, plan.ErrFinal) {
		e.tell(Progress{Entry: en.ID, Step: i, Stage: Final, What: s})
		return e.note(en, journal.Lost, i, err.Error())
	}
	if err != nil {
		return err
	}
	e.tell(Progress{Entry: en.ID, Step: i, Stage: TakenBack, What: s})
	return e.note(en, journal.Back, i, "")
}

// done tells whether a step was verified when it was done.
func done(en *journal.Entry, i int) bool {
	return slices.ContainsFunc(en.Events, func(ev journal.Event) bool { return ev.Kind == journal.Done && ev.Step == i })
}

// idle: what an event of undoing answers was never done. A server that has not read
// the new configuration need not read the old one again, and perhaps could not. systemd
// is different: it reads all its files whenever somebody tells it to, and closes the
// listeners that a socket unit then no longer has.
func idle(en *journal.Entry, s plan.Step) bool {
	twin := false
	for i, o := range en.Plan.Steps {
		if o.On != plan.OnDo {
			continue
		}
		same := key(o.Subject) == key(s.Subject)
		if same && i < en.Begun() || o.Subject.Kind == plan.Reload && o.Subject.Name == "systemd" {
			return false
		}
		twin = twin || same
	}
	return twin
}

// asBefore compares the listeners with those of before, where nothing final was done.
// On ports that somebody moved to, what the plan's own people still have is awaited
// too: a server that was told to reload closes its old sockets some time later.
func (e *Engine) asBefore(ctx context.Context, en *journal.Entry) error {
	p := en.Plan
	if len(p.Was) == 0 || e.Look == nil || en.Has(journal.Lost) != nil {
		return nil
	}
	ports := slices.Clone(p.Ports)
	mine := []string{p.Goal.Owner}
	for _, l := range p.Was {
		ports, mine = append(ports, l.Port), append(mine, l.Owner)
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	for end := time.Now().Add(patient); ; {
		now, err := e.Look(ctx, ports)
		if err != nil {
			return err
		}
		missing := slices.DeleteFunc(slices.Clone(p.Was), func(l plan.Listener) bool { return slices.Contains(now, l) })
		left := slices.DeleteFunc(now, func(l plan.Listener) bool {
			return !slices.Contains(p.Ports, l.Port) || slices.Contains(p.Was, l) || l.Owner == "" || !slices.Contains(mine, l.Owner)
		})
		if len(missing) == 0 && len(left) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return &NotBack{missing, left}
		}
		if err := wait.For(ctx, pause); err != nil {
			return err
		}
	}
}

// NotBack: everything was put back, and some listeners did not come again, or others
// that the plan made did not go.
type NotBack struct{ Missing, Left []plan.Listener }

// Error lists them.
func (n *NotBack) Error() string {
	var out []string
	for i, l := range slices.Concat(n.Missing, n.Left) {
		is := "not listening again"
		if i >= len(n.Missing) {
			is = "still listening"
		}
		out = append(out, fmt.Sprintf("%s: %s %s port %d of %s", is, l.Proto, l.Addr, l.Port, l.Owner))
	}
	return strings.Join(out, ", ")
}

// Taken: what stood in the way of putting all back (Err), and who listens now where
// somebody listened before.
type Taken struct {
	Err error
	By  []plan.Listener
}

// Error lists them behind the error.
func (t *Taken) Error() string {
	out := t.Err.Error()
	for _, l := range t.By {
		out += fmt.Sprintf("; taken meanwhile: %s %s port %d by %s", l.Proto, l.Addr, l.Port, cmp.Or(l.Owner, "somebody unknown"))
	}
	return out
}

// Unwrap returns what stood in the way.
func (t *Taken) Unwrap() error { return t.Err }

// takers are the listeners that are in the way of those of before.
func (e *Engine) takers(ctx context.Context, p plan.Plan) []plan.Listener {
	if len(p.Was) == 0 || e.Look == nil {
		return nil
	}
	var ports []uint16
	for _, l := range p.Was {
		ports = append(ports, l.Port)
	}
	slices.Sort(ports)
	now, err := e.Look(ctx, slices.Compact(ports))
	if err != nil {
		return nil // what is in err already counts more
	}
	return slices.DeleteFunc(now, func(n plan.Listener) bool {
		meets := func(l plan.Listener) bool {
			return l.Proto == n.Proto && l.Port == n.Port && (covers(n.Addr, l.Addr) || covers(l.Addr, n.Addr))
		}
		mine := func(l plan.Listener) bool { return meets(l) && l.Owner == n.Owner }
		return !slices.ContainsFunc(p.Was, meets) || slices.ContainsFunc(p.Was, mine)
	})
}

// settleReboot verifies an entry that waited for a reboot; without one it is ErrWaits.
func (e *Engine) settleReboot(ctx context.Context, en *journal.Entry) error {
	ev := en.Has(journal.Rebooting)
	if ev == nil || ev.Boot == e.By.Boot {
		return ErrWaits
	}
	for i, s := range en.Plan.Steps {
		if s.On != plan.Always {
			continue
		}
		now, err := e.read(ctx, s.Subject)
		if err != nil {
			return err
		}
		if d := plan.Differs(s.After, now); len(d) > 0 {
			return &Failure{Entry: en.ID, Step: i, Err: &Unmoved{s, d}}
		}
	}
	if err := e.goal(ctx, en); err != nil {
		return &Failure{Entry: en.ID, Step: -1, Err: err}
	}
	return e.note(en, journal.Closed, -1, "")
}
