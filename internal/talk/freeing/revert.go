package freeing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/wait"
	"github.com/berthd/berth/internal/talk/report/changes"
)

// How what goes back by itself looks at the journal, and how often it tries again when
// something was in the way.
const (
	glance   = 500 * time.Millisecond
	retry    = 10 * time.Second
	attempts = 12
)

// revert waits until an entry is to go back by itself, and takes it back; it ends
// without that when somebody has confirmed it, or it has ended. One process does this
// for an entry; for another the error is a *Stop.
func revert(ctx context.Context, e *apply.Engine, id int) (*journal.Entry, error) {
	release, err := watch(ctx, e.Journal, id)
	if errors.Is(err, journal.ErrBusy) {
		return nil, stop(exitNo, "", "another berth waits already to take entry %d back", id)
	}
	if err != nil {
		return nil, err
	}
	defer release()
	for tries := 1; ; {
		en, err := e.Journal.Get(id)
		if err != nil {
			return nil, err
		}
		pause := glance
		if time.Now().After(en.Until()) || en.Has(journal.Confirmed) != nil || !en.Status().Open() {
			var foreign *apply.Foreign
			en, err = e.Revert(ctx, id)
			switch {
			case err == nil, errors.Is(err, apply.ErrEnded), errors.As(err, &foreign), ctx.Err() != nil:
				return en, err
			case errors.Is(err, journal.ErrBusy), errors.Is(err, apply.ErrEarly): // somebody is at it, and may confirm it
			default:
				if tries++; tries > attempts {
					return en, err
				}
				pause = retry
			}
		}
		if err := wait.For(ctx, pause); err != nil {
			return en, err
		}
	}
}

// watch is patient with who only looks whether somebody watches.
func watch(ctx context.Context, s *journal.Store, id int) (release func(), err error) {
	for range 20 {
		if release, err = s.Watch(id); !errors.Is(err, journal.ErrBusy) {
			return release, err
		}
		if err := wait.For(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, err
}

// Overdue takes back what should have gone back by itself and did not, since what would
// have done it is gone, and says so. Commands that change the machine begin with it.
func (d *Desk) Overdue(ctx context.Context, m *fact.Machine) []string {
	e, err := d.engine(ctx, m, 0)
	if err != nil {
		return nil
	}
	list, _ := e.Journal.List()
	var out []string
	for _, en := range list {
		if !en.Overdue(time.Now()) {
			continue
		}
		after, err := e.Revert(ctx, en.ID)
		switch {
		case errors.Is(err, journal.ErrBusy), errors.Is(err, apply.ErrEnded), errors.Is(err, apply.ErrEarly):
		case err != nil:
			out = append(out, fmt.Sprintf("Nobody confirmed entry %d in time, and it cannot be taken back. %s", en.ID, changes.Failure(err, after)))
		default:
			out = append(out, "Nobody confirmed it in time: "+changes.Undone(after))
		}
	}
	return out
}

// SettleOld ends what earlier runs have left, and says so on Err: what waited for a
// reboot that has been, and what should have gone back meanwhile. Whoever changes the
// machine begins with it, before facts are read that it changes.
func (d *Desk) SettleOld(ctx context.Context) {
	m, err := d.now(ctx)
	if err != nil {
		return
	}
	for _, l := range append(d.Rebooted(ctx, m), d.Overdue(ctx, m)...) {
		fmt.Fprintln(d.Err, l)
	}
}
