package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/wait"
)

// forbidden tells why a process is never signalled.
func (d Driver) forbidden(ctx context.Context, pid int) error {
	if slices.Contains(d.on.reserved, pid) {
		return fmt.Errorf("PID %d %w: the system hangs on it", pid, ErrNever)
	}
	if pid == d.on.leader && pid != d.on.self {
		return fmt.Errorf("PID %d %w: it leads the session that berth runs in", pid, ErrNever)
	}
	own, err := d.on.describe(ctx, d.on.self)
	if err != nil {
		return err
	}
	for _, p := range own.Processes {
		if p.PID == pid && pid == d.on.self {
			return fmt.Errorf("PID %d %w: it is berth itself", pid, ErrNever)
		}
		if p.PID == pid {
			return fmt.Errorf("PID %d (%s) %w: berth was started by it", pid, p.Name, ErrNever)
		}
	}
	return nil
}

// ofSystem tells why what a row is of is never signalled.
func (d Driver) ofSystem(p fact.Process) error {
	switch {
	case p.Kernel:
		return fmt.Errorf("PID %d (%s) %w: it is the kernel's", p.PID, p.Name, ErrNever)
	case p.Windows != nil && p.Windows.Protected != "":
		return fmt.Errorf("PID %d (%s) %w: Windows protects it", p.PID, p.Name, ErrNever)
	case d.on.critical(p.PID):
		return fmt.Errorf("PID %d (%s) %w: the system ends with it", p.PID, p.Name, ErrNever)
	}
	return nil
}

// target is a process that is held on to.
type target struct {
	Driver
	id     identity
	before plan.State
	h      handle
	p      fact.Process
	now    plan.State
}

// take opens the process that is meant; errEnded where it is no more.
func (d Driver) take(ctx context.Context, id identity, before plan.State) (*target, error) {
	if id.start == "" {
		return nil, fmt.Errorf("PID %d: its start is not known, and the number may be another's by now", id.pid)
	}
	t := &target{Driver: d, id: id, before: before}
	if err := t.check(ctx); err != nil {
		return nil, err
	}
	if err := d.ofSystem(t.p); err != nil {
		return nil, err
	}
	var err error
	if t.h, err = d.on.open(id.pid); err != nil {
		return nil, t.failed(err)
	}
	if err := t.check(ctx); err != nil { // of what was opened
		t.h.close()
		return nil, err
	}
	return t, nil
}

// check reads the process again, and tells whether it is the one that was meant. One
// that is about to end has no program for a moment.
func (t *target) check(ctx context.Context) error {
	for again := 20; ; again-- {
		p, now, err := t.look(ctx, t.id)
		if err != nil {
			return err
		}
		if now["state"] == Gone {
			return errEnded
		}
		t.p, t.now = p, now
		was, is := t.before["exe"], now["exe"]
		switch {
		case was == "" || is == was:
			return nil
		case is != "" || again == 0:
			return fmt.Errorf("PID %d %w: %s, and was %s", t.id.pid, ErrOther, known(is), was)
		}
		if err := wait.For(ctx, 5*time.Millisecond); err != nil {
			return err
		}
	}
}

// send looks at the process once more and signals it.
func (t *target) send(ctx context.Context, a act) error {
	if err := t.check(ctx); err != nil {
		return err
	}
	return t.failed(t.h.send(a))
}

func (t *target) failed(err error) error {
	if err == nil || errors.Is(err, errEnded) {
		return err
	}
	return fmt.Errorf("PID %d (%s) %w", t.id.pid, t.p.Name, err)
}

func (t *target) become(ctx context.Context, want string) error {
	switch {
	case t.now["state"] == want:
		return nil
	case want == Gone:
		return t.end(ctx)
	case want == Stopped:
		return t.turn(ctx, pause, want)
	}
	return t.turn(ctx, resume, want)
}

// turn stops the process or lets it go on, and waits until it has.
func (t *target) turn(ctx context.Context, a act, want string) error {
	err := t.send(ctx, a)
	for late := time.Now().Add(turned); err == nil && t.now["state"] != want; {
		if time.Now().After(late) {
			return fmt.Errorf("PID %d (%s) was signalled and is %s", t.id.pid, t.p.Name, strings.TrimSpace(t.now["state"]+" "+t.now["note"]))
		}
		if err = wait.For(ctx, 2*time.Millisecond); err == nil {
			err = t.check(ctx)
		}
	}
	if errors.Is(err, errEnded) {
		return absent(t.id, want, t.before)
	}
	return err
}

// end asks the process to end, kills it where that was ordered, and then looks for
// those that go on with its sockets.
func (t *target) end(ctx context.Context) error {
	heirs := t.heirs(ctx)
	defer heirs.close()
	if err := t.leave(ctx); err != nil {
		return err
	}
	return heirs.settle(ctx, t)
}

// leave makes one process end.
func (t *target) leave(ctx context.Context) error {
	stopped := t.now["state"] == Stopped
	err := t.send(ctx, ask)
	if err == nil && stopped {
		err = t.send(ctx, resume)
	}
	switch {
	case errors.Is(err, errEnded):
		return nil
	case errors.Is(err, errNoWay) && t.id.force:
		return t.kill(ctx)
	case errors.Is(err, errNoWay):
		return fmt.Errorf("%w, and %w", err, plan.ErrAlive)
	case err != nil:
		return err
	}
	grace := t.patience(ctx)
	ended, err := t.h.await(ctx, grace)
	switch {
	case ended:
		return nil
	case err != nil:
		return fmt.Errorf("PID %d (%s) was asked to end and %w: %w", t.id.pid, t.p.Name, plan.ErrMayEnd, err)
	case t.id.force:
		return t.kill(ctx)
	}
	return fmt.Errorf("PID %d (%s) %w %v after it was asked to end, and %w", t.id.pid, t.p.Name, plan.ErrAlive, grace.Round(time.Millisecond), plan.ErrMayEnd)
}

// patience is how long somebody who was asked is waited for: the grace, and no more
// than half of what ctx leaves, so that there is time for force, or to say that the
// process did not hear.
func (t *target) patience(ctx context.Context) time.Duration {
	if until, ok := ctx.Deadline(); ok {
		return min(t.id.grace, max(time.Until(until)/2, 0))
	}
	return t.id.grace
}

func (t *target) kill(ctx context.Context) error {
	switch err := t.send(ctx, kill); {
	case errors.Is(err, errEnded):
		return nil
	case err != nil:
		return err
	}
	ended, err := t.h.await(ctx, killed)
	switch {
	case ended:
		return nil
	case err != nil:
		return fmt.Errorf("PID %d (%s) was killed and %w: %w", t.id.pid, t.p.Name, plan.ErrMayEnd, err)
	}
	return fmt.Errorf("PID %d (%s) %w %v after it was killed, and %w: the kernel has not let it go (a device or a network disk that does not answer)",
		t.id.pid, t.p.Name, plan.ErrAlive, killed, plan.ErrMayEnd)
}
