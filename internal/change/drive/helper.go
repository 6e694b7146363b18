package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/drive/unit"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/change/run"
)

// Helper returns what takes an unconfirmed plan back by starting this program again: a
// transient timer of systemd where that runs and the asker may ask it for one, else a
// process that waits in a session of its own. Neither outlives a reboot: the next berth
// finds the entry overdue.
func Helper(store *journal.Store) apply.Helper {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	a := again{exe, store}
	if os.Geteuid() == 0 && unit.New("/").Present() {
		return timer{a}
	}
	return waiter{a}
}

// again is berth, to be started again.
type again struct {
	exe   string
	store *journal.Store
}

func (a again) argv(entry int) []string {
	return []string{a.exe, "undo", strconv.Itoa(entry), "--unless-confirmed"}
}

func (a again) env() string { return "BERTH_STATE_DIR=" + filepath.Dir(a.store.Dir()) }

type timer struct{ again }

func (t timer) name(entry int) string { return "berth-revert-" + strconv.Itoa(entry) }

// Arm sets the timer, in place of one that is set already.
func (t timer) Arm(ctx context.Context, entry int, deadline time.Time) error {
	argv := append([]string{"/usr/bin/env", t.env()}, t.argv(entry)...)
	return unit.New("/").Later(ctx, t.name(entry), time.Until(deadline), argv, fmt.Sprintf("berth: takes entry %d back unless it is confirmed", entry))
}

// Disarm removes the timer. One that has elapsed is what runs now.
func (t timer) Disarm(ctx context.Context, entry int) error {
	err := unit.New("/").CancelLater(ctx, t.name(entry))
	if errors.Is(err, unit.ErrFired) {
		return nil
	}
	return err
}

// waiter is a process that waits for the deadline. It reads that in the journal, which
// is also where it sees that it is needed no more.
type waiter struct{ again }

// patience is how long the process may take until it watches.
const patience = 15 * time.Second

// Arm starts the process unless it runs already, and returns when it watches.
func (w waiter) Arm(ctx context.Context, entry int, _ time.Time) error {
	if w.store.Watched(entry) {
		return nil
	}
	d, err := run.Detach(w.argv(entry), append(os.Environ(), w.env()), filepath.VolumeName(w.exe)+string(filepath.Separator))
	if err != nil {
		return fmt.Errorf("the process that would take it back: %w", err)
	}
	end := time.NewTimer(patience)
	defer end.Stop()
	for look := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case <-look.C:
			if w.store.Watched(entry) {
				look.Stop()
				return nil
			}
			continue
		case <-d.Ended():
			return errors.New("the process that would take it back has ended at once")
		case <-end.C:
			err = errors.New("the process that would take it back does not watch")
		case <-ctx.Done():
			err = ctx.Err()
		}
		return errors.Join(err, d.Kill())
	}
}

// Disarm has nothing to do: the process ends when the entry has.
func (waiter) Disarm(context.Context, int) error { return nil }
