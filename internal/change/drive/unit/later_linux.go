package unit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

type property struct {
	Name  string
	Value dbus.Variant
}

func prop(name string, value any) property { return property{name, dbus.MakeVariant(value)} }

type unitProperties struct {
	Name  string
	Props []property
}

type execCommand struct {
	Path          string
	Argv          []string
	IgnoreFailure bool
}

type monotonic struct {
	Base string
	USec uint64
}

// Later has the system's manager run a program once, as root, when the time is over:
// NAME.timer starts NAME.service. Neither belongs to the caller's session, and
// nothing of them is left when the program has ended, however it did. A timer of the
// same name is replaced. argv begins with an absolute path. It needs root, blocks
// until the timer runs, and does not outlive a reboot.
func (d Driver) Later(ctx context.Context, name string, at time.Duration, argv []string, description string) error {
	if !isUnit(name+".timer") || len(argv) == 0 || !filepath.IsAbs(argv[0]) || at <= 0 {
		return fmt.Errorf("timer %q after %v of %q: not a timer", name, at, argv)
	}
	if err := d.CancelLater(ctx, name); err != nil {
		return err
	}
	b, err := d.dial(ctx, "system")
	if err != nil {
		return fmt.Errorf("timer %s: %w", name, err)
	}
	defer b.close()
	timer := []property{
		prop("Description", description),
		prop("TimersMonotonic", []monotonic{{"OnActiveSec", uint64(at / time.Microsecond)}}),
		prop("AccuracyUSec", uint64(100*time.Millisecond/time.Microsecond)),
		prop("RemainAfterElapse", false),
	}
	program := unitProperties{name + ".service", []property{
		prop("Description", description),
		prop("Type", "oneshot"),
		prop("ExecStart", []execCommand{{argv[0], literally(argv), false}}),
		prop("CollectMode", "inactive-or-failed"),
	}}
	result, err := b.job(ctx, "StartTransientUnit", name+".timer", "replace", timer, []unitProperties{program})
	if err == nil && result != "done" {
		err = errors.New("the timer did not start: " + result)
	}
	if err != nil {
		return fmt.Errorf("timer %s: %w", name, err)
	}
	return nil
}

// literally keeps the manager from putting variables into arguments.
func literally(argv []string) []string {
	out := slices.Clone(argv)
	for i := range out {
		out[i] = strings.ReplaceAll(out[i], "$", "$$")
	}
	return out
}

// CancelLater ends the timer of [Driver.Later]. That there is none is no error: it
// was cancelled, or all is over. [ErrFired]: it is too late. It needs root.
func (d Driver) CancelLater(ctx context.Context, name string) error {
	b, err := d.dial(ctx, "system")
	if err != nil {
		return fmt.Errorf("timer %s: %w", name, err)
	}
	defer b.close()
	result, err := b.job(ctx, "StopUnit", name+".timer", "replace")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("timer %s: %w", name, err)
	}
	if err == nil && result != "done" {
		return fmt.Errorf("timer %s: it did not stop: %s", name, result)
	}
	var path dbus.ObjectPath
	if err := b.ask(ctx, "GetUnit", []any{&path}, name+".service"); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("timer %s: %w", name, err)
	}
	var active string
	if err := b.property(ctx, path, ifaceUnit, "ActiveState", &active); err != nil {
		return fmt.Errorf("timer %s: %w", name, err)
	}
	if runs(active) || active == "deactivating" {
		return fmt.Errorf("timer %s: %w", name, ErrFired)
	}
	return nil
}
