package apply_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
)

// plans are three plans of different shape, and the world that each starts in.
func plans() map[string]struct {
	plan  plan.Plan
	world map[string]plan.State
} {
	type one = struct {
		plan  plan.Plan
		world map[string]plan.State
	}
	nginx, apache, socket := thing(plan.Unit, "nginx.service"), thing(plan.Unit, "apache2.service"), thing(plan.Unit, "web.socket")
	conf, reload := thing(plan.File, "nginx.conf"), thing(plan.Reload, "nginx.service")
	up := plan.State{"active": "active", "enabled": "enabled"}
	return map[string]one{
		"stop one unit": {
			plan.Plan{Remedy: "stop:nginx.service", Steps: []plan.Step{{Subject: nginx, Before: up, After: plan.State{"active": "inactive", "enabled": "disabled"}, Class: plan.Restartable}}},
			map[string]plan.State{at(nginx): up},
		},
		"edit a file between reloads": {
			plan.Plan{Remedy: "move:nginx.service", Steps: []plan.Step{
				{Subject: reload, On: plan.OnUndo}, {Subject: conf, Before: plan.State{"content": "listen 80;\xff"}, After: plan.State{"content": "listen 8081;"}, Class: plan.Reversible},
				{Subject: reload, On: plan.OnDo},
			}},
			map[string]plan.State{at(conf): {"content": "listen 80;\xff"}, at(reload): {}},
		},
		"a socket, its service, and the newcomer": {
			plan.Plan{Remedy: "stop:web.socket", Steps: []plan.Step{
				{Subject: socket, Before: plan.State{"active": "active"}, After: plan.State{"active": "inactive"}},
				{Subject: nginx, Before: up, After: plan.State{"active": "inactive"}},
				{Subject: apache, Before: plan.State{"active": "failed", "enabled": "disabled"}, After: plan.State{"active": "active", "enabled": "enabled"}},
			}},
			map[string]plan.State{at(socket): {"active": "active"}, at(nginx): up, at(apache): {"active": "failed", "enabled": "disabled"}},
		},
	}
}

func engine(t testing.TB, w world, dir string) *apply.Engine {
	t.Helper()
	store, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	drivers := map[plan.Kind]apply.Driver{}
	for _, k := range [...]plan.Kind{plan.Unit, plan.File, plan.Reload, plan.ConfigTest, plan.Process} {
		drivers[k] = w
	}
	return &apply.Engine{Drivers: drivers, Journal: store, By: journal.By{Boot: "boot-1"}, Limit: 5 * time.Second}
}

func fill(t testing.TB, w world, things map[string]plan.State) {
	t.Helper()
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for s, st := range things {
		if err := w.write(s, maps.Clone(st)); err != nil {
			t.Fatal(err)
		}
	}
}

const crashVar = "BERTH_TEST_CRASH"

// TestInsideCrash is the process that is killed: it says each boundary that it
// crosses, and ends itself without a word at the one it is told.
func TestInsideCrash(t *testing.T) {
	spec := os.Getenv(crashVar)
	if spec == "" {
		t.Skip("run by TestCrash")
	}
	part := strings.SplitN(spec, "|", 4) // boundary, deed, plan, folder
	last, _ := strconv.Atoi(part[0])
	n := 0
	w := world{dir: filepath.Join(part[3], "world")}
	w.crossing = func(where string) {
		if n++; n == last {
			self, _ := os.FindProcess(os.Getpid())
			self.Kill()
			select {}
		}
		fmt.Println("crossed", where)
	}
	e := engine(t, w, filepath.Join(part[3], "journal"))
	e.Crossing, e.Helper, e.Confirm = w.crossing, &helper{}, ended
	var err error
	switch part[1] {
	case "run":
		p := plans()[part[2]].plan
		if part[2] == riskyTitle {
			p = risky
		}
		_, err = e.Run(context.Background(), p)
	case "undo":
		_, err = e.Undo(context.Background(), 1)
	case "resume":
		_, err = e.Resume(context.Background(), 1)
	case "revert":
		_, err = e.Revert(context.Background(), 1)
	}
	fmt.Println("ended", err)
}

// crash runs a deed in a process that is killed at its n'th boundary, and tells
// whether it ended before that.
func crash(t *testing.T, n int, deed, plan, dir string) (ended bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestInsideCrash$")
	cmd.Env = append(os.Environ(), crashVar+"="+strings.Join([]string{strconv.Itoa(n), deed, plan, dir}, "|"))
	out, _ := cmd.Output()
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		ended = ended || strings.HasPrefix(s.Text(), "ended")
	}
	return ended
}

// finished is the world that a plan makes of its start.
func finished(p plan.Plan, things map[string]plan.State) map[string]plan.State {
	out := map[string]plan.State{}
	for s, st := range things {
		out[s] = maps.Clone(st)
	}
	for _, s := range p.Steps {
		maps.Copy(out[at(s.Subject)], s.After)
	}
	return out
}

// A berth that is killed at any boundary leaves a journal from which undo ends as
// before, and resume ends done. So does one that is killed again while it undoes or
// resumes.
func TestCrash(t *testing.T) {
	for title, c := range plans() {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			before, after := states(t, c.world), states(t, finished(c.plan, c.world))
			for n := 1; ; n++ {
				for _, deed := range [...]string{"undo", "resume"} {
					if crashOnce(t, title, n, deed, c.world, before, after) {
						t.Logf("%d boundaries", n-1)
						if n < 8 {
							t.Fatalf("only %d boundaries: nothing was tested", n)
						}
						return
					}
				}
			}
		})
	}
}

func states(t *testing.T, things map[string]plan.State) map[string]string {
	w := world{dir: t.TempDir()}
	fill(t, w, things)
	return w.all()
}

func crashOnce(t *testing.T, title string, n int, deed string, things map[string]plan.State, before, after map[string]string) (ended bool) {
	t.Helper()
	dir := t.TempDir()
	w := world{dir: filepath.Join(dir, "world")}
	fill(t, w, things)
	if crash(t, n, "run", title, dir) {
		return true
	}
	e := engine(t, w, filepath.Join(dir, "journal"))
	if _, err := e.Journal.Get(1); errors.Is(err, journal.ErrNone) {
		if d := cmp.Diff(before, w.all()); d != "" {
			t.Fatalf("killed at %d: no entry, and the machine has changed\n%s", n, d)
		}
		return false
	}
	// Once more, at a boundary of the deed itself.
	crash(t, 1+n%5, deed, title, dir)
	var err error
	want := before
	if deed == "undo" {
		_, err = e.Undo(context.Background(), 1)
	} else {
		_, err = e.Resume(context.Background(), 1)
		want = after
	}
	if err != nil && !errors.Is(err, apply.ErrEnded) {
		t.Fatalf("killed at %d, then %s: %v", n, deed, err)
	}
	en, err := e.Journal.Get(1)
	if err != nil || en.Status().Open() {
		t.Fatalf("killed at %d, then %s: %v, %+v", n, deed, err, en.Status())
	}
	if en.Status() == journal.IsUndone {
		want = before
	}
	if d := cmp.Diff(want, w.all()); d != "" {
		t.Fatalf("killed at %d, then %s: %s\n%s", n, deed, en.Status(), d)
	}
	return false
}

const riskyTitle = "may cut somebody off"

// A berth that is killed anywhere in a plan that may cut somebody off leaves an entry
// that goes back by itself, also when what takes it back is killed too.
func TestCrashRisky(t *testing.T) {
	for n := 1; ; n++ {
		dir := t.TempDir()
		w := world{dir: filepath.Join(dir, "world")}
		fill(t, w, map[string]plan.State{at(nginx): active})
		before := w.all()
		through := crash(t, n, "run", riskyTitle, dir)
		crash(t, 1+n%5, "revert", riskyTitle, dir)
		e := engine(t, w, filepath.Join(dir, "journal"))
		en, err := e.Revert(t.Context(), 1)
		if err != nil && !errors.Is(err, journal.ErrNone) && (!errors.Is(err, apply.ErrEnded) || en.Status() != journal.IsUndone) {
			t.Fatalf("killed at %d: %v", n, err)
		}
		if d := cmp.Diff(before, w.all()); d != "" {
			t.Fatalf("killed at %d: %v\n%s", n, err, d)
		}
		if through {
			if n < 10 {
				t.Fatalf("only %d boundaries: nothing was tested", n)
			}
			return
		}
	}
}
