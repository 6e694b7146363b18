// Package unit starts and stops systemd's units, changes their enablement, and has
// managers and servers read their configuration again, over D-Bus: the driver of
// [plan.Unit] and [plan.Reload], and the timer that takes a plan back when nobody
// confirms it.
//
// The manager is asked for what it does (StartUnit, EnableUnitFiles, MaskUnitFiles,
// ...), as systemctl asks. Two things it cannot do, so the symlinks in its
// configuration folders are changed and the manager is told: putting links back
// exactly as they were, and disabling one unit without those that its Also= names. An
// empty folder of links is not kept.
//
// Linux only. Reading needs no privilege. Changing a unit of the system needs root,
// or what polkit permits (nobody is ever asked for a password); a user's manager
// serves that user, and root. Every refusal of that sort is fs.ErrPermission.
package unit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
)

// ErrNoSystemd says that systemd is not what runs this machine.
var ErrNoSystemd = errors.New("systemd does not run here")

// ErrFired says that a timer was not cancelled in time: what it starts is running.
var ErrFired = errors.New("the timer has elapsed, and what it starts is running")

// Driver knows the units of one machine. It keeps nothing and may be copied.
type Driver struct{ root string }

// New returns the driver of the machine whose root folder is root: "/" but in tests.
func New(root string) Driver { return Driver{filepath.Clean(root)} }

// Present tells whether systemd runs this machine, as sd_booted(3) does.
func (d Driver) Present() bool {
	info, err := os.Stat(filepath.Join(d.root, "run/systemd/system"))
	return err == nil && info.IsDir()
}

// Read returns a unit's state, see [plan.Unit]; of a [plan.Reload] there is none. It
// loads the unit's file where systemd has not, and changes nothing. A unit that is
// just starting or stopping is given a second to be done with it; then its state is
// the passing one ("activating", "deactivating").
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if err := d.check(s); err != nil {
		return nil, err
	}
	st, err := d.read(ctx, s)
	return st, about(s, "read", err)
}

// Set makes a unit's state what to says ("active", "enabled"), or does a [plan.Reload]. It returns when systemd's job is done and the state has been read
// again. When ctx ends first the job goes on, and the error says what is under way.
//
// "enabled" is set together with the links of before when it is set to what it was
// before, so that undoing puts the very links back. A unit is stopped before it is
// disabled or masked, and enabled before it is started; doing all of it again after a
// crash ends in the same place. "failed" cannot be put back: such a unit is stopped,
// which is "inactive".
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	if err := d.check(s); err != nil {
		return err
	}
	return about(s, "set", d.set(ctx, s, before, to))
}

func (d Driver) check(s plan.Subject) error {
	switch {
	case s.Kind != plan.Unit && s.Kind != plan.Reload:
		return fmt.Errorf("%s is no unit", s.Kind)
	case s.Kind == plan.Reload && s.Name == managerName:
	case !isUnit(s.Name):
		return fmt.Errorf("%q is no unit's name", s.Name)
	}
	if !d.Present() {
		return fmt.Errorf("unit %s: %w", s.Name, ErrNoSystemd)
	}
	return nil
}

func about(s plan.Subject, verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, s.Name, err)
}

// managerName is what a Reload of the manager itself is called.
const managerName = "systemd"

// isUnit tells whether a name can be a unit's: with a type, and no path. The manager
// judges the rest.
func isUnit(name string) bool {
	return len(name) < 256 && strings.LastIndexByte(name, '.') > 0 && !strings.ContainsAny(name, "/\x00\n ")
}

// settling is how long a unit that is starting or stopping is waited for.
const settling = time.Second

// runs tells whether an ActiveState is one of a unit that is up or on its way there.
func runs(active string) bool {
	return active == "active" || active == "reloading" || active == "activating" || active == "refreshing"
}

// passing tells whether an ActiveState is about to become another.
func passing(active string) bool {
	return active == "activating" || active == "deactivating" || active == "reloading" || active == "refreshing"
}

// reached tells whether a unit is what was asked for. What passes by or cannot be
// asked for is taken for what it amounts to: running, or not.
func reached(want, is string) bool {
	switch want {
	case "active", "inactive":
		return is == want
	case "deactivating", "failed":
		return is == "inactive" || is == "failed"
	}
	return runs(want) && runs(is)
}

// masks are what an enablement asks of the two places where a unit can be masked.
func masks(enabled string) (persistent, runtime bool) {
	return enabled == "masked", enabled == "masked-runtime"
}

// refusal turns an error's D-Bus name into one of Go's.
func refusal(name string) error {
	switch name {
	case "org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.AuthFailed",
		"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired":
		return os.ErrPermission
	case "org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.NoSuchUnitFile",
		"org.freedesktop.DBus.Error.FileNotFound":
		return os.ErrNotExist
	case "org.freedesktop.systemd1.UnitExists", "org.freedesktop.DBus.Error.FileExists":
		return os.ErrExist
	}
	if strings.HasPrefix(name, "org.freedesktop.PolicyKit1.Error.") {
		return os.ErrPermission
	}
	return nil
}

// remote is an error that the bus or the manager answered.
type remote struct{ name, text string }

func (r remote) Error() string {
	if r.text == "" {
		return r.name
	}
	return r.text
}

func (r remote) Unwrap() error { return refusal(r.name) }
