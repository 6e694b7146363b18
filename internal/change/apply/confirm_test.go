package apply_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
)

// helper remembers what was asked of it.
type helper struct{ armed, disarmed int }

func (h *helper) Arm(context.Context, int, time.Time) error { h.armed++; return nil }
func (h *helper) Disarm(context.Context, int) error         { h.disarmed++; return nil }

var risky = plan.Plan{Steps: []plan.Step{stop(nginx)}, Cost: plan.Cost{CutsOff: "ssh"}}

// ended is how long Confirm is in a test whose deadline is to pass at once.
const ended = time.Nanosecond

// awaiting is a world in which a risky plan waits to be confirmed, and the engine.
func awaiting(t *testing.T, within time.Duration) (world, *apply.Engine, *helper) {
	t.Helper()
	w, e := begin(t)
	h := &helper{}
	e.Helper, e.Confirm = h, within
	en, err := e.Run(t.Context(), risky)
	if err != nil || en.Status() != journal.Unconfirmed || h.armed != 2 {
		t.Fatal(err, en.Status(), h)
	}
	return w, e, h
}

func TestNoHelper(t *testing.T) {
	w, e := begin(t)
	if en, err := e.Run(t.Context(), risky); !errors.Is(err, apply.ErrNoHelper) || en != nil || state(t, w, nginx) != "active" {
		t.Fatalf("without a helper: %v, %v", err, en)
	}
}

// A plan that may cut the asker off goes back when its time is over, not before.
func TestUnconfirmed(t *testing.T) {
	w, e, _ := awaiting(t, time.Hour)
	if _, err := e.Revert(t.Context(), 1); !errors.Is(err, apply.ErrEarly) || state(t, w, nginx) != "inactive" {
		t.Errorf("before its time: %v", err)
	}
	w, e, h := awaiting(t, ended)
	en, err := e.Revert(t.Context(), 1)
	if err != nil || en.Status() != journal.IsUndone || state(t, w, nginx) != "active" || h.disarmed != 1 {
		t.Errorf("%v, %s, %+v", err, en.Status(), h)
	}
	if ev := en.Has(journal.Undoing); ev.Text == "" {
		t.Error("the journal does not say why")
	}
	if _, err := e.Revert(t.Context(), 1); !errors.Is(err, apply.ErrEnded) {
		t.Errorf("twice: %v", err)
	}
}

// One that was confirmed stays, whenever what would take it back comes.
func TestConfirmed(t *testing.T) {
	w, e, h := awaiting(t, ended)
	en, err := e.Keep(t.Context(), 1)
	if err != nil || en.Status() != journal.IsDone || h.disarmed != 1 {
		t.Errorf("kept: %v, %s", err, en.Status())
	}
	if _, err = e.Revert(t.Context(), 1); !errors.Is(err, apply.ErrEnded) || state(t, w, nginx) != "inactive" {
		t.Errorf("confirmed and reverted: %v", err)
	}
}

// One that shows only after a reboot waits to be confirmed before that.
func TestConfirmBeforeReboot(t *testing.T) {
	w, e := begin(t)
	e.Helper, e.Confirm = &helper{}, ended
	p := risky
	p.Steps = []plan.Step{stop(nginx)}
	p.Steps[0].Reboot = true
	for _, keep := range []bool{false, true} {
		en, err := e.Run(t.Context(), p)
		if err != nil || en.Status() != journal.Unconfirmed {
			t.Fatal(err, en.Status())
		}
		want, is := journal.IsUndone, "active"
		if keep {
			en, err = e.Keep(t.Context(), en.ID)
			want, is = journal.PendingReboot, "inactive"
		} else {
			en, err = e.Revert(t.Context(), en.ID)
		}
		if err != nil || en.Status() != want || state(t, w, nginx) != is {
			t.Errorf("kept %v: %v, %s, %s", keep, err, en.Status(), state(t, w, nginx))
		}
	}
}

// Why it could not go back is in the journal, and it is nobody's turn then but a
// person's.
func TestUnconfirmedAndForeign(t *testing.T) {
	w, e, _ := awaiting(t, ended)
	if err := w.write(at(nginx), plan.State{"active": "masked"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := e.Revert(t.Context(), 1)
		var f *apply.Foreign
		en, _ := e.Journal.Get(1)
		last := en.Events[len(en.Events)-1]
		if !errors.As(err, &f) || last.Kind != journal.Stuck || last.Text != err.Error() || en.Overdue(time.Now().Add(time.Hour)) {
			t.Errorf("%v, %+v", err, last)
		}
		if before := en.Events[len(en.Events)-2]; before.Kind == journal.Stuck {
			t.Error("noted twice")
		}
	}
}

// Until when is on disk before the helper runs, which looks for it there, and the lock
// is held for as long as anything is done.
func TestDeadlineIsNotedFirst(t *testing.T) {
	_, e := begin(t)
	e.Helper = &helper{}
	seen := 0
	e.Crossing = func(where string) {
		if where != "before arming" {
			return
		}
		seen++
		if en, err := e.Journal.Get(1); err != nil || en.Until().IsZero() {
			t.Errorf("%v, %+v", err, en)
		}
		if _, err := e.Journal.Lock(); !errors.Is(err, journal.ErrBusy) {
			t.Errorf("the lock: %v", err)
		}
	}
	if _, err := e.Run(t.Context(), risky); err != nil || seen != 1 {
		t.Error(err, seen)
	}
}

// A plan whose helper cannot be armed anew goes back at once, and leaves no helper.
func TestNotArmedAgain(t *testing.T) {
	w, e := begin(t)
	h := &once{}
	e.Helper = h
	var f *apply.Failure
	en, err := e.Run(t.Context(), risky)
	if !errors.As(err, &f) || !f.Undone || en.Status() != journal.IsUndone || state(t, w, nginx) != "active" || h.disarmed != 1 {
		t.Errorf("%v, %s, %+v", err, en.Status(), h)
	}
}

// once is a helper that can be armed one time.
type once struct{ helper }

func (h *once) Arm(ctx context.Context, id int, at time.Time) error {
	if h.armed > 0 {
		return errors.New("the bus is gone")
	}
	return h.helper.Arm(ctx, id, at)
}

// Killed between the confirmation and its end, a plan stays: it is resumed without a
// helper, and nothing takes it back.
func TestKilledAfterConfirming(t *testing.T) {
	w, e := begin(t)
	h := &helper{}
	e.Helper = h
	fill(t, w, map[string]plan.State{at(nginx): {"active": "inactive"}})
	past := time.Now().Add(-time.Hour)
	killed(t, e, risky, 1, journal.Event{Kind: journal.Awaiting, Until: past}, journal.Event{Kind: journal.Confirmed})
	if _, err := e.Revert(t.Context(), 1); !errors.Is(err, apply.ErrEnded) || state(t, w, nginx) != "inactive" {
		t.Errorf("taken back: %v", err)
	}
	if en, err := e.Resume(t.Context(), 1); err != nil || en.Status() != journal.IsDone || h.armed != 0 {
		t.Errorf("%v, %s, %+v", err, en.Status(), h)
	}
}

// Only what waits to be confirmed can be, and only what is open goes back by itself.
func TestNothingWaits(t *testing.T) {
	w, e := begin(t)
	if _, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{stop(nginx)}}); err != nil {
		t.Fatal(err)
	}
	if en, err := e.Keep(t.Context(), 1); !errors.Is(err, apply.ErrEnded) || en.Has(journal.Confirmed) != nil {
		t.Errorf("kept: %v", err)
	}
	if _, err := e.Revert(t.Context(), 1); !errors.Is(err, apply.ErrEnded) || state(t, w, nginx) != "inactive" {
		t.Errorf("taken back: %v", err)
	}
}
