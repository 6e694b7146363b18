package unit

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// patient is long enough for anything that ends at all.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func read(t *testing.T, d Driver, name string) plan.State {
	t.Helper()
	st, err := d.Read(patient(t), subject(name))
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func set(t *testing.T, d Driver, name string, before, to plan.State) {
	t.Helper()
	if err := d.Set(patient(t), subject(name), before, to); err != nil {
		t.Fatal(err)
	}
}

// thereAndBack changes a unit, each time twice as after a crash, and wants the
// machine to be as before when it has been undone.
func thereAndBack(t *testing.T, m *testbed.Machine, name string, to plan.State) {
	t.Helper()
	d := New(m.Root("/"))
	was := m.State()
	step := plan.Step{Before: read(t, d, name), After: to}
	for range 2 {
		set(t, d, name, step.Before, to)
	}
	if diff := plan.Differs(to, read(t, d, name)); len(diff) > 0 {
		t.Errorf("%s is not %v: %+v", name, to, diff)
	}
	if diff := testbed.Diff(was, m.State()); len(diff) == 0 {
		t.Errorf("%s to %v changed nothing", name, to)
	}
	for range 2 {
		set(t, d, name, step.Before, step.Back())
	}
	if diff := testbed.Diff(was, m.State()); len(diff) > 0 {
		t.Errorf("%s from %v, undone:\n%s", name, to, strings.Join(diff, "\n"))
	}
	if diff := cmp.Diff(step.Before, read(t, d, name)); diff != "" {
		t.Errorf("%s, undone (-before +now)\n%s", name, diff)
	}
}

func TestSystemdNginxThereAndBack(t *testing.T) {
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	want := plan.State{"exists": "yes", "active": "active", "enabled": "enabled",
		"links": "/etc/systemd/system/multi-user.target.wants/nginx.service -> /lib/systemd/system/nginx.service"}
	if diff := cmp.Diff(want, read(t, New(m.Root("/")), "nginx.service")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, to := range []plan.State{
		{"active": "inactive"},
		{"enabled": "disabled"},
		{"active": "inactive", "enabled": "disabled"},
		{"enabled": "masked"},
		{"active": "inactive", "enabled": "masked"},
		{"active": "inactive", "enabled": "masked-runtime"},
	} {
		thereAndBack(t, m, "nginx.service", to)
	}
}
