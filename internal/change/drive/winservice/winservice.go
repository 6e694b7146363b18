// Package winservice sets the state and the start type of Windows' services and
// drivers through the service control manager, and makes and deletes services:
// [plan.Service].
//
// It goes by the manager's own calls and their error numbers, never by translated
// text, and reads back what it set. A stop is refused while a dependent runs: a plan
// has a step for each of them, in the order of [StopOrder]. It needs an administrator
// for most services; what is closed wraps [fs.ErrPermission]. On other systems than
// Windows every call is an error.
package winservice

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// Driver reads and sets services.
type Driver struct {
	scm calls
	now func() time.Time
	// pause waits, or ends with ctx.
	pause func(ctx context.Context, d time.Duration)
}

// New returns the driver of this machine.
func New() Driver { return Driver{system(), time.Now, sleep} }

// calls are the questions to the manager and its orders: Windows', or a test's. Their
// errors are the numbers of the system, as [syscall.Errno].
type calls struct {
	status     func(name string) (status, error)
	config     func(name string) (config, error)
	control    func(name string, code control) error
	start      func(name string) error
	setStart   func(name string, kind uint32) error
	setDelayed func(name string, on bool) error
	create     func(name string, r recipe) error
	describe   func(name, text string) error
	remove     func(name string) error
	// around is a service with everything that depends on it.
	around func(ctx context.Context, name string) ([]fact.Unit, error)
}

// status is what a service does at the moment.
type status struct {
	state         uint32
	checkPoint    uint32 // goes up while a pending service makes headway
	waitHint      time.Duration
	pid           uint32
	exit, exitOwn uint32 // why it stopped
}

// config is how a service is started, and what it is.
type config struct {
	kind, start uint32
	delayed     bool

	command, display, account, description string
}

// Read returns "exists", "state" and "start" of a service, and, where it has one, its
// "command", "display", "description" and "account". It needs only the right
// to query it, which everybody has for most, and does not block but for the round
// trips to the manager.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now, err := d.scm.status(s.Name)
	if is(err, noSuchService) {
		return plan.State{"exists": "no"}, nil
	}
	if err != nil {
		return nil, said("the state of service "+s.Name, err)
	}
	c, err := d.scm.config(s.Name)
	if err != nil {
		return nil, said("the configuration of service "+s.Name, err)
	}
	out := plan.State{"exists": "yes", "state": stateWord(now.state), "start": startWord(c)}
	for field, v := range map[string]string{"command": c.command, "display": c.display, "description": c.description, "account": c.account} {
		if v != "" {
			out[field] = v
		}
	}
	return out, nil
}

// Set sets "start" first, so that nothing starts what is to be disabled and stopped,
// and a disabled service can be started; then "state", which is "running", "stopped"
// or "paused". It waits as long as ctx lasts, however little the service says, and
// ends with ctx even where a service keeps the manager's call waiting. A stop is
// refused with a [*DependentsError] while a service that needs this one runs.
//
// A service that is to exist and does not is made, with a process of its own, from
// "command", "start", "display", "description" and "account"; one that is there has to
// have the same. One that is not to exist is stopped and deleted, and Set waits until
// nobody has it open any more.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	switch {
	case to["exists"] == "no" && now["exists"] == "yes":
		return d.remove(ctx, s.Name)
	case to["exists"] == "yes" && now["exists"] == "no":
		if err := d.create(ctx, s.Name, to); err != nil {
			return err
		}
		now["exists"] = "yes"
	}
	if now["exists"] == "no" {
		if to["state"] == "" && to["start"] == "" {
			return nil
		}
		return fmt.Errorf("there is no service %s: %w", s.Name, fs.ErrNotExist)
	}
	if to["exists"] == "yes" {
		if err := d.describe(ctx, s, to); err != nil {
			return err
		}
	}
	if want, ok := to["start"]; ok {
		if err := d.setStart(ctx, s.Name, want); err != nil {
			return err
		}
	}
	if want, ok := to["state"]; ok {
		return d.setState(ctx, s.Name, want)
	}
	return nil
}
