package winservice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// deed is what a service is told next.
type deed int

const (
	done  deed = iota
	await      // it is on its way
	start
	stop
	pause
	resume
	impossible
)

// next is what takes a service from its state towards the one that is wanted.
func next(now uint32, want string) deed {
	switch want {
	case "running":
		return [...]deed{stopped: start, startPending: await, stopPending: await, running: done, continuePending: await, pausePending: await, paused: resume}[now]
	case "stopped":
		return [...]deed{stopped: done, startPending: await, stopPending: await, running: stop, continuePending: await, pausePending: await, paused: stop}[now]
	case "paused":
		return [...]deed{stopped: start, startPending: await, stopPending: await, running: pause, continuePending: await, pausePending: await, paused: done}[now]
	}
	return impossible
}

// course is one service on its way to a state.
type course struct {
	Driver
	name, want string
	now        status
	asked      map[deed]time.Time // what it was told, and when
	pid        uint32             // of the process that was told to stop
	since      time.Time          // when it got into the state it is in, as far as was seen
	moved      time.Time          // when its checkpoint was last seen to change
}

func (d Driver) setState(ctx context.Context, name, want string) error {
	if next(stopped, want) == impossible {
		return fmt.Errorf("service %s: %q is no state that a service can be put into", name, want)
	}
	c := course{Driver: d, name: name, want: want, asked: map[deed]time.Time{}}
	for {
		at, err := c.look(ctx)
		if err != nil || at == done {
			return err
		}
		if at != await {
			err = c.tell(ctx, at)
		}
		if err == nil {
			d.pause(ctx, interval(c.now))
			err = ctx.Err()
		}
		if ctx.Err() != nil {
			return c.over(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// over looks once more when the time is over: an order that the manager is still busy
// with has kept the state from being seen.
func (c *course) over(ctx context.Context) error {
	more, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if at, err := c.look(more); at == done && err == nil {
		return nil
	}
	return c.unfinished(ctx)
}

// look reads the state, and says what is to be done next.
func (c *course) look(ctx context.Context) (deed, error) {
	was := c.now
	var now status
	err := within(ctx, func() (err error) { now, err = c.scm.status(c.name); return err })
	if ctx.Err() != nil {
		return await, nil // the caller sees to it
	}
	if err != nil {
		return await, said("the state of service "+c.name, err)
	}
	c.now = now
	if now.state < stopped || now.state > paused {
		return await, fmt.Errorf("service %s is in state %d, which nobody knows", c.name, now.state)
	}
	if now.state != was.state || c.since.IsZero() {
		c.since, c.moved = c.Driver.now(), c.Driver.now()
	}
	if now.checkPoint != was.checkPoint {
		c.moved = c.Driver.now()
	}
	return c.onceOnly(next(now.state, c.want))
}

// onceOnly keeps it from being told the same twice.
func (c *course) onceOnly(d deed) (deed, error) {
	if _, told := c.asked[d]; !told {
		return d, nil
	}
	switch {
	case d == start:
		return d, fmt.Errorf("service %s was started and stopped again by itself: %s", c.name, ended(c.now))
	case d == stop && c.now.pid != c.pid:
		return d, fmt.Errorf("service %s was stopped and runs again: something started it (PID %d, before that %d)", c.name, c.now.pid, c.pid)
	}
	return await, nil // told, and it has not begun
}

// tell gives the order. What the service was told before by somebody else, or does
// already, is no fault.
func (c *course) tell(ctx context.Context, d deed) error {
	if d == stop {
		if err := c.free(ctx); err != nil {
			return err
		}
	}
	c.asked[d], c.pid = c.Driver.now(), c.now.pid
	err := within(ctx, func() error {
		switch d {
		case start:
			return c.scm.start(c.name)
		case stop:
			return c.scm.control(c.name, controlStop)
		case pause:
			return c.scm.control(c.name, controlPause)
		}
		return c.scm.control(c.name, controlContinue)
	})
	switch {
	case err == nil, ctx.Err() != nil, is(err, alreadyRunning), is(err, notActive):
		return nil
	case is(err, requestTimeout):
		return nil // it was told, and may still do it
	case is(err, notAtThisTime):
		delete(c.asked, d)
		return nil
	case is(err, dependentsRun):
		return c.refused(ctx, err)
	}
	what := [...]string{start: "start", stop: "stop", pause: "pause", resume: "continue", impossible: ""}[d]
	return said(what+" of service "+c.name, err)
}

// DependentsError says that a service was not stopped, since others that run need it.
type DependentsError struct {
	Name    string
	Running []string // in the order in which they would have to stop; empty where nobody could tell
	Err     error    // the manager's, nil where it was not asked
}

// Error names them.
func (e *DependentsError) Error() string {
	if len(e.Running) == 0 {
		return fmt.Sprintf("service %s was not stopped: services that depend on it run, and the manager does not say which", e.Name)
	}
	return fmt.Sprintf("service %s was not stopped: these depend on it and run: %s", e.Name, strings.Join(e.Running, ", "))
}

// Unwrap is the manager's error.
func (e *DependentsError) Unwrap() error { return e.Err }

// free tells whether the service may be stopped: Windows refuses while dependents
// run, Wine does not.
func (c *course) free(ctx context.Context) error {
	units, err := c.scm.around(ctx, c.name)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return said("the dependents of service "+c.name, err)
	}
	if order := StopOrder(units, c.name); len(order) > 0 {
		return &DependentsError{Name: c.name, Running: order}
	}
	return nil
}

// refused names the dependents that the manager found.
func (c *course) refused(ctx context.Context, cause error) error {
	units, err := c.scm.around(ctx, c.name)
	return errors.Join(&DependentsError{Name: c.name, Running: StopOrder(units, c.name), Err: cause}, err)
}

// unfinished says where the service was left when the time was over, and what ends
// that.
func (c *course) unfinished(ctx context.Context) error {
	if c.now.state == 0 {
		return fmt.Errorf("the service manager did not tell the state of service %s: %w", c.name, ctx.Err())
	}
	var b strings.Builder
	now := c.Driver.now()
	fmt.Fprintf(&b, "service %s is still %s, since %s at least", c.name, stateWord(c.now.state), c.since.Format(time.TimeOnly))
	if pending(c.now.state) {
		fmt.Fprintf(&b, ", without a sign of headway for %v", brief(now.Sub(c.moved)))
		if c.now.waitHint > 0 {
			fmt.Fprintf(&b, " (it asked for %v)", c.now.waitHint)
		}
	}
	verb, at := c.last()
	switch {
	case verb != "":
		fmt.Fprintf(&b, "; it was told to %s %v ago, which cannot be taken back, and may still do it", verb, brief(now.Sub(at)))
	case c.now.state == stopPending && c.want == "running":
		b.WriteString("; it can be started only when it has stopped")
	case c.now.state == stopPending && c.want == "stopped":
		b.WriteString("; somebody told it to stop before")
	default:
		fmt.Fprintf(&b, "; it was not told to be %s", c.want)
	}
	if _, told := c.asked[stop]; told || c.now.state == stopPending {
		b.WriteString(c.end())
	}
	return fmt.Errorf("%s: %w", b.String(), ctx.Err())
}

// end is what ends a stop that hangs. A driver has no process.
func (c *course) end() string {
	if c.now.pid == 0 {
		return "; a restart of Windows ends it in any case"
	}
	return fmt.Sprintf("; it is process %d, and ends with that, or with a restart of Windows", c.now.pid)
}

// brief is a time as one says it.
func brief(d time.Duration) time.Duration { return d.Round(time.Second / 10) }

// last is the latest order.
func (c *course) last() (verb string, at time.Time) {
	for d, when := range c.asked {
		if verb == "" || when.After(at) {
			verb, at = [...]string{start: "start", stop: "stop", pause: "pause", resume: "continue"}[d], when
		}
	}
	return verb, at
}

func pending(state uint32) bool {
	return state == startPending || state == stopPending || state == continuePending || state == pausePending
}

// interval is how long to wait before looking again: a tenth of what a pending
// service asks for, as Microsoft advises, within bounds.
func interval(s status) time.Duration {
	const least, most = 50 * time.Millisecond, time.Second
	if !pending(s.state) {
		return least
	}
	return min(max(s.waitHint/10, least), most)
}

// within calls f, and leaves it behind when ctx ends first: a control that a service
// does not answer keeps its caller for half a minute.
func within(ctx context.Context, f func() error) error {
	end := make(chan error, 1)
	go func() { end <- f() }()
	select {
	case err := <-end:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
