package freeing

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/journal"
)

// The start of somebody who is meant to run is no change that undo takes back, unless
// it was interrupted; a change is.
func TestTakesBack(t *testing.T) {
	start := plan.Plan{Remedy: "start:nginx.service", Steps: []plan.Step{{On: plan.OnDo}}}
	stopped := plan.Plan{Remedy: "stop:nginx.service", Steps: []plan.Step{{On: plan.OnUndo}, {}, {On: plan.OnDo}}}
	store, err := journal.Open(t.TempDir() + "/journal")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := store.Lock() // makes the folder
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	for _, c := range []struct {
		p    plan.Plan
		ends []journal.Kind
		want bool
	}{
		{stopped, []journal.Kind{journal.Closed}, true},
		{start, []journal.Kind{journal.Closed}, false},
		{start, nil, true},
		{stopped, []journal.Kind{journal.Closed, journal.Undoing}, true},
		{stopped, []journal.Kind{journal.Closed, journal.Undoing, journal.Undone}, false},
		{start, []journal.Kind{journal.Closed}, false},
	} {
		en, err := store.Begin(c.p, journal.By{})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range c.ends {
			if err := en.Note(journal.Event{At: time.Now(), Kind: k, Step: -1}); err != nil {
				t.Fatal(err)
			}
		}
		if got := takesBack(en); got != c.want {
			t.Errorf("%s, %v: %v", c.p.Remedy, c.ends, got)
		}
	}
	if ids, err := pick(store, Which{}, "take back", takesBack); err != nil || len(ids) != 1 || ids[0] != 4 {
		t.Errorf("the newest is %v, %v", ids, err)
	}
	if ids, err := pick(store, Which{ID: 6}, "take back", takesBack); err != nil || len(ids) != 1 || ids[0] != 6 {
		t.Errorf("one that is named: %v, %v", ids, err)
	}
}

// Another berth that is at work is waited for, which is said once; one that stays is
// told.
func TestPatiently(t *testing.T) {
	store, err := journal.Open(t.TempDir() + "/journal")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := store.Lock()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	d := &Desk{Err: &said}
	tries := 0
	lock := func() (*journal.Entry, error) {
		if tries++; tries == 3 {
			unlock()
		}
		again, err := store.Lock()
		if err == nil {
			again()
		}
		return nil, err
	}
	if _, err := d.patiently(t.Context(), time.Minute, lock); err != nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	if got := said.String(); strings.Count(got, "another berth is changing this machine") != 1 || !strings.Contains(got, "waiting up to 1m0s") {
		t.Errorf("%q", got)
	}
	if unlock, err = store.Lock(); err != nil {
		t.Fatal(err)
	}
	defer unlock()
	tries = 10
	if _, err := d.patiently(t.Context(), 150*time.Millisecond, lock); !errors.Is(err, journal.ErrBusy) {
		t.Error(err)
	}
}
