package winservice

import (
	"context"
	"fmt"
)

// setStart changes the start type, and looks whether it did.
func (d Driver) setStart(ctx context.Context, name, word string) error {
	want, ok := startType(word)
	if !ok {
		return fmt.Errorf("service %s: no start type is called %q", name, word)
	}
	what := "the start type of service " + name
	now, err := d.scm.config(name)
	if err != nil {
		return said(what, err)
	}
	if now.start != want.start {
		if err := within(ctx, func() error { return d.scm.setStart(name, want.start) }); err != nil {
			return said(what, err)
		}
	}
	if want.start == auto && !driver(now.kind) {
		if err := d.setDelayed(ctx, name, want.delayed); err != nil {
			return said(what, err)
		}
	}
	if now, err = d.scm.config(name); err != nil {
		return said(what, err)
	}
	if got := startWord(now); got != word {
		return fmt.Errorf("%s: the manager reported success, and it is still %q, not %q", what, got, word)
	}
	return nil
}

// setDelayed is a call of its own. A system that does not know it (error 124) delays
// nothing.
func (d Driver) setDelayed(ctx context.Context, name string, on bool) error {
	now, err := d.scm.config(name)
	if err != nil || now.delayed == on {
		return err
	}
	err = within(ctx, func() error { return d.scm.setDelayed(name, on) })
	if is(err, invalidLevel) && !on {
		return nil
	}
	return err
}
