// Package httpconf sets what HTTP.sys was told to keep: reservations
// ([plan.URLACL]), its listen list ([plan.IPListen]) and its timers
// ([plan.HTTPTimeout]).
//
// It goes by the calls of httpapi.dll, which have no language, and reads back through
// machine/httpsys: a call that returns success and keeps nothing is an error, and
// Wine's are of that sort. To set needs an administrator, and starts the HTTP driver
// where it does not run; to read needs nothing and never starts it. What HTTP.sys is
// already listening on may stay as it is until the last URL of a port is gone, or the
// driver is started again. On other systems than Windows every call is an error.
package httpconf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"syscall"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// Driver reads and sets HTTP.sys's configuration.
type Driver struct{ calls calls }

// New returns the driver of this machine.
func New() Driver { return Driver{system()} }

// calls are the questions to HTTP.sys and its orders: Windows', or a test's. Errors
// of the orders are the numbers of httpapi.
type calls struct {
	open  func() error
	close func()
	read  func(context.Context) (fact.Set, error)

	reserve   func(prefix, sddl string) error
	unreserve func(prefix string) error
	listen    func(netip.Addr) error
	unlisten  func(netip.Addr) error
	time      func(httpapi.TimeoutKey, uint16) error
	untime    func(httpapi.TimeoutKey) error
	// spelling is a descriptor as Windows writes it.
	spelling func(sddl string) (string, error)
}

const disabled syscall.Errno = 1058

// said adds what was asked to HTTP.sys's answer.
func said(what string, err error) error {
	switch {
	case errors.Is(err, httpapi.ErrAccessDenied):
		return fmt.Errorf("%s: %w (error 5 of HTTP.sys; an administrator may)", what, fs.ErrPermission)
	case errors.Is(err, disabled):
		return fmt.Errorf("%s: the HTTP service is disabled (1058): %w", what, err)
	}
	var n syscall.Errno
	if errors.As(err, &n) {
		return fmt.Errorf("%s: error %d of HTTP.sys: %w", what, uint(n), err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Read returns the state of a reservation, of the listen list or of a timer. Where
// HTTP.sys's tables cannot be read, as while the driver does not run, it is an error.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	set, err := d.calls.read(ctx)
	if err != nil {
		return nil, err
	}
	return d.state(set, s)
}

func (d Driver) state(set fact.Set, s plan.Subject) (plan.State, error) {
	w := set.Machine.Windows
	switch s.Kind {
	case plan.URLACL:
		if w == nil || !w.Reservations {
			return nil, unread(set, "reservations")
		}
		return reservation(set, s.Name), nil
	case plan.IPListen:
		if w == nil || !w.ListenList {
			return nil, unread(set, "listen list")
		}
		return listenList(set), nil
	case plan.HTTPTimeout:
		if w == nil || w.Timeouts == nil {
			return nil, unread(set, "timers")
		}
		return timer(w.Timeouts, s.Name)
	}
	return nil, fmt.Errorf("%q is nothing that HTTP.sys keeps", s.Kind)
}

// unread is why a table was not read, by its gap.
func unread(set fact.Set, table string) error {
	for _, g := range set.Gaps {
		switch {
		case !strings.HasSuffix(g.Subject, table):
		case g.Kind == fact.GapPermission:
			return fmt.Errorf("%s: %w: %s", g.Subject, fs.ErrPermission, g.Err)
		default:
			return fmt.Errorf("%s could not be read: %s", g.Subject, g.Err)
		}
	}
	return fmt.Errorf("HTTP.sys's %s could not be read", table)
}

// Set changes one of them, and reads back. A reservation is changed by deleting it
// and adding it anew, since HTTP.sys has no other way; where the second half fails
// the old one is put back, and the error says whether that worked. The listen list is
// compared as a set, and never gets empty on its way from one list to another. A
// timer at its default of 120 seconds is one that nobody has set.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	if err := d.calls.open(); err != nil {
		return said("opening HTTP.sys's configuration", err)
	}
	defer d.calls.close()
	now, err := d.Read(ctx, s)
	if err != nil {
		return err
	}
	switch s.Kind {
	case plan.URLACL:
		err = d.setReservation(s.Name, now, before, to)
	case plan.IPListen:
		err = d.setListenList(now, to)
	case plan.HTTPTimeout:
		err = d.setTimer(s.Name, now, to)
	}
	if err != nil {
		return err
	}
	got, err := d.Read(ctx, s)
	if err != nil {
		return fmt.Errorf("%s was changed, and whether it holds is not known: %w", s.Name, err)
	}
	for _, f := range plan.Differs(to, got) {
		return fmt.Errorf("%s %s: HTTP.sys reported success, and %s is %q, not %q", s.Kind, s.Name, f.Field, f.Got, f.Want)
	}
	return nil
}
