package process

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// HeirsError says that a process has ended as it should, and that descendants of it
// go on with Internet sockets that were its own too.
type HeirsError struct {
	PID      int // that has ended
	Name     string
	Children []fact.Process
}

// Error names them.
func (e *HeirsError) Error() string {
	var names []string
	for _, p := range e.Children {
		names = append(names, fmt.Sprintf("PID %d (%s)", p.PID, p.Name))
	}
	return fmt.Sprintf("PID %d (%s) has ended, and %s still %s its sockets", e.PID, e.Name, strings.Join(names, ", "), verb(len(names)))
}

func verb(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// heirs are processes that may go on with the sockets of one that ends.
type heirs []*target

// heirs takes hold of them while they can still be told by their parent.
func (t *target) heirs(ctx context.Context) heirs {
	var all heirs
	for _, pid := range t.on.sharers(ctx, t.id.pid) {
		id := identity{pid: pid, grace: t.id.grace, force: t.id.force}
		p, now, err := t.look(ctx, id)
		if err != nil || now["state"] == Gone {
			continue
		}
		_, id.start, _ = strings.Cut(string(p.ID), "@")
		if heir, err := t.take(ctx, id, plan.State{"exe": now["exe"]}); err == nil {
			all = append(all, heir)
		}
	}
	return all
}

func (h heirs) close() {
	for _, t := range h {
		t.h.close()
	}
}

// settle waits a moment for those that end with their parent, and ends or names the
// others.
func (h heirs) settle(ctx context.Context, parent *target) error {
	late := time.Now().Add(orphaned)
	left := &HeirsError{PID: parent.id.pid, Name: parent.p.Name}
	var failed []error
	for _, t := range h {
		ended, err := t.h.await(ctx, max(0, time.Until(late)))
		switch {
		case ended:
		case err != nil:
			failed = append(failed, err)
		case !parent.id.children:
			left.Children = append(left.Children, t.p)
		default:
			failed = append(failed, t.allowed(ctx))
		}
	}
	if len(left.Children) > 0 {
		failed = append(failed, left)
	}
	return errors.Join(failed...)
}

// allowed ends an heir, unless it is one that is never signalled.
func (t *target) allowed(ctx context.Context) error {
	if err := t.forbidden(ctx, t.id.pid); err != nil {
		return err
	}
	if err := t.check(ctx); err != nil {
		if errors.Is(err, errEnded) {
			return nil
		}
		return err
	}
	return t.leave(ctx)
}
