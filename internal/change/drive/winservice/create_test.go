package winservice

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

func pier() (plan.Subject, plan.State) {
	return plan.Subject{Kind: plan.Service, Name: "Pier"},
		plan.State{"exists": "yes", "command": "pier.exe", "display": "A pier", "description": "Ships land here.", "start": "auto-delayed", "state": "running"}
}

// A service is made once, started, and deleted, which stops it first. Killed between
// any two calls and called again, both end in the same.
func TestMakeAndDelete(t *testing.T) {
	s, to := pier()
	f := newFake("Other", service{})
	f.settle(1)
	d := f.driver()
	for range 2 {
		if err := d.Set(t.Context(), s, nil, to); err != nil {
			t.Fatal(err)
		}
	}
	now, err := d.Read(t.Context(), s)
	if diff := cmp.Diff(to, now); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if err := d.Set(t.Context(), s, nil, plan.State{"exists": "no"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("create, describe, setDelayed true, start, control 1, remove", strings.Join(f.log, ", ")); diff != "" {
		t.Error(diff)
	}
	if now, err = d.Read(t.Context(), s); err != nil || now["exists"] != "no" {
		t.Error(now, err)
	}
	half := service{status{state: stopped}, config{kind: 0x10, start: auto, command: "pier.exe", display: "A pier"}}
	f = newFake("Pier", half)
	f.settle(1)
	if err := f.driver().Set(t.Context(), s, nil, to); err != nil || f.log[0] != "describe" {
		t.Error(f.log, err)
	}
}

// What is not done is said: no command, no right, another service of that name, a
// description that nobody takes.
func TestMakeRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake, plan.State)
		want   string
	}{
		"no command": {func(_ *fake, to plan.State) { delete(to, "command") }, "nothing says what its command is"},
		"no start":   {func(_ *fake, to plan.State) { to["start"] = "boot" }, `start type "boot"`},
		"another": {func(f *fake, _ plan.State) {
			f.services["Pier"] = &service{status{state: stopped}, config{start: auto, command: "other.exe"}}
		}, `its command is "other.exe" and not "pier.exe"`},
		"deaf":   {func(f *fake, _ plan.State) { f.deaf = true }, `its description is "" and not "Ships`},
		"closed": {func(f *fake, _ plan.State) { f.fail["create"] = accessDenied }, "an administrator may"},
		"marked": {func(f *fake, _ plan.State) { f.fail["create"] = markedForDelete }, "marked for deletion (1072)"},
	} {
		f := newFake("Quay", service{})
		s, to := pier()
		c.change(f, to)
		if err := f.driver().Set(t.Context(), s, nil, to); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One that somebody has open is not gone when it is deleted: it is waited for.
func TestDeleteWaits(t *testing.T) {
	s, _ := pier()
	f := newFake("Pier", service{status{state: stopped}, config{start: auto}})
	f.open = true
	f.turn = func(n int) {
		if n == 3 {
			delete(f.services, "Pier")
		}
	}
	if err := f.driver().Set(t.Context(), s, nil, plan.State{"exists": "no"}); err != nil || f.turns != 3 {
		t.Errorf("%d turns, %v", f.turns, err)
	}
	f = newFake("Pier", service{status{state: stopped}, config{start: auto}})
	f.open, f.fail["remove"] = true, markedForDelete
	ctx, cancel := context.WithCancel(t.Context())
	f.turn = func(int) { cancel() }
	if err := f.driver().Set(ctx, s, nil, plan.State{"exists": "no"}); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "marked for deletion") {
		t.Error(err)
	}
	f = newFake("Pier", service{status{state: stopped}, config{start: auto}})
	f.fail["remove"] = accessDenied
	if err := f.driver().Set(t.Context(), s, nil, plan.State{"exists": "no"}); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}
