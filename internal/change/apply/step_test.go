package apply_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
)

// A thing that somebody changes while an earlier step is done is theirs: it is neither
// done nor taken back. A state that the step itself passes through is no such change.
func TestChangedMeanwhile(t *testing.T) {
	conf := thing(plan.File, "web.conf")
	was := plan.State{"exists": "yes", "content": "a", "mode": "0644"}
	for name, c := range map[string]struct {
		after, now plan.State
		changed    bool
	}{
		"other bytes":          {plan.State{"content": "b"}, plan.State{"content": "theirs"}, true},
		"another mode":         {plan.State{"content": "b"}, plan.State{"mode": "0600"}, false},
		"done by another step": {plan.State{"content": "b"}, plan.State{"content": "b"}, false},
		"deleting other bytes": {plan.State{"exists": "no"}, plan.State{"content": "theirs"}, true},
		"deleting":             {plan.State{"exists": "no"}, nil, false},
	} {
		w, e := begin(t)
		fill(t, w, map[string]plan.State{at(conf): was})
		now := maps.Clone(was)
		maps.Copy(now, c.now)
		e.Tell = func(p apply.Progress) {
			if p.Stage == apply.Verified && p.Step == 0 {
				fill(t, w, map[string]plan.State{at(conf): now})
			}
		}
		_, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{stop(nginx), {Subject: conf, Before: was, After: c.after}}})
		var ch *apply.Changed
		if errors.As(err, &ch) != c.changed || (err == nil) == c.changed {
			t.Errorf("%s: %v", name, err)
		}
		if is, _ := w.Read(t.Context(), conf); c.changed && cmp.Diff(now, is) != "" {
			t.Errorf("%s: somebody else's work is gone: %v", name, is)
		}
	}
}

// What cannot be noted is not done, and what is so already is not set.
func TestNothingIsSet(t *testing.T) {
	for _, c := range []struct {
		name string
		note bool
		want int
	}{{"noted", true, 1}, {"not noted", false, 0}} {
		w, e := begin(t)
		n := 0
		e.Drivers[plan.Unit] = calls{w, &n}
		e.Crossing = func(where string) {
			if where == "after begin" && !c.note {
				if err := os.RemoveAll(filepath.Join(e.Journal.Dir(), "1", "log")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{stop(nginx)}}); err == nil || n < c.want || c.want == 0 && n > 0 {
			t.Errorf("%s: %v, set %d times", c.name, err, n)
		}
	}
	w, e := begin(t)
	n := 0
	e.Drivers[plan.Unit] = calls{w, &n}
	fill(t, w, map[string]plan.State{at(nginx): {"active": "inactive"}})
	s := stop(nginx)
	s.Before = plan.State{"active": "inactive"}
	if _, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{s}}); err != nil || n != 0 {
		t.Errorf("it is so already: %v, set %d times", err, n)
	}
}

// Two steps may be about one thing, and the second one's state before was never read.
func TestOneThingTwice(t *testing.T) {
	conf := thing(plan.File, "web.conf")
	w, e := begin(t)
	fill(t, w, map[string]plan.State{at(conf): {"content": "a"}})
	edit := func(to string) plan.Step {
		return plan.Step{Subject: conf, Before: plan.State{"content": "a"}, After: plan.State{"content": to}}
	}
	p := plan.Plan{Steps: []plan.Step{edit("b"), edit("c")}}
	p.Steps[1].Before = plan.State{"content": "not read"}
	if _, err := e.Run(t.Context(), p); err != nil {
		t.Error(err)
	}
	en, err := e.Undo(t.Context(), 1)
	if now, _ := w.Read(t.Context(), conf); err != nil || en.Status() != journal.IsUndone || now["content"] != "a" {
		t.Errorf("undone: %v, %v", err, now)
	}
}

// Undo goes backwards.
func TestUndoOrder(t *testing.T) {
	_, e := begin(t)
	if _, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{stop(nginx), stop(apache)}}); err != nil {
		t.Fatal(err)
	}
	var order []string
	e.Crossing = func(where string) {
		if name, ok := strings.CutPrefix(where, "after setting unit "); ok {
			order = append(order, name)
		}
	}
	_, err := e.Undo(t.Context(), 1)
	if d := cmp.Diff([]string{"apache2.service map[]", "nginx.service map[]"}, order); d != "" || err != nil {
		t.Error(err, d)
	}
}

// killed is an entry whose first n steps were begun when berth was killed.
func killed(t *testing.T, e *apply.Engine, p plan.Plan, n int, more ...journal.Event) {
	t.Helper()
	unlock, err := e.Journal.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	en, err := e.Journal.Begin(p, e.By)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		more = append([]journal.Event{{Kind: journal.Doing, Step: n - 1 - i}}, more...)
	}
	for _, ev := range more {
		if err := en.Note(ev); err != nil {
			t.Fatal(err)
		}
	}
}

// Resuming begins with the step at which berth was killed, which may be on its way.
func TestResumeWhereItWasKilled(t *testing.T) {
	w, e := begin(t)
	fill(t, w, map[string]plan.State{at(nginx): {"active": "deactivating"}})
	killed(t, e, plan.Plan{Steps: []plan.Step{stop(nginx)}}, 1)
	if en, err := e.Resume(t.Context(), 1); err != nil || en.Status() != journal.IsDone || state(t, w, nginx) != "inactive" {
		t.Errorf("on its way: %v", err)
	}
	w, e = begin(t)
	reload := plan.Step{Subject: thing(plan.Reload, "nginx.service"), On: plan.OnDo}
	fill(t, w, map[string]plan.State{at(reload.Subject): {}})
	n := 0
	e.Drivers[plan.Reload] = calls{w, &n}
	killed(t, e, plan.Plan{Steps: []plan.Step{reload, stop(nginx)}}, 2)
	if _, err := e.Resume(t.Context(), 1); err != nil || n != 0 {
		t.Errorf("behind it: %v, reloaded %d times", err, n)
	}
}

// A person who asks for undo means it, also where berth was killed as it gave up; what
// berth itself gave up is tried again.
func TestResumeAfterUndo(t *testing.T) {
	failed := journal.Event{Kind: journal.Failed, At: time.Now()}
	for _, asked := range []bool{true, false} {
		w, e := begin(t)
		fill(t, w, map[string]plan.State{at(nginx): {"active": "inactive"}})
		p, undoing := plan.Plan{Steps: []plan.Step{stop(nginx)}}, journal.Event{Kind: journal.Undoing}
		if !asked {
			killed(t, e, p, 1, failed, undoing)
		} else {
			killed(t, e, p, 1, failed)
			w.deny = nginx.Name
			e.Drivers[plan.Unit] = w
			if _, err := e.Undo(context.Background(), 1); err == nil {
				t.Fatal("undone")
			}
			w.deny = ""
			e.Drivers[plan.Unit] = w
		}
		want, is := journal.IsUndone, "active"
		if !asked {
			want, is = journal.IsDone, "inactive"
		}
		if en, err := e.Resume(t.Context(), 1); err != nil || en.Status() != want || state(t, w, nginx) != is {
			t.Errorf("asked %v: %v, %s", asked, err, en.Status())
		}
	}
}

// What is final is not put back, so that it is another by now is no matter.
func TestFinalAndForeign(t *testing.T) {
	w, e := begin(t)
	job := thing(plan.Process, "412")
	fill(t, w, map[string]plan.State{at(job): {"state": "running"}})
	e.Look = func(context.Context, []uint16) ([]plan.Listener, error) { return nil, nil } // what was final has gone
	en, err := e.Run(t.Context(), plan.Plan{Was: []plan.Listener{{Proto: "tcp", Addr: "0.0.0.0", Port: 80, Owner: "process:web"}}, Steps: []plan.Step{
		{Subject: job, Before: plan.State{"state": "running"}, After: plan.State{"state": "gone"}, Class: plan.Final}, stop(nginx)}})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, w, map[string]plan.State{at(job): {"state": "stopped"}})
	if _, err := e.Undo(t.Context(), en.ID); err != nil || state(t, w, nginx) != "active" {
		t.Errorf("%v, %s", err, state(t, w, nginx))
	}
}

// A newcomer is started when the holder has let go, which may be after its reload.
func TestNewcomerWaitsForThePort(t *testing.T) {
	_, e := begin(t)
	tries, started := 0, 0
	e.Try = func(context.Context, plan.Bind) (bool, string) { tries++; return tries > 2, "in use" }
	e.Look = func(context.Context, []uint16) ([]plan.Listener, error) {
		return []plan.Listener{{Proto: "tcp", Addr: "0.0.0.0", Port: 80, Owner: "unit:apache2.service"}}, nil
	}
	e.Crossing = func(where string) {
		if where == "before setting "+"unit apache2.service map[]" {
			started = tries
		}
	}
	_, err := e.Run(t.Context(), plan.Plan{
		Goal:  plan.Goal{Binds: []plan.Bind{{Proto: "tcp", Addr: "0.0.0.0", Port: 80}}, Owner: "unit:apache2.service"},
		Steps: []plan.Step{{Subject: apache, After: plan.State{"active": "active"}, On: plan.OnDo}},
	})
	if err != nil || started < 3 {
		t.Errorf("%v, started after %d tries", err, started)
	}
}
