package freeing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
)

// patience is how long a command waits for another berth, such as a guard that puts a
// promise right, to be done with the machine.
const patience = 8 * time.Second

// patiently does something as soon as no other berth is changing the machine, and says
// that it waits. After its patience the error is that of the last try, ErrBusy.
func (d *Desk) patiently(ctx context.Context, long time.Duration, do func() (*journal.Entry, error)) (*journal.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for told := false; ; told = true {
		en, err := do()
		if !errors.Is(err, journal.ErrBusy) {
			return en, err
		}
		if !told {
			fmt.Fprintf(d.Err, "%v: waiting up to %v for its end\n", err, long)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return en, err
		}
	}
}

// takesBack tells whether undoing an entry does anything: it has not been undone, and
// is more than the start of somebody who is meant to run.
func takesBack(en *journal.Entry) bool {
	if s := en.Status(); s == journal.IsUndone || s.Open() {
		return s.Open()
	}
	for _, s := range en.Plan.Steps {
		if s.On != plan.OnDo {
			return true
		}
	}
	return false
}
