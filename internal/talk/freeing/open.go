package freeing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/changes"
)

// Rebooted verifies and closes what waited for a reboot that has been, and says what
// became of each. It is the first thing that berth does after one.
func (d *Desk) Rebooted(ctx context.Context, m *fact.Machine) []string {
	e, err := d.engine(ctx, m, 0)
	if err != nil {
		return nil
	}
	list, _ := e.Journal.List()
	var out []string
	for _, en := range list {
		if en.Status() != journal.PendingReboot {
			continue
		}
		after, err := e.Resume(ctx, en.ID)
		switch {
		case errors.Is(err, apply.ErrWaits):
		case err != nil:
			out = append(out, fmt.Sprintf("After the reboot, entry %d of the journal is not as planned. %s", en.ID, changes.Failure(err, en)))
		default:
			out = append(out, "After the reboot: "+changes.Proof(after))
		}
	}
	return out
}

// Open says in a line what the journal has open, "" where there is nothing. It reads
// the journal alone.
func (d *Desk) Open(m *fact.Machine) string {
	store, err := d.store(m)
	if err != nil {
		return ""
	}
	list, err := store.List()
	var out []string
	if err != nil {
		out = append(out, "not all of the journal can be read")
	}
	for _, en := range list {
		if en.Overdue(time.Now()) {
			out = append(out, fmt.Sprintf("entry %d (%s) should have gone back at %s, and has not: berth undo %d takes it back, berth confirm %d keeps it",
				en.ID, en.Plan.Remedy, en.Until().Local().Format("2006-01-02 15:04:05"), en.ID, en.ID))
		} else if s := en.Status(); s.Open() {
			out = append(out, fmt.Sprintf("entry %d (%s) is %s", en.ID, en.Plan.Remedy, s))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "berth has left something open here: " + strings.Join(out, "; ") + ". berth journal says more."
}
