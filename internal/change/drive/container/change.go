package container

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
)

// change is one container on its way to another state.
type change struct {
	t       transport
	id      string
	grace   time.Duration
	settled time.Duration
	now     inspected
}

func (c *change) make(ctx context.Context, to plan.State) error {
	if text, ok := to["restart"]; ok && c.now.policy().String() != text {
		want, err := parsePolicy(text)
		if err != nil {
			return err
		}
		err = c.do(ctx, order{verb: "update", restart: want}, func(in inspected) bool { return in.policy() == want })
		if err != nil {
			return err
		}
	}
	if c.now.State.Paused && (to["paused"] == "no" || to["running"] == "no") {
		if err := c.do(ctx, order{verb: "unpause"}, func(in inspected) bool { return !in.State.Paused }); err != nil {
			return err
		}
	}
	if err := c.run(ctx, to["running"]); err != nil {
		return err
	}
	if to["paused"] == "yes" && !c.now.State.Paused {
		return c.do(ctx, order{verb: "pause"}, func(in inspected) bool { return in.State.Paused })
	}
	return nil
}

// run starts or stops it, where that is wanted and not so yet.
func (c *change) run(ctx context.Context, want string) error {
	switch {
	case want == "" || want == yes(c.now.State.Running):
		return nil
	case want == "yes":
		return c.do(ctx, order{verb: "start"}, func(in inspected) bool { return in.State.Running })
	}
	gone := func(inspected) bool { return false } // of one that is to vanish
	if !c.now.HostConfig.AutoRemove {
		gone = func(in inspected) bool { return !in.State.Running }
	}
	err := c.do(ctx, order{verb: "stop", grace: c.grace}, gone)
	if errors.Is(err, errAbsent) || errors.Is(err, errUnchanged) && !c.now.State.Running {
		return nil
	}
	return err
}

// errUnchanged says that an engine has confirmed what is not so.
var errUnchanged = errors.New("the engine has agreed, and it is not so")

// do orders something and waits until it can be read back.
func (c *change) do(ctx context.Context, o order, reached func(inspected) bool) error {
	limited, cancel := context.WithTimeout(ctx, ordered+o.grace)
	defer cancel()
	if err := c.t.order(limited, c.id, o); err != nil {
		return fmt.Errorf("%s: %w", o.verb, err)
	}
	for late := time.Now().Add(c.settled); ; {
		in, err := look(ctx, c.t, c.id)
		if err != nil {
			return fmt.Errorf("%s was done, and then: %w", o.verb, err)
		}
		c.now = in
		switch {
		case reached(in):
			return nil
		case o.verb == "start" && in.State.Status == "exited":
			return fmt.Errorf("it was started and has ended at once: exit code %d %s", in.State.ExitCode, in.State.Error)
		case time.Now().After(late):
			return fmt.Errorf("%s: %w (it is %s)", o.verb, errUnchanged, in.State.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s was ordered and is not seen yet: %w", o.verb, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
