package winservice

import (
	"context"
	"errors"
	"fmt"

	"github.com/berthd/berth/internal/answer/plan"
)

// recipe is what a service is made of.
type recipe struct {
	command, display, description, account string
	start                                  config
}

// create makes a service with a process of its own, which does not run yet. It is
// read back. One that is there already, made of the same, is done.
func (d Driver) create(ctx context.Context, name string, to plan.State) error {
	r := recipe{command: to["command"], display: to["display"], description: to["description"], account: to["account"]}
	var ok bool
	switch r.start, ok = startType(to["start"]); {
	case r.command == "":
		return fmt.Errorf("service %s cannot be made: nothing says what its command is", name)
	case !ok || r.start.start < auto:
		return fmt.Errorf("service %s cannot be made with the start type %q", name, to["start"])
	}
	if err := within(ctx, func() error { return d.scm.create(name, r) }); err != nil {
		return said("making service "+name, err)
	}
	return nil
}

// describe finishes what create began: the description is a call of its own.
func (d Driver) describe(ctx context.Context, s plan.Subject, to plan.State) error {
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	if want, ok := to["description"]; ok && want != now["description"] {
		if err := within(ctx, func() error { return d.scm.describe(s.Name, want) }); err != nil {
			return said("the description of service "+s.Name, err)
		}
		if now, err = d.Read(ctx, s); err != nil {
			return err
		}
	}
	for _, field := range [...]string{"command", "display", "account", "description"} {
		if want, ok := to[field]; ok && now[field] != want {
			return fmt.Errorf("service %s: its %s is %q and not %q: berth makes services and does not change what they are", s.Name, field, now[field], want)
		}
	}
	return nil
}

// remove stops a service and deletes it. The manager keeps one, marked, until the
// last program that has it open lets go: that is waited for.
func (d Driver) remove(ctx context.Context, name string) error {
	if err := d.setState(ctx, name, "stopped"); err != nil && !is(err, noSuchService) {
		return err
	}
	err := within(ctx, func() error { return d.scm.remove(name) })
	if err != nil && !is(err, markedForDelete) && !is(err, noSuchService) {
		return said("deleting service "+name, err)
	}
	for {
		_, err := d.scm.status(name)
		switch {
		case is(err, noSuchService):
			return nil
		case err != nil && !is(err, markedForDelete):
			return said("the state of service "+name, err)
		}
		d.pause(ctx, interval(status{}))
		if ctx.Err() != nil {
			return errors.Join(fmt.Errorf("service %s is stopped and marked for deletion: it goes when the last program that has it open (services.msc, the task manager) is closed, or with a restart of Windows", name), ctx.Err())
		}
	}
}
