// Package freeing leads from an answer to a working port: it ranks the ways out, makes
// the plan of the one that is chosen, shows what it changes, has it done, and ends with
// the proof. Its other commands take back, confirm and list what was done.
//
// Nothing is asked of the machine here but through the readers, and nothing is changed
// but through apply.
package freeing

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync/atomic"
	"time"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/freeing/looking"
	"github.com/berthd/berth/internal/talk/report/changes"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Exit codes, as every command has them.
const (
	exitDone       = 0
	exitNo         = 1
	exitUsage      = 2
	exitCouldNot   = 3
	exitNotAllowed = 4
	exitMissed     = 5
)

// Desk is where a person, or a program, asks for changes.
type Desk struct {
	In       io.Reader
	Out, Err io.Writer
	Style    layout.Style
	Terminal bool // somebody sits at In and reads Out
	JSON     bool
	Version  string
	From     string // the saved snapshot that is asked, "" for this machine
	// Facts reads the machine, or the snapshot.
	Facts func(ctx context.Context, q snapshot.Query) (fact.Set, error)
	// Write writes a text or a document to stdout.
	Write func(text func(io.Writer, layout.Style) error, doc any) error

	// HungUp is closed when the terminal was, nil where there is none.
	HungUp <-chan struct{}

	lines *bufio.Reader
	agent string // who asks in the user's name: "guard"
}

// Options are the words of berth free.
type Options struct {
	Endpoint      fact.Endpoint // the zero Endpoint puts the machine right, by a Remedy that does
	For           planning.Newcomer
	Remedy        string // KIND[:TARGET], "" asks
	Port          uint16 // the new port of whoever moves, 0 for the next
	DryRun, Yes   bool
	Settle        time.Duration
	Limit         time.Duration // of each step, 0 for its own
	ConfirmWithin time.Duration
	Promised      []uint16
}

// Stop is an error with its exit code and a hint.
type Stop struct {
	Code int
	Err  error
	Hint string
}

// Error is the line that is said.
func (s *Stop) Error() string { return s.Err.Error() }

// Unwrap returns the error behind it.
func (s *Stop) Unwrap() error { return s.Err }

func stop(code int, hint, format string, args ...any) error {
	return &Stop{code, fmt.Errorf(format, args...), hint}
}

// session is one run of berth free.
type session struct {
	*Desk
	o    Options
	x    *chain.Index
	a    diagnose.Answer
	ways []way
	doc  v1.Free
	asks []uint16 // ports that the newcomer's configuration listens on
	told bool     // who has the port was said
	// effect is what people miss while the chosen way lasts, "" for nothing known.
	effect string
	// steadfast: a closed terminal stops nothing, since the plan may be what closed it.
	steadfast atomic.Bool
}

// Free frees a port, or says how it can be. It returns the exit code of the answer;
// the error is for what stands in the way of one, a *Stop where it has a code.
func (d *Desk) Free(ctx context.Context, o Options) (int, error) {
	s := &session{Desk: d, o: o}
	ctx, cancel := s.hearing(ctx)
	defer cancel()
	if d.From == "" && !o.DryRun {
		d.SettleOld(ctx)
	}
	set, err := d.Facts(ctx, snapshot.Query{Owners: true, Context: true, AllStates: true, Flags: true, Units: o.For.Units()})
	if err != nil {
		return exitCouldNot, err
	}
	s.x = chain.NewIndex(&set)
	if o.Endpoint.Port == 0 {
		return s.repair(ctx)
	}
	if n := o.For; n.Named() && n.Unit(s.x) == nil && d.From == "" {
		return exitUsage, stop(exitUsage, "without --for a plain bind is the goal", "--for: no %s %s is installed here", n.Kind, n.Name)
	}
	s.a = diagnose.Who(s.x, diagnose.Question{Endpoint: o.Endpoint, Newcomer: o.For.In(s.x)})
	s.doc = s.document()
	if s.a.Status == diagnose.Unknown {
		return s.end(s.a.Exit(), "refused", "")
	}
	if name := planning.Has(s.x, s.a, o.For); name != "" && takesAway(o.Remedy) {
		return s.end(exitDone, "has-it", changes.HasIt(name))
	}
	if err := s.rank(ctx); err != nil {
		return exitCouldNot, err
	}
	// A free port has ways too, where the newcomer stands in its own way.
	if s.a.Status == diagnose.Free && (o.Remedy == "" && len(s.ways) == 0 || s.needless()) {
		return s.end(exitDone, "free", "")
	}
	w, err := s.choose(ctx)
	if err != nil || w == nil {
		if err == nil {
			return s.end(s.unchosen(), "choose", "")
		}
		return exitUsage, err
	}
	return s.take(ctx, w)
}

// take makes the plan of one way, shows it, asks, and has it done.
func (s *session) take(ctx context.Context, w *way) (int, error) {
	if w.refusal != nil {
		return s.refused(w)
	}
	s.effect = effect(*w)
	if s.From != "" {
		return s.planOnly(w.plan)
	}
	e, err := s.engine(ctx, &s.x.Set.Machine, s.o.ConfirmWithin)
	if err != nil {
		return exitCouldNot, err
	}
	p, err := e.Prepare(ctx, w.plan.Within(s.o.Limit))
	if err != nil {
		return s.failed(nil, p, err)
	}
	if p, w.refusal = planning.Learned(p); w.refusal != nil {
		return s.refused(w)
	}
	if s.o.DryRun {
		return s.planOnly(p)
	}
	if len(p.Steps) == 0 {
		return s.advised(ctx, e, p)
	}
	if need := s.lacks(p); need != nil {
		s.showPlan(p)
		return exitNotAllowed, need
	}
	if !s.o.Yes && !s.Terminal {
		_, err := s.planOnly(p)
		return exitNo, errors.Join(err, s.note("--yes does it without asking."))
	}
	s.showPlan(p)
	if !s.o.Yes && !s.agree(ctx, "Do this? [y/N] ") {
		return s.end(exitNo, "planned", "Nothing was changed.")
	}
	if s.agent != "" {
		p.Cost.CutsOff = "" // nobody is there to confirm it, and the promise has said so before
	}
	s.steadfast.Store(p.Cost.CutsOff != "")
	en, err := e.Run(ctx, p)
	if err != nil {
		looking.Starters(ctx, s.Facts, err)
		return s.failed(en, p, err)
	}
	return s.settled(ctx, e, en)
}

// advised ends a plan that changes nothing here: what it says is tried, and the rest
// is the person's.
func (s *session) advised(ctx context.Context, e *apply.Engine, p plan.Plan) (int, error) {
	s.showPlan(p)
	err := e.Verify(ctx, p.Goal)
	var missed *apply.Missed
	switch {
	case errors.As(err, &missed):
		return s.end(exitNo, "refused", changes.NotYet(missed, p))
	case err != nil:
		return s.failed(nil, p, err)
	}
	return s.end(exitDone, "done", changes.Advised(p))
}

// settled ends a plan that was done: with the proof, or with what is still to come.
func (s *session) settled(ctx context.Context, e *apply.Engine, en *journal.Entry) (int, error) {
	s.doc.Entry = en.ID
	switch en.Status() {
	case journal.PendingReboot:
		return s.end(exitDone, "pending-reboot", changes.AfterReboot(en))
	case journal.Unconfirmed:
		return s.await(ctx, e, en)
	}
	return s.end(exitDone, "done", changes.Proof(en))
}

// await has a risky plan confirmed in this terminal, or leaves it to berth confirm.
func (s *session) await(ctx context.Context, e *apply.Engine, en *journal.Entry) (int, error) {
	until := en.Has(journal.Awaiting).Until
	s.doc.Until = until.Format(time.RFC3339)
	if s.Terminal && !s.JSON {
		fmt.Fprintln(s.Out, "\n"+changes.Awaits(en))
		if s.enter(ctx, until) {
			kept, err := e.Keep(ctx, en.ID)
			if err != nil {
				return s.failed(kept, en.Plan, err)
			}
			return s.end(exitDone, "done", changes.Proof(kept))
		}
	}
	return s.end(exitDone, "unconfirmed", changes.Unconfirmed(en))
}

// lacks returns an exit-4 error where the asker has not the rights for p.
func (s *session) lacks(p plan.Plan) error {
	a := s.x.Set.Machine.Asker
	if a == nil || p.Cost.Privilege == "none" || p.Cost.Privilege == "" {
		return nil
	}
	again := s.again(p.Remedy)
	switch {
	case s.x.Set.Machine.OS == "windows":
		if w := s.x.Set.Machine.Windows; a.Elevated == nil || *a.Elevated || w != nil && w.Wine != "" {
			return nil // Wine has no elevation, and lets its one user do all
		}
		return stop(exitNotAllowed, "in a terminal opened with \"Run as administrator\": "+again, "this needs an administrator's rights, and nothing was changed")
	case a.UID == 0:
		return nil
	}
	owner, mine := strings.CutPrefix(p.Cost.Privilege, "owner:")
	if mine && owner == fmt.Sprint(a.UID) {
		return nil
	}
	return stop(exitNotAllowed, "sudo "+again, "this needs root, and nothing was changed")
}

// failed says what became of a plan that did not end well.
func (s *session) failed(en *journal.Entry, p plan.Plan, err error) (int, error) {
	code, result := exitMissed, "open"
	var f *apply.Failure
	var c *apply.Changed
	var u *apply.Unready
	switch {
	case errors.As(err, &f):
		if f.Undone {
			result = "undone"
		}
	case errors.As(err, &c), errors.As(err, &u), errors.Is(err, journal.ErrBusy), errors.Is(err, apply.ErrNoHelper), errors.Is(err, apply.ErrNoJournal), errors.Is(err, journal.ErrNewer):
		code, result = exitNo, "refused"
	default:
		code, result = exitCouldNot, "refused"
	}
	if errors.Is(err, fs.ErrPermission) {
		code = exitNotAllowed
	}
	if en != nil {
		s.doc.Entry = en.ID
	}
	return s.end(code, result, changes.Failure(err, en))
}

func (s *session) note(text string) error {
	if s.JSON {
		return nil
	}
	_, err := fmt.Fprintln(s.Err, text)
	return err
}
