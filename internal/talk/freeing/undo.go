package freeing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/talk/report/changes"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Which says which entries a command is about: one by its number, all, or the newest
// that fits where neither is set.
type Which struct {
	ID  int
	All bool
	// Unconfirmed is the helper's word: only an entry that nobody confirmed.
	Unconfirmed bool
}

func (w Which) newest() bool { return w.ID == 0 && !w.All }

// Undo takes entries back, the newest first. It returns the exit code.
func (d *Desk) Undo(ctx context.Context, w Which) (int, error) {
	return d.deed(ctx, "take back", w, takesBack,
		func(e *apply.Engine, id int) (*journal.Entry, error) {
			if w.Unconfirmed {
				return revert(ctx, e, id)
			}
			return e.Undo(ctx, id)
		}, changes.Undone)
}

// Resume goes on with what was interrupted, or waits for a reboot that has been.
func (d *Desk) Resume(ctx context.Context, w Which) (int, error) {
	return d.deed(ctx, "go on with", w, func(en *journal.Entry) bool { return en.Status().Open() && en.Status() != journal.Unconfirmed },
		func(e *apply.Engine, id int) (*journal.Entry, error) { return e.Resume(ctx, id) }, changes.Resumed)
}

// Confirm keeps an entry that goes back by itself otherwise. It is refused in the
// session that made the change, also through sudo: a script that confirms itself
// proves nothing. Windows has no such sessions, and there it is not refused.
func (d *Desk) Confirm(ctx context.Context, w Which) (int, error) {
	return d.deed(ctx, "confirm", w, func(en *journal.Entry) bool { return en.Status() == journal.Unconfirmed },
		func(e *apply.Engine, id int) (*journal.Entry, error) {
			en, err := e.Journal.Get(id)
			if err == nil && en.By.Boot == e.By.Boot && en.By.From.Same(e.By.From) && en.Status() == journal.Unconfirmed {
				return en, errSameSession
			}
			return e.Keep(ctx, id)
		}, changes.Confirmed)
}

var errSameSession = errors.New("confirm from another session: that a new one can be opened is what is to be shown")

// deed does one thing, whose verb is given, to the entries of w, and says what became of each.
func (d *Desk) deed(ctx context.Context, verb string, w Which, fits func(*journal.Entry) bool, do func(*apply.Engine, int) (*journal.Entry, error), said func(*journal.Entry) string) (int, error) {
	m, err := d.now(ctx)
	if err != nil {
		return exitCouldNot, err
	}
	e, err := d.engine(ctx, m, 0)
	if err != nil {
		return exitCouldNot, err
	}
	doc := v1.Undo{API: v1.API, Kind: "Undo", Entries: []v1.JournalEntry{}, Said: []string{}}
	ids, err := pick(e.Journal, w, verb, fits)
	switch {
	case err != nil && !w.All:
		err = others(m, commandOf(verb), w, err)
		return code(err), err
	case err != nil: // the others are not held up by one that cannot be read
		doc.Exit, doc.Said = max(code(err), exitNo), append(doc.Said, changes.Failure(err, nil))
	case len(ids) == 0:
		doc.Said = append(doc.Said, "There is nothing to take back.")
	}
	if w.All {
		d.besides(m, "berth undo --all")
	}
	for _, id := range ids {
		en, err := d.patiently(ctx, patience, func() (*journal.Entry, error) {
			if w.newest() { // while another berth is at work, that may be its own
				now, err := pick(e.Journal, w, verb, fits)
				if err != nil {
					return nil, err
				}
				id = now[0]
			}
			return do(e, id)
		})
		text := ""
		if err != nil {
			doc.Exit = max(doc.Exit, code(err))
			text = changes.Failure(err, en) + changes.Later(e.Journal.Newest, takesBack, en, err)
		} else {
			text = said(en)
			if !w.Unconfirmed && en.Status() == journal.IsUndone && en.Has(journal.Lost) != nil {
				doc.Exit = max(doc.Exit, exitMissed) // what was final is not as before
			}
		}
		if en != nil {
			doc.Entries = append(doc.Entries, changes.Entry(en))
		}
		doc.Said = append(doc.Said, text)
		if err != nil && ctx.Err() != nil {
			break
		}
	}
	return doc.Exit, d.Write(func(out io.Writer, st layout.Style) error {
		_, err := fmt.Fprintln(out, layout.Sentences(strings.Join(doc.Said, "\n"), st.Width))
		return err
	}, doc)
}

// pick finds the entries that are meant.
func pick(s *journal.Store, w Which, verb string, fits func(*journal.Entry) bool) ([]int, error) {
	switch {
	case w.ID > 0:
		_, err := s.Get(w.ID)
		return []int{w.ID}, err
	case !w.All:
		en, err := s.Newest(fits)
		if errors.Is(err, journal.ErrNone) {
			return nil, stop(exitNo, "berth journal lists what was done", "the journal has nothing to %s", verb)
		}
		if err != nil {
			return nil, err
		}
		return []int{en.ID}, nil
	}
	list, err := s.List()
	var out []int
	for i := len(list) - 1; i >= 0; i-- {
		if fits(list[i]) {
			out = append(out, list[i].ID)
		}
	}
	return out, err
}

// code is the exit code of what stood in the way.
func code(err error) int {
	var s *Stop
	var foreign *apply.Foreign
	switch {
	case errors.As(err, &s):
		return s.Code
	case errors.Is(err, fs.ErrPermission):
		return exitNotAllowed
	case errors.Is(err, journal.ErrNone):
		return exitUsage
	case errors.As(err, &foreign), errors.Is(err, apply.ErrEnded), errors.Is(err, apply.ErrWaits), errors.Is(err, journal.ErrBusy), errors.Is(err, journal.ErrNewer), errors.Is(err, errSameSession):
		return exitNo
	case errors.Is(err, journal.ErrDamaged):
		return exitCouldNot
	}
	return exitMissed
}

// Journal lists what was done, and exits with 1 while anything is open.
func (d *Desk) Journal(ctx context.Context, w Which) (int, error) {
	m, err := d.now(ctx)
	if err != nil {
		return exitCouldNot, err
	}
	for _, l := range d.Rebooted(ctx, m) {
		fmt.Fprintln(d.Err, l)
	}
	store, err := d.store(m)
	if err != nil {
		return exitCouldNot, err
	}
	if w.ID == 0 {
		d.besides(m, "berth journal")
	}
	doc := v1.Journal{API: v1.API, Kind: "Journal", Folder: store.Dir(), Entries: []v1.JournalEntry{}, Damaged: []string{}}
	list, err := store.List()
	if w.ID > 0 {
		var en *journal.Entry
		if en, err = store.Get(w.ID); err != nil {
			err = others(m, "journal", w, err)
			return code(err), err
		}
		list = []*journal.Entry{en}
	}
	if err != nil {
		doc.Damaged = append(doc.Damaged, strings.Split(err.Error(), "\n")...)
		doc.Exit = exitNo
	}
	older := 0
	if w.newest() {
		list, older = newestOf(list)
	}
	for _, en := range list {
		doc.Entries = append(doc.Entries, changes.Entry(en))
		if en.Status().Open() {
			doc.Exit = exitNo
		}
	}
	return doc.Exit, d.Write(func(out io.Writer, st layout.Style) error {
		if w.ID > 0 {
			return changes.WriteEntry(out, st, list[0])
		}
		if older > 0 {
			fmt.Fprintf(out, "%d older entries have ended: berth journal --all lists them too.\n", older)
		}
		return changes.WriteJournal(out, st, list, doc.Damaged)
	}, doc)
}

// shown is how many entries are listed where not all are asked for.
const shown = 50

// newestOf leaves out the oldest entries, but none that is open, and counts them.
func newestOf(list []*journal.Entry) (newest []*journal.Entry, older int) {
	for i, en := range list {
		if len(list)-i > shown && !en.Status().Open() {
			older++
			continue
		}
		newest = append(newest, en)
	}
	return newest, older
}
