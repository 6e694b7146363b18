// Package journal keeps what was done to the machine, durably, with what it takes to
// take it back.
//
// An entry is a folder: the plan with the states before, which is on disk and synced
// before anything is changed, and a log of what became of it, one synced line an
// event. A process that is killed between any two calls leaves an entry that can be
// read: what the log does not say is found by looking at the machine.
package journal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
)

// What an entry or the store cannot be used for.
var (
	ErrBusy    = errors.New("another berth is changing this machine")
	ErrNewer   = errors.New("written by a newer berth")
	ErrDamaged = errors.New("the journal is damaged")
	ErrNone    = errors.New("no such entry in the journal")
	ErrExposed = errors.New("others may write to this folder")
)

// Kind is what an event says.
type Kind string

// The events, in the order in which a life may have them.
const (
	Doing     Kind = "doing"     // a step is begun
	Done      Kind = "done"      // its state is verified
	Failed    Kind = "failed"    // a step, or with Step -1 the goal
	Reached   Kind = "reached"   // the goal is verified
	Rebooting Kind = "rebooting" // the rest shows after a reboot
	Armed     Kind = "armed"     // from Until on it goes back, unless it ends well before
	Awaiting  Kind = "awaiting"  // it goes back at Until unless it is confirmed
	Confirmed Kind = "confirmed"
	Undoing   Kind = "undoing" // taking back is begun
	Back      Kind = "back"    // a step is as before
	Lost      Kind = "lost"    // a final step that cannot be taken back
	Stuck     Kind = "stuck"   // taking back did not work, and Text is why
	Undone    Kind = "undone"  // all that can be is as before
	Closed    Kind = "closed"  // the goal was reached, and stayed
)

// Event is one line of an entry's log.
type Event struct {
	At    time.Time `json:"at"`
	Kind  Kind      `json:"kind"`
	Step  int       `json:"step"` // -1 where it is about no one step
	Text  string    `json:"text,omitempty"`
	Boot  string    `json:"boot,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Status is how an entry stands.
type Status string

// The states of an entry. Only Done and Undone are ends.
const (
	Interrupted   Status = "interrupted" // begun, and neither done nor taken back
	Reverting     Status = "reverting"   // taking back was begun and not ended
	PendingReboot Status = "pending-reboot"
	Unconfirmed   Status = "unconfirmed"
	IsDone        Status = "done"
	IsUndone      Status = "undone"
)

// Open tells whether somebody has to do something about it.
func (s Status) Open() bool { return s != IsDone && s != IsUndone }

// Entry is a plan that was begun.
type Entry struct {
	ID     int
	Plan   plan.Plan
	By     By
	Events []Event
	dir    string
}

// By is who began an entry.
type By struct {
	User  string  `json:"user"`
	PID   int     `json:"pid"`
	From  Session `json:"from,omitzero"`   // the session the command was given in
	Boot  string  `json:"boot,omitempty"`  // of the machine, by which a reboot is seen
	Berth string  `json:"berth,omitempty"` // version
}

// Status returns how the entry stands.
func (e *Entry) Status() Status {
	s := Interrupted
	for _, ev := range e.Events {
		switch ev.Kind {
		case Doing, Confirmed:
			if s != Reverting {
				s = Interrupted
			}
		case Rebooting:
			s = PendingReboot
		case Awaiting:
			s = Unconfirmed
		case Undoing:
			s = Reverting
		case Undone:
			s = IsUndone
		case Closed:
			s = IsDone
		}
	}
	return s
}

// Begun returns the index behind the last step that was begun, 0 where none was.
func (e *Entry) Begun() int {
	n := 0
	for _, ev := range e.Events {
		if ev.Kind == Doing {
			n = max(n, ev.Step+1)
		}
	}
	return n
}

// GaveUp tells that berth itself began to take the entry back, because of a failure,
// and nobody has asked for that since.
func (e *Entry) GaveUp() bool {
	for i, ev := range slices.Backward(e.Events) {
		if ev.Kind == Undoing {
			return i > 0 && ev.Text == "" && e.Events[i-1].Kind == Failed
		}
	}
	return false
}

// Until is when the entry goes back by itself unless somebody confirms it, zero for
// one that does not.
func (e *Entry) Until() time.Time {
	for _, ev := range slices.Backward(e.Events) {
		switch ev.Kind {
		case Confirmed:
			return time.Time{}
		case Armed, Awaiting:
			return ev.Until
		}
	}
	return time.Time{}
}

// late is how long after its deadline an entry may be about to go back by itself.
const late = 3 * time.Second

// Overdue tells that the entry should have gone back by itself, and nobody has tried:
// what would have done it is gone, as after a reboot.
func (e *Entry) Overdue(now time.Time) bool {
	until := e.Until()
	if until.IsZero() || !e.Status().Open() || !now.After(until.Add(late)) {
		return false
	}
	return e.Events[len(e.Events)-1].Kind != Stuck
}

// Has returns the last event of a kind, nil where there is none.
func (e *Entry) Has(k Kind) *Event {
	for i := len(e.Events) - 1; i >= 0; i-- {
		if e.Events[i].Kind == k {
			return &e.Events[i]
		}
	}
	return nil
}

// Store is a folder of entries.
type Store struct{ dir string }

// Open returns the store in dir. It makes nothing: reading a journal that is not
// there finds no entries. A folder that others may write to is refused.
func Open(dir string) (*Store, error) {
	if err := private(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &Store{dir}, nil
}

// Dir is the store's folder.
func (s *Store) Dir() string { return s.dir }

// head is the first file of an entry.
type head struct {
	Version int       `json:"version"`
	By      By        `json:"by"`
	Plan    plan.Plan `json:"plan"`
}

const (
	headName    = "plan.json"
	logName     = "log"
	reserveName = "reserve"
	draft       = ".new-"
)

// Begin writes an entry for p and returns it when it is on disk. The lock must be
// held. The error leaves nothing behind, and is, or wraps, ErrNewer where the newest
// entry is a newer berth's.
func (s *Store) Begin(p plan.Plan, by By) (*Entry, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	id := 1
	if len(ids) > 0 {
		id = ids[len(ids)-1] + 1
		if _, err := s.Get(id - 1); errors.Is(err, ErrNewer) {
			return nil, err // what it has begun is not known here
		}
	}
	s.sweep()
	s.prune(ids, time.Now())
	tmp := filepath.Join(s.dir, draft+strconv.Itoa(id))
	final := filepath.Join(s.dir, strconv.Itoa(id))
	if err := writeEntry(tmp, head{plan.Version, by, p}); err != nil {
		os.RemoveAll(tmp)
		return nil, err
	}
	if err := os.Rename(tmp, final); err != nil {
		os.RemoveAll(tmp)
		return nil, err
	}
	if err := syncDir(s.dir); err != nil {
		os.RemoveAll(final)
		return nil, err
	}
	return &Entry{ID: id, Plan: p, By: by, dir: final}, nil
}

// sweep removes drafts that a killed berth left: nothing was done for them.
func (s *Store) sweep() {
	found, _ := filepath.Glob(filepath.Join(s.dir, draft+"*"))
	for _, name := range found {
		os.RemoveAll(name)
	}
}

// How many entries are kept, and for how long those that hold nothing to take back.
const (
	maxKept = 500
	maxAge  = 366 * 24 * time.Hour
)

// prune forgets the oldest entries that have ended. What was done and can be taken
// back goes only when there are too many; what is open, or cannot be read, never.
func (s *Store) prune(ids []int, now time.Time) {
	for i, id := range ids {
		e, err := s.Get(id)
		if err != nil || e.Status().Open() || len(e.Events) == 0 {
			continue
		}
		young := now.Sub(e.Events[len(e.Events)-1].At) < maxAge
		if young && len(ids)-i < maxKept {
			return
		}
		if len(ids)-i >= maxKept || e.spent() {
			_ = s.Forget(e) // the next one tries again
		}
	}
}

// spent tells that an ended entry holds nothing to take back.
func (e *Entry) spent() bool {
	return e.Status() == IsUndone || !slices.ContainsFunc(e.Plan.Steps, func(s plan.Step) bool { return s.On != plan.OnDo && s.Class != plan.Final })
}

// reserve is how many bytes an entry keeps, so that a disk that fills up meanwhile
// cannot stop the log.
const reserve = 64 << 10

func writeEntry(dir string, h head) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	data, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	for _, f := range [...]struct {
		name string
		data []byte
	}{{headName, append(data, '\n')}, {logName, nil}, {reserveName, make([]byte, reserve)}} {
		if err := writeSynced(filepath.Join(dir, f.name), f.data); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// ids are the entries' numbers, ascending.
func (s *Store) ids() ([]int, error) {
	list, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []int
	for _, d := range list {
		if n, err := strconv.Atoi(d.Name()); err == nil && n > 0 && d.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, err
}

// Get reads one entry. The error is, or wraps, ErrNone, ErrNewer or ErrDamaged.
func (s *Store) Get(id int) (*Entry, error) {
	dir := filepath.Join(s.dir, strconv.Itoa(id))
	data, err := os.ReadFile(filepath.Join(dir, headName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%d: %w", id, ErrNone)
	}
	if err != nil {
		return nil, err
	}
	var v struct{ Version int }
	if err := json.Unmarshal(data, &v); err == nil && v.Version > plan.Version {
		return nil, fmt.Errorf("entry %d: %w (form %d; this one knows %d)", id, ErrNewer, v.Version, plan.Version)
	}
	var h head
	if err := json.Unmarshal(data, &h); err != nil || h.Version < 1 {
		return nil, fmt.Errorf("entry %d: %w: %s: %v", id, ErrDamaged, headName, cmp.Or(err, errors.New("no version")))
	}
	e := &Entry{ID: id, Plan: h.Plan, By: h.By, dir: dir}
	if e.Events, _, err = readLog(filepath.Join(dir, logName)); err != nil {
		return nil, fmt.Errorf("entry %d: %w", id, err)
	}
	return e, nil
}

// List reads every entry, the oldest first. Entries that cannot be read are told in
// the error, which may come beside entries that can.
func (s *Store) List() ([]*Entry, error) {
	ids, err := s.ids()
	errs := []error{err}
	var out []*Entry
	for _, id := range ids {
		e, err := s.Get(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, e)
	}
	return out, errors.Join(errs...)
}

// Newest returns the newest entry of which want is true; the error is ErrNone where
// there is none, or that of an entry that cannot be read and may be the one.
func (s *Store) Newest(want func(*Entry) bool) (*Entry, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Backward(ids) {
		e, err := s.Get(id)
		if err != nil {
			return nil, err
		}
		if want(e) {
			return e, nil
		}
	}
	return nil, ErrNone
}

// Forget removes an entry that has ended.
func (s *Store) Forget(e *Entry) error {
	if e.Status().Open() {
		return fmt.Errorf("entry %d is %s", e.ID, e.Status())
	}
	gone := filepath.Join(s.dir, draft+"gone-"+strconv.Itoa(e.ID))
	if err := os.Rename(e.dir, gone); err != nil {
		return err
	}
	return errors.Join(syncDir(s.dir), os.RemoveAll(gone))
}

// ParseID reads an entry's number as people type it.
func ParseID(text string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(text, "#"))
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is no number of a journal entry", text)
	}
	return n, nil
}
