package apply_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
)

var (
	nginx  = thing(plan.Unit, "nginx.service")
	apache = thing(plan.Unit, "apache2.service")
	active = plan.State{"active": "active"}
)

func stop(s plan.Subject) plan.Step {
	return plan.Step{Subject: s, Before: active, After: plan.State{"active": "inactive"}, Class: plan.Restartable}
}

// begin is a world with both servers running, and an engine for it.
func begin(t *testing.T) (world, *apply.Engine) {
	w := world{dir: filepath.Join(t.TempDir(), "world")}
	fill(t, w, map[string]plan.State{at(nginx): active, at(apache): active})
	return w, engine(t, w, filepath.Join(t.TempDir(), "journal"))
}

func state(t *testing.T, w world, s plan.Subject) string {
	t.Helper()
	st, err := w.Read(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return st["active"]
}

func TestRunAndUndo(t *testing.T) {
	w, e := begin(t)
	before := w.all()
	en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx)}})
	if err != nil || en.Status() != journal.IsDone || state(t, w, nginx) != "inactive" {
		t.Fatal(err, en, state(t, w, nginx))
	}
	en, err = e.Undo(context.Background(), en.ID)
	if err != nil || en.Status() != journal.IsUndone {
		t.Fatal(err, en)
	}
	if d := cmp.Diff(before, w.all()); d != "" {
		t.Error(d)
	}
	if _, err := e.Undo(context.Background(), en.ID); !errors.Is(err, apply.ErrEnded) {
		t.Errorf("undone twice: %v", err)
	}
}

// What has changed since the plan was made is refused before anything is done.
func TestChanged(t *testing.T) {
	w, e := begin(t)
	if err := w.write(at(apache), plan.State{"active": "failed"}); err != nil {
		t.Fatal(err)
	}
	_, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx), stop(apache)}})
	var c *apply.Changed
	if !errors.As(err, &c) || c.Step.Subject.Name != "apache2.service" || state(t, w, nginx) != "active" {
		t.Fatalf("%v, nginx %s", err, state(t, w, nginx))
	}
	if list, _ := e.Journal.List(); len(list) != 0 {
		t.Errorf("%d entries", len(list))
	}
}

// A step that fails takes back those before it.
func TestStepFails(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		is     func(error) bool
	}{
		"not permitted":   {func(w *world) { w.deny = "apache2.service" }, func(err error) bool { return errors.Is(err, fs.ErrPermission) }},
		"yes and no deed": {func(w *world) { w.lie = "apache2.service" }, func(err error) bool { var u *apply.Unmoved; return errors.As(err, &u) }},
	} {
		w, _ := begin(t)
		c.change(&w)
		e := engine(t, w, filepath.Join(t.TempDir(), "journal"))
		en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx), stop(apache)}})
		var f *apply.Failure
		if !errors.As(err, &f) || f.Step != 1 || !f.Undone || !c.is(err) {
			t.Errorf("%s: %v", name, err)
		}
		if state(t, w, nginx) != "active" || en.Status() != journal.IsUndone {
			t.Errorf("%s: nginx is %s, the entry %s", name, state(t, w, nginx), en.Status())
		}
	}
}

// What hangs can neither be done nor taken back. Once it has stopped after all, going
// on leads to the goal; where somebody has asked for undo meanwhile, back.
func TestHangs(t *testing.T) {
	for _, asked := range []bool{false, true} {
		w, _ := begin(t)
		w.hang = "apache2.service"
		e := engine(t, w, filepath.Join(t.TempDir(), "journal"))
		en, err := e.Run(t.Context(), plan.Plan{Steps: []plan.Step{stop(nginx), stop(apache)}})
		var f *apply.Failure
		if !errors.As(err, &f) || f.Undone || en.Status() != journal.Reverting || state(t, w, nginx) != "active" {
			t.Fatalf("%v, %s, nginx %s", err, en.Status(), state(t, w, nginx))
		}
		if _, err := e.Resume(t.Context(), en.ID); err == nil {
			t.Error("it hangs, and going on worked")
		}
		if asked {
			if _, err := e.Undo(t.Context(), en.ID); err == nil {
				t.Error("it hangs, and undo worked")
			}
		}
		if err := w.write(at(apache), plan.State{"active": "inactive"}); err != nil {
			t.Fatal(err)
		}
		want, all := journal.IsDone, "inactive"
		if asked {
			want, all = journal.IsUndone, "active"
		}
		en, err = e.Resume(t.Context(), en.ID)
		if err != nil || en.Status() != want || state(t, w, nginx) != all || state(t, w, apache) != all {
			t.Errorf("%v, %s, nginx %s, apache %s", err, en.Status(), state(t, w, nginx), state(t, w, apache))
		}
		if asked {
			continue
		}
		if en, err = e.Undo(t.Context(), en.ID); err != nil || state(t, w, apache) != "active" {
			t.Errorf("%v, %s", err, en.Status())
		}
	}
}

// Undo changes nothing where somebody else has changed what it would put back; the
// twin is a thing that was put back by hand.
func TestForeign(t *testing.T) {
	conf := thing(plan.File, "nginx.conf")
	for now, foreign := range map[string]bool{"listen 9999;": true, "failed": true, "listen 8081;": false, "listen 80;": false} {
		w, e := begin(t)
		fill(t, w, map[string]plan.State{at(conf): {"content": "listen 80;"}})
		en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{
			stop(nginx), {Subject: conf, Before: plan.State{"content": "listen 80;"}, After: plan.State{"content": "listen 8081;"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.write(at(conf), plan.State{"content": now}); err != nil {
			t.Fatal(err)
		}
		_, err = e.Undo(context.Background(), en.ID)
		var f *apply.Foreign
		if errors.As(err, &f) != foreign || !foreign && err != nil {
			t.Errorf("%s: %v", now, err)
		}
		if foreign && (state(t, w, nginx) != "inactive" || f.Diffs[0].Got != now) {
			t.Errorf("something was undone beside a foreign change: %+v", f)
		}
	}
}

func goal() plan.Goal {
	return plan.Goal{Binds: []plan.Bind{{Proto: fact.TCP, Addr: "0.0.0.0", Port: 80}}, Settle: 300 * time.Millisecond}
}

// The goal is what counts: where it is missed at once, or after a while, all is as before.
func TestGoal(t *testing.T) {
	w, e := begin(t)
	tries := 0
	for name, c := range map[string]struct {
		free func(n int) bool
		ok   bool
		gain bool
	}{
		"free":               {func(int) bool { return true }, true, false},
		"free after a while": {func(n int) bool { return n > 2 }, true, false},
		"taken again":        {func(n int) bool { return n < 2 }, false, true},
	} {
		tries = 0
		e.Try = func(context.Context, plan.Bind) (bool, string) {
			tries++
			return state(t, w, nginx) == "inactive" && c.free(tries), "EADDRINUSE"
		}
		e.Look = func(context.Context, []uint16) ([]plan.Listener, error) {
			return []plan.Listener{{Proto: fact.TCP, Addr: "0.0.0.0", Port: 80, Owner: "unit:nginx.service"}}, nil
		}
		en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx)}, Goal: goal()})
		if (err == nil) != c.ok {
			t.Fatalf("%s: %v", name, err)
		}
		var m *apply.Missed
		if !c.ok && (!errors.As(err, &m) || m.Again != c.gain || len(m.By) != 1 || state(t, w, nginx) != "active") {
			t.Errorf("%s: %v, %+v, nginx %s", name, err, m, state(t, w, nginx))
		}
		if c.ok {
			if _, err := e.Undo(context.Background(), en.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Undo says which listener did not come back, and which of its own did not go; others'
// listeners are no affair of its.
func TestListenersAsBefore(t *testing.T) {
	was := plan.Listener{Proto: fact.TCP, Addr: "0.0.0.0", Port: 80, Owner: "unit:nginx.service"}
	moved, strange := was, was
	moved.Port, strange.Port, strange.Owner = 8080, 8080, "process:nc"
	for name, c := range map[string]struct {
		now []plan.Listener
		ok  bool
	}{
		"back": {[]plan.Listener{was}, true}, "not back": {nil, false},
		"moved and back": {[]plan.Listener{was, moved}, false}, "beside a stranger": {[]plan.Listener{was, strange}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, e := begin(t)
			e.Look = func(context.Context, []uint16) ([]plan.Listener, error) { return slices.Clone(c.now), nil }
			en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx)}, Was: []plan.Listener{was}, Ports: []uint16{8080}})
			if err != nil {
				t.Fatal(err)
			}
			en, err = e.Undo(context.Background(), en.ID)
			var n *apply.NotBack
			if errors.As(err, &n) == c.ok || en.Status().Open() == c.ok {
				t.Errorf("%v, %s", err, en.Status())
			}
		})
	}
}

// Who has come into the way of what is put back is named, and nobody else: not who was
// there before, and not who listens on another address or port.
func TestTakenMeanwhile(t *testing.T) {
	was := plan.Listener{Proto: fact.TCP, Addr: "0.0.0.0", Port: 80, Owner: "unit:nginx.service"}
	thief, one, udp, port, hidden := was, was, was, was, was
	thief.Owner, one.Owner, one.Addr, udp.Owner, udp.Proto, port.Owner, port.Port, hidden.Owner = "process:nc", "process:nc", "127.0.0.1", "process:nc", fact.UDP, "process:nc", 81, ""
	there := was
	there.Addr = "192.0.2.1"
	for name, c := range map[string]struct {
		was, now plan.Listener
		by       []plan.Listener
	}{
		"the same": {was, thief, []plan.Listener{thief}}, "one address of all": {was, one, []plan.Listener{one}}, "nobody known": {was, hidden, []plan.Listener{hidden}},
		"another protocol": {was, udp, nil}, "another port": {was, port, nil}, "another address": {there, one, nil}, "its own": {was, there, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := begin(t)
			e.Look = func(context.Context, []uint16) ([]plan.Listener, error) { return []plan.Listener{c.now}, nil }
			en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx)}, Was: []plan.Listener{c.was}})
			if err != nil {
				t.Fatal(err)
			}
			w.deny = nginx.Name
			for k := range e.Drivers {
				e.Drivers[k] = w
			}
			_, err = e.Undo(context.Background(), en.ID)
			var taken *apply.Taken
			if errors.As(err, &taken) != (c.by != nil) || !errors.Is(err, fs.ErrPermission) {
				t.Fatal(err)
			}
			if taken != nil && !slices.Equal(taken.By, c.by) {
				t.Errorf("%v", taken.By)
			}
		})
	}
}

func TestFinalStepIsLeft(t *testing.T) {
	proc := thing(plan.Process, "412")
	w, e := begin(t)
	fill(t, w, map[string]plan.State{at(proc): {"state": "running"}})
	en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{
		stop(nginx), {Subject: proc, Before: plan.State{"state": "running"}, After: plan.State{"state": "gone"}, Class: plan.Final},
	}})
	if err != nil {
		t.Fatal(err)
	}
	en, err = e.Undo(context.Background(), en.ID)
	if err != nil || en.Has(journal.Lost) == nil || en.Has(journal.Lost).Step != 1 || state(t, w, nginx) != "active" {
		t.Errorf("%v, %+v", err, en.Events)
	}
}

// A second berth is kept out while the first is at it.
func TestLock(t *testing.T) {
	_, e := begin(t)
	unlock, err := e.Journal.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Run(context.Background(), plan.Plan{}); !errors.Is(err, journal.ErrBusy) {
		t.Errorf("locked: %v", err)
	}
	unlock()
	if _, err := e.Run(context.Background(), plan.Plan{}); err != nil {
		t.Errorf("not locked: %v", err)
	}
}

// A plan that needs a reboot stays open over it and is verified after it.
func TestReboot(t *testing.T) {
	driver := thing(plan.Unit, "HTTP")
	for _, kept := range []bool{true, false} {
		w, e := begin(t)
		fill(t, w, map[string]plan.State{at(driver): {"active": "manual"}})
		e.Try = func(context.Context, plan.Bind) (bool, string) { return e.By.Boot == "boot-2", "in use" }
		en, err := e.Run(context.Background(), plan.Plan{Goal: plan.Goal{Binds: []plan.Bind{{Port: 80}}},
			Steps: []plan.Step{{Subject: driver, Before: plan.State{"active": "manual"}, After: plan.State{"active": "disabled"}, Reboot: true}}})
		if err != nil || en.Status() != journal.PendingReboot {
			t.Fatal(err, en.Status())
		}
		if _, err := e.Resume(context.Background(), en.ID); !errors.Is(err, apply.ErrWaits) {
			t.Errorf("no reboot yet: %v", err)
		}
		e.By.Boot = "boot-2"
		if !kept {
			if err := w.write(at(driver), plan.State{"active": "manual"}); err != nil {
				t.Fatal(err)
			}
		}
		en, err = e.Resume(context.Background(), en.ID)
		if (err == nil) != kept || en.Status().Open() == kept {
			t.Errorf("kept over the reboot %v: %v, %s", kept, err, en.Status())
		}
	}
}

// A caller that gives up half-way finds all as before.
func TestInterrupted(t *testing.T) {
	w, e := begin(t)
	ctx, cancel := context.WithCancel(context.Background())
	e.Tell = func(p apply.Progress) {
		if p.Stage == apply.Verified {
			cancel()
		}
	}
	before := w.all()
	_, err := e.Run(ctx, plan.Plan{Steps: []plan.Step{stop(nginx), stop(apache)}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, w.all()); d != "" {
		t.Error(d)
	}
}

// Preparing reads what the steps are about, and refuses what the facts had otherwise.
func TestPrepare(t *testing.T) {
	_, e := begin(t)
	p, err := e.Prepare(context.Background(), plan.Plan{Steps: []plan.Step{{Subject: nginx, After: plan.State{"active": "inactive"}}}})
	if err != nil || p.Steps[0].Before["active"] != "active" {
		t.Errorf("%+v, %v", p, err)
	}
	s := stop(nginx)
	s.Before = plan.State{"active": "failed"}
	if _, err := e.Prepare(context.Background(), plan.Plan{Steps: []plan.Step{s}}); err == nil {
		t.Error("the facts said otherwise")
	}
}

// calls counts what is asked of a thing that has no state.
type calls struct {
	world
	n *int
}

func (c calls) Set(context.Context, plan.Subject, plan.State, plan.State) error { *c.n++; return nil }

// What reads a configuration again after undo does so only where it read the new one.
func TestUndoReloadsOnlyWhatReloaded(t *testing.T) {
	reload, conf := thing(plan.Reload, "nginx.service"), thing(plan.File, "nginx.conf")
	for _, accepted := range []bool{true, false} {
		w, e := begin(t)
		fill(t, w, map[string]plan.State{at(conf): {"content": "listen 80;"}, at(thing(plan.ConfigTest, "nginx")): {"valid": "no"}})
		n := 0
		e.Drivers[plan.Reload] = calls{w, &n}
		p := plan.Plan{Steps: []plan.Step{
			{Subject: reload, On: plan.OnUndo}, {Subject: conf, Before: plan.State{"content": "listen 80;"}, After: plan.State{"content": "listen 8081;"}},
			{Subject: thing(plan.ConfigTest, "nginx"), After: plan.State{"valid": "yes"}, On: plan.OnDo}, {Subject: reload, On: plan.OnDo},
		}}
		want := 0
		if accepted {
			want = 2
			e.Drivers[plan.ConfigTest] = calls{w, new(int)}
			p.Steps[2].After = nil
		} else {
			e.Drivers[plan.ConfigTest] = deny{w}
		}
		en, err := e.Run(context.Background(), p)
		if (err == nil) != accepted {
			t.Fatal(err)
		}
		if accepted {
			if _, err := e.Undo(context.Background(), en.ID); err != nil {
				t.Fatal(err)
			}
		}
		if n != want {
			t.Errorf("accepted %v: reloaded %d times, want %d", accepted, n, want)
		}
	}
}

// deny refuses to set anything.
type deny struct{ world }

func (deny) Set(context.Context, plan.Subject, plan.State, plan.State) error { return errors.New("no") }

// gone is a thing that does not come back.
type gone struct{ world }

func (gone) Set(context.Context, plan.Subject, plan.State, plan.State) error { return plan.ErrFinal }

// What turns out to be final while it is taken back ends the entry, and is told.
func TestTurnsOutFinal(t *testing.T) {
	w, e := begin(t)
	en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx)}})
	if err != nil {
		t.Fatal(err)
	}
	e.Drivers[plan.Unit] = gone{w}
	if en, err = e.Undo(context.Background(), en.ID); err != nil || en.Status() != journal.IsUndone || en.Has(journal.Lost) == nil {
		t.Errorf("%v, %s", err, en.Status())
	}
}

// unready says before anything is done that it cannot be done.
type unready struct{ world }

func (unready) Ready(context.Context, plan.Subject, plan.State, plan.State) error {
	return fs.ErrPermission
}

func TestUnready(t *testing.T) {
	w, e := begin(t)
	conf := thing(plan.File, "nginx.conf")
	fill(t, w, map[string]plan.State{at(conf): {"content": "a"}})
	e.Drivers[plan.File] = unready{w}
	_, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{stop(nginx), {Subject: conf, Before: plan.State{"content": "a"}, After: plan.State{"content": "b"}}}})
	var u *apply.Unready
	if !errors.As(err, &u) || !errors.Is(err, fs.ErrPermission) || state(t, w, nginx) != "active" {
		t.Errorf("%v, nginx %s", err, state(t, w, nginx))
	}
	if list, _ := e.Journal.List(); len(list) != 0 {
		t.Errorf("%d entries", len(list))
	}
}

// What answers a step that was never begun is left out of undoing, but where systemd
// has its files read: a socket unit whose file has changed is no longer listening.
func TestUndoOfWhatWasNotBegun(t *testing.T) {
	for name, want := range map[string]string{"systemd": "active", "nginx.service": "inactive"} {
		w, e := begin(t)
		socket, conf := thing(plan.Unit, "web.socket"), thing(plan.File, "web.conf")
		reload := thing(plan.Reload, name)
		fill(t, w, map[string]plan.State{at(socket): {"active": "inactive"}, at(conf): {"content": "a"}, at(reload): {}})
		fails := thing(plan.ConfigTest, "web")
		fill(t, w, map[string]plan.State{at(fails): {"valid": "no"}})
		e.Drivers[plan.ConfigTest] = deny{w}
		_, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{
			{Subject: socket, After: plan.State{"active": "active"}, On: plan.OnUndo},
			{Subject: conf, Before: plan.State{"content": "a"}, After: plan.State{"content": "b"}},
			{Subject: reload, On: plan.OnDo}, {Subject: fails, After: plan.State{"valid": "yes"}, On: plan.OnDo},
			{Subject: socket, After: plan.State{"active": "active"}, On: plan.OnDo},
		}})
		if got := state(t, w, socket); err == nil || got != want {
			t.Errorf("%s: %v, the socket is %s", name, err, got)
		}
	}
}

// A question that the plan begins with is asked before anything is done; the same
// question behind a change waits its turn.
func TestQuestionFirst(t *testing.T) {
	question := plan.Step{Subject: thing(plan.ConfigTest, "nginx"), After: plan.State{"valid": "yes"}, On: plan.OnDo}
	for _, steps := range [][]plan.Step{{question, stop(nginx)}, {stop(nginx), question}} {
		w, e := begin(t)
		fill(t, w, map[string]plan.State{at(question.Subject): {"valid": "no"}})
		e.Drivers[plan.ConfigTest] = unready{w}
		_, err := e.Run(context.Background(), plan.Plan{Steps: steps})
		var u *apply.Unready
		list, _ := e.Journal.List()
		if first := steps[0].On == plan.OnDo; errors.As(err, &u) != first || (len(list) == 0) != first {
			t.Errorf("first %v: %v, %d entries", first, err, len(list))
		}
	}
}

// An earlier step may bring about a later one's state, in part or whole.
func TestTakenAlong(t *testing.T) {
	w, e := begin(t)
	fill(t, w, map[string]plan.State{at(apache): {"active": "active", "enabled": "enabled"}})
	e.Drivers[plan.Unit] = along{w}
	en, err := e.Run(context.Background(), plan.Plan{Steps: []plan.Step{
		stop(nginx), {Subject: apache, Before: plan.State{"active": "active", "enabled": "enabled"}, After: plan.State{"active": "inactive", "enabled": "disabled"}},
	}})
	if err != nil || en.Status() != journal.IsDone {
		t.Errorf("%v, %s", err, en.Status())
	}
}

// along stops Apache whenever nginx is stopped.
type along struct{ world }

func (a along) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	if s.Name == nginx.Name && to["active"] == "inactive" {
		if err := a.world.Set(ctx, apache, nil, to); err != nil {
			return err
		}
	}
	return a.world.Set(ctx, s, before, to)
}
