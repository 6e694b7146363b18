package winservice

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

func TestRead(t *testing.T) {
	for want, s := range map[string]service{
		"running auto":         {status{state: running}, config{start: auto}},
		"stopped auto-delayed": {status{state: stopped}, config{start: auto, delayed: true}},
		"stop-pending manual":  {status{state: stopPending}, config{start: 3, delayed: true}},
		"paused disabled":      {status{state: paused}, config{start: disabled}},
		"start-pending boot":   {status{state: startPending}, config{}},
		"running system":       {status{state: running}, config{kind: 1, start: 1}},
	} {
		got, err := newFake("Spooler", s).driver().Read(t.Context(), spooler())
		state, start, _ := strings.Cut(want, " ")
		if d := cmp.Diff(plan.State{"exists": "yes", "state": state, "start": start}, got); d != "" || err != nil {
			t.Errorf("%s: %v %s", want, err, d)
		}
	}
	f := newFake("Other", service{})
	if got, err := f.driver().Read(t.Context(), spooler()); err != nil || !cmp.Equal(got, plan.State{"exists": "no"}) {
		t.Errorf("a service that is not there: %v, %v", got, err)
	}
	f.fail["status"] = accessDenied
	if got, err := f.driver().Read(t.Context(), spooler()); !errors.Is(err, fs.ErrPermission) || got != nil {
		t.Errorf("a service that is closed: %v, %v", got, err)
	}
}

// Each way from a state to a state, and the orders that it takes.
func TestStates(t *testing.T) {
	for _, c := range []struct {
		from uint32
		to   string
		log  string
	}{
		{running, "stopped", "control 1"},
		{stopped, "stopped", ""},
		{paused, "stopped", "control 1"},
		{startPending, "stopped", "control 1"},
		{stopPending, "stopped", ""},
		{stopped, "running", "start"},
		{running, "running", ""},
		{startPending, "running", ""},
		{stopPending, "running", "start"},
		{paused, "running", "control 3"},
		{pausePending, "running", "control 3"},
		{running, "paused", "control 2"},
		{stopped, "paused", "start, control 2"},
		{paused, "paused", ""},
	} {
		f := newFake("Spooler", service{status: status{state: c.from}})
		f.settle(1)
		d := f.driver()
		if err := d.Set(t.Context(), spooler(), nil, plan.State{"state": c.to}); err != nil {
			t.Errorf("%s to %s: %v", stateWord(c.from), c.to, err)
		}
		if got := strings.Join(f.log, ", "); got != c.log {
			t.Errorf("%s to %s: %s, want %s", stateWord(c.from), c.to, got, c.log)
		}
		if now, _ := d.Read(t.Context(), spooler()); now["state"] != c.to {
			t.Errorf("%s to %s: %s", stateWord(c.from), c.to, now["state"])
		}
		if err := d.Set(t.Context(), spooler(), nil, plan.State{"state": c.to}); err != nil || strings.Join(f.log, ", ") != c.log {
			t.Errorf("again: %v, %q", err, f.log)
		}
	}
}

func TestStatesThatNobodySets(t *testing.T) {
	f := newFake("Spooler", service{status: status{state: running}})
	for _, to := range []string{"stop-pending", "gone", ""} {
		if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": to}); err == nil || len(f.log) > 0 {
			t.Errorf("%q: %v, %q", to, err, f.log)
		}
	}
	f.services["Spooler"].state = 9
	if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"}); err == nil || len(f.log) > 0 {
		t.Errorf("a state of a later Windows: %v, %q", err, f.log)
	}
}

// A service that never stops ends with ctx, and the error says where it stands.
func TestHang(t *testing.T) {
	f := newFake("Spooler", service{status: status{state: running, pid: 412, waitHint: 3 * time.Second}})
	ctx, cancel := context.WithCancel(t.Context())
	f.turn = func(n int) {
		if n == 40 {
			cancel()
		}
	}
	err := f.driver().Set(ctx, spooler(), nil, plan.State{"state": "stopped"})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, want := range []string{"service Spooler is still stop-pending, since 09:00:00", "without a sign", "asked for 3s", "told to stop", "cannot be taken back", "it is process 412", "restart of Windows"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if n := len(f.log); n != 1 {
		t.Errorf("it was told %d times: %q", n, f.log)
	}
}

// What hangs already when it is to be stopped or started is told apart; a driver has no
// process that could be ended.
func TestHangsAlready(t *testing.T) {
	for want, words := range map[string]string{"stopped": "somebody told it to stop before; a restart of Windows ends it", "running": "it can be started only when it has stopped; a restart"} {
		f := newFake("Spooler", service{status: status{state: stopPending}})
		ctx, cancel := context.WithCancel(t.Context())
		f.turn = func(n int) {
			if n == 3 {
				cancel()
			}
		}
		if err := f.driver().Set(ctx, spooler(), nil, plan.State{"state": want}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), words) || len(f.log) > 0 {
			t.Errorf("%s: %v, %q", want, err, f.log)
		}
	}
}

// The twin of a hang: one that only takes long.
func TestSlow(t *testing.T) {
	f := newFake("Spooler", service{status: status{state: running, waitHint: time.Minute}})
	f.settle(40)
	begun := f.clock
	if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"}); err != nil {
		t.Fatal(err)
	}
	if took := f.clock.Sub(begun); took < 39*time.Second || took > 41*time.Second {
		t.Errorf("looked again after %v on average, not a second", took/40)
	}
}

// A call that does not come back is left behind.
func TestManagerDoesNotAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	block := make(chan struct{})
	defer close(block)
	err := within(ctx, func() error { cancel(); <-block; return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := within(t.Context(), func() error { return errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// The state is looked at once more when the time is over while a control is under
// way: a stop that did happen is no failure.
func TestControlThatKeepsTheManager(t *testing.T) {
	for _, ends := range []uint32{stopPending, stopped} {
		f := newFake("Spooler", service{status: status{state: running}})
		ctx, cancel := context.WithCancel(t.Context())
		block := make(chan struct{})
		f.held = func() {
			f.services["Spooler"].state = ends
			cancel()
			<-block
		}
		err := f.driver().Set(ctx, spooler(), nil, plan.State{"state": "stopped"})
		close(block)
		if ends == stopped && err != nil || ends == stopPending && (err == nil || !strings.Contains(err.Error(), "is still stop-pending, since")) {
			t.Errorf("%s: %v", stateWord(ends), err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		call  string
		from  uint32
		to    string
		err   syscall.Errno
		words string
		is    error
	}{
		{"stop", running, "stopped", accessDenied, "stop of service Spooler: permission denied", fs.ErrPermission},
		{"start", stopped, "running", accessDenied, "start of service Spooler: permission denied", fs.ErrPermission},
		{"start", stopped, "running", serviceDisabled, "it is disabled (1058)", serviceDisabled},
		{"start", stopped, "running", dependencyFailed, "depends on did not start", dependencyFailed},
		{"stop", running, "stopped", controlInvalid, "does not take that control", controlInvalid},
		{"stop", running, "stopped", 6, "error 6", syscall.Errno(6)},
		{"around", running, "stopped", accessDenied, "the dependents of service Spooler", fs.ErrPermission},
	} {
		f := newFake("Spooler", service{status: status{state: c.from}})
		f.fail[c.call] = c.err
		err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": c.to})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s, %d: %v", c.call, uint(c.err), err)
		}
	}
}

// What is true already, or may become so, is no fault: the state decides.
func TestHarmlessAnswers(t *testing.T) {
	for _, c := range []struct {
		call string
		from uint32
		to   string
		err  syscall.Errno
	}{
		{"start", stopped, "running", alreadyRunning},
		{"start", stopped, "running", requestTimeout},
		{"stop", running, "stopped", notActive},
		{"stop", running, "stopped", requestTimeout},
		{"stop", running, "stopped", notAtThisTime},
	} {
		f := newFake("Spooler", service{status: status{state: c.from}})
		f.fail[c.call] = c.err
		f.turn = func(int) {
			f.services["Spooler"].state = map[string]uint32{"running": running, "stopped": stopped}[c.to]
		}
		if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": c.to}); err != nil {
			t.Errorf("%s, %d: %v", c.call, uint(c.err), err)
		}
	}
}

func TestStartThatFails(t *testing.T) {
	for want, s := range map[string]status{
		"error 10048":        {exit: 10048},
		"its own error 3":    {exit: 1066, exitOwn: 3},
		"reported no error":  {},
		"it never ran (1077": {exit: 1077},
	} {
		f := newFake("Spooler", service{status: status{state: stopped}})
		s.state = stopped
		f.turn = func(int) { f.services["Spooler"].status = s }
		err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "running"})
		if err == nil || !strings.Contains(err.Error(), want) || len(f.log) != 1 {
			t.Errorf("%s: %v, %q", want, err, f.log)
		}
	}
}

// A service that something starts again is not stopped for ever.
func TestStartedAgain(t *testing.T) {
	f := newFake("Spooler", service{status: status{state: running, pid: 412}})
	f.turn = func(int) { f.services["Spooler"].status = status{state: running, pid: 977} }
	err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"})
	if err == nil || !strings.Contains(err.Error(), "something started it (PID 977, before that 412)") {
		t.Error(err)
	}
}

// A stop that would take others down is refused, by our own look and by Windows'.
func TestDependents(t *testing.T) {
	f := newFake("Spooler", service{status: status{state: running}})
	f.units = []fact.Unit{unit("Spooler", "running"), unit("Fax", "running", "spooler"), unit("Off", "stopped", "Spooler")}
	err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"})
	var d *DependentsError
	if !errors.As(err, &d) || !cmp.Equal(d.Running, []string{"Fax"}) || len(f.log) > 0 || !strings.Contains(err.Error(), "these depend on it and run: Fax") {
		t.Errorf("%v, %q", err, f.log)
	}
	f.units = f.units[:1]
	f.fail["stop"] = dependentsRun
	err = f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"})
	if !errors.As(err, &d) || len(d.Running) > 0 || !errors.Is(err, dependentsRun) {
		t.Error(err)
	}
	delete(f.fail, "stop")
	f.settle(1)
	if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"}); err != nil {
		t.Error("nobody depends on it:", err)
	}
}

func TestStartTypes(t *testing.T) {
	words := []string{"boot", "system", "auto", "auto-delayed", "manual", "disabled"}
	for _, from := range words {
		for _, to := range words {
			c, ok := startType(from)
			if !ok {
				t.Fatal(from)
			}
			f := newFake("Spooler", service{status{state: stopped}, c})
			d := f.driver()
			if err := d.Set(t.Context(), spooler(), nil, plan.State{"start": to}); err != nil {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if now, _ := d.Read(t.Context(), spooler()); now["start"] != to {
				t.Errorf("%s to %s: %s", from, to, now["start"])
			}
			if from == to && len(f.log) > 0 {
				t.Errorf("%s: %q", from, f.log)
			}
		}
	}
}

func TestStartTypeRefusals(t *testing.T) {
	set := func(f *fake, to string) error {
		return f.driver().Set(t.Context(), spooler(), nil, plan.State{"start": to})
	}
	f := newFake("Spooler", service{status{state: stopped}, config{start: 3}})
	f.deaf = true
	if err := set(f, "disabled"); err == nil || !strings.Contains(err.Error(), `reported success, and it is still "manual"`) {
		t.Error("success without a deed:", err)
	}
	f.deaf = false
	f.fail["setStart"] = accessDenied
	if err := set(f, "disabled"); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	if err := set(f, "automatic"); err == nil || len(f.log) != 2 {
		t.Errorf("a word of another tongue: %v, %q", err, f.log)
	}
	delete(f.fail, "setStart")
	f.fail["setDelayed"] = invalidLevel
	if err := set(f, "auto"); err != nil {
		t.Error("a system that delays nothing:", err)
	}
	if err := set(f, "auto-delayed"); !errors.Is(err, invalidLevel) {
		t.Error(err)
	}
}

// The start type comes first: what is disabled does not come back while it is
// stopped, and what was disabled can be started.
func TestBoth(t *testing.T) {
	f := newFake("Spooler", service{status{state: running}, config{start: auto}})
	f.settle(1)
	d := f.driver()
	if err := d.Set(t.Context(), spooler(), nil, plan.State{"state": "stopped", "start": "disabled"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Set(t.Context(), spooler(), nil, plan.State{"state": "running", "start": "auto"}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("setStart 4, control 1, setStart 2, start", strings.Join(f.log, ", ")); d != "" {
		t.Error(d)
	}
}

func TestSetWithoutService(t *testing.T) {
	f := newFake("Other", service{})
	if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"state": "stopped"}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := f.driver().Set(t.Context(), spooler(), nil, plan.State{"exists": "no"}); err != nil {
		t.Error(err)
	}
}
