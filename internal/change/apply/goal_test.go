package apply_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
)

// Where a newcomer is to have the port, it is its own socket that counts: of its own,
// of the protocol, on the address.
func TestGoalIsTheNewcomers(t *testing.T) {
	own := plan.Listener{Proto: fact.TCP, Addr: "192.0.2.1", Port: 80, Owner: "unit:apache2.service"}
	with := func(change func(*plan.Listener)) plan.Listener { l := own; change(&l); return l }
	for name, c := range map[string]struct {
		there plan.Listener
		ok    bool
	}{
		"it listens":         {own, true},
		"on every address":   {with(func(l *plan.Listener) { l.Addr = "0.0.0.0" }), true},
		"on both families":   {with(func(l *plan.Listener) { l.Addr = "::" }), true},
		"somebody else does": {with(func(l *plan.Listener) { l.Owner = "unit:nginx.service" }), false},
		"for datagrams":      {with(func(l *plan.Listener) { l.Proto = fact.UDP }), false},
		"elsewhere":          {with(func(l *plan.Listener) { l.Addr = "127.0.0.1" }), false},
		"on another port":    {with(func(l *plan.Listener) { l.Port = 81 }), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &apply.Engine{Look: func(context.Context, []uint16) ([]plan.Listener, error) { return []plan.Listener{c.there}, nil }}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second) // what is not so stays so
			defer cancel()
			err := e.Verify(ctx, plan.Goal{Owner: own.Owner, Binds: []plan.Bind{{Proto: fact.TCP, Addr: own.Addr, Port: 80}}})
			if (err == nil) != c.ok {
				t.Error(err)
			}
		})
	}
}

// The goal is watched for the whole of its settling time.
func TestGoalIsLostLater(t *testing.T) {
	w, e := begin(t)
	tries := 0
	e.Try = func(context.Context, plan.Bind) (bool, string) { tries++; return tries < 3, "in use again" }
	g := plan.Goal{Binds: []plan.Bind{{Proto: fact.TCP, Addr: "0.0.0.0", Port: 80}}, Settle: time.Hour}
	_, err := e.Run(t.Context(), plan.Plan{Goal: g, Steps: []plan.Step{stop(nginx)}})
	var m *apply.Missed
	if !errors.As(err, &m) || !m.Again || state(t, w, nginx) != "active" {
		t.Errorf("%v, %+v", err, m)
	}
}

// An undo that cannot be noted changes nothing.
func TestUndoThatCannotBeNoted(t *testing.T) {
	w, e := begin(t)
	if _, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{stop(nginx)}}); err != nil {
		t.Fatal(err)
	}
	e.Crossing = func(where string) {
		if where == "before noting undoing -1" {
			if err := os.Remove(filepath.Join(e.Journal.Dir(), "1", "log")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := e.Undo(t.Context(), 1); err == nil || state(t, w, nginx) != "inactive" {
		t.Errorf("%v, %s", err, state(t, w, nginx))
	}
}

// A step that was killed half-way is set to what it was, though it is so, since it may
// have left something beside; one that was verified, or is final, is left alone.
func TestLeftOvers(t *testing.T) {
	for name, c := range map[string]struct {
		class plan.Class
		more  []journal.Event
		want  int
	}{
		"killed half-way":           {plan.Reversible, nil, 1},
		"verified":                  {plan.Reversible, []journal.Event{{Kind: journal.Done}}, 0},
		"killed half-way and final": {plan.Final, nil, 0},
	} {
		w, e := begin(t)
		n := 0
		e.Drivers[plan.Unit] = calls{w, &n}
		s := stop(nginx)
		s.Class = c.class
		killed(t, e, plan.Plan{Steps: []plan.Step{s}}, 1, c.more...)
		if en, err := e.Undo(t.Context(), 1); err != nil || en.Status() != journal.IsUndone || n != c.want {
			t.Errorf("%s: %v, set %d times", name, err, n)
		}
	}
}
