// Package supervised is the driver for programs that a supervisor of its own keeps
// alive, and that come back when they are only killed: supervisord, pm2, runit, s6, and
// launchd on macOS. Each is asked by its own command.
//
// What is stopped so stays down until it is started again or the supervisor itself is
// started anew (at the next boot, as a rule): pm2 after `pm2 save`, and runit with a
// file named down, keep it longer, and launchd's job is loaded again when its domain is.
package supervised

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

// Limit bounds one Set: the time that a supervisor gives its program to end, and more.
const Limit = time.Minute

// What Read and Set may answer with.
var (
	ErrSupervisor = errors.New("no command is known for this supervisor")
	ErrUnknown    = errors.New("the supervisor does not know it")
	ErrNotRunning = errors.New("the supervisor does not run")
	ErrAmbiguous  = errors.New("the supervisor has several of this name")
	ErrStays      = errors.New("it did not become what it was to be")
)

// starter is what starts a command; tests have another.
type starter func(ctx context.Context, argv []string, o run.Options) (run.Result, error)

// Driver asks supervisors. It keeps nothing.
type Driver struct{ start starter }

// New returns the driver.
func New() Driver { return Driver{run.Command} }

// condition is what a supervisor says of a program. Running: it is, or the supervisor
// is about to start it again; a program that falls over and over is. Steady: it is not
// on its way into another condition. Failed: the supervisor has given it up.
type condition struct {
	running, steady, failed bool
	word                    string // the supervisor's own
}

// tool is one supervisor's command, for one program.
type tool interface {
	condition(ctx context.Context) (condition, error)
	// turn asks for the program to be up or down; it need not wait for it.
	turn(ctx context.Context, up bool) error
}

// Read returns "running": yes also for a program that the supervisor is about to start
// again. It changes nothing, starts no daemon, and blocks until the command has ended.
//
// Subject.Of has "supervisor", and for all of them "program" (the command's absolute
// path; else it is looked for in the system's folders) and "uid" (whose supervisor it
// is: the command runs as that user). Then supervisord: "config"; Name may be of the
// form group:process. pm2: "home" (PM2_HOME; else .pm2 in the user's home), and its
// command is looked for in that home too. runit and s6: "dir", the service's folder
// (else Name is looked for where such folders are).
// launchd: "domain" ("system", "gui/501") and, to start, "plist".
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	t, err := d.tool(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	now, err := t.condition(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return now.plan(), nil
}

func (c condition) plan() plan.State {
	if c.running {
		return plan.State{"running": "yes"}
	}
	return plan.State{"running": "no"}
}

// Set has the supervisor start or stop the program and returns when the supervisor
// says that it is so: nobody's exit code is believed. It gives up after [Limit], and at
// once when the supervisor gives up or refuses; the error then wraps [ErrStays] or has
// the command's words, and says what state the program is in.
func (d Driver) Set(ctx context.Context, s plan.Subject, _, to plan.State) error {
	want := to["running"]
	if want != "yes" && want != "no" || len(to) != 1 {
		return fmt.Errorf("%s can be running or not, not %q", s.Name, to)
	}
	t, err := d.tool(s)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	now, err := t.condition(ctx)
	if err != nil || now.is(want == "yes") {
		return wrap(s.Name, err)
	}
	said := t.turn(ctx, want == "yes")
	return wrap(s.Name, await(ctx, t, want == "yes", said))
}

func wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

// is tells whether the program is up, or down, for good.
func (c condition) is(up bool) bool { return c.running == up && c.steady }

// await asks until the program is as it was to be. A command that failed is believed
// when nothing is on its way.
func await(ctx context.Context, t tool, up bool, said error) error {
	for ctx.Err() == nil {
		now, err := t.condition(ctx)
		switch {
		case err != nil:
			return errors.Join(err, said)
		case now.is(up):
			return nil
		case up && now.failed, said != nil && now.steady:
			return errors.Join(fmt.Errorf("%w: it is %s", ErrStays, now.word), said)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := late(ctx, t, up); err != nil {
		return errors.Join(err, said)
	}
	return nil
}

// late says what state the program was left in when the time was up.
func late(ctx context.Context, t tool, up bool) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	now, err := t.condition(last)
	switch {
	case err != nil:
		return errors.Join(ctx.Err(), err)
	case now.is(up):
		return nil
	}
	return fmt.Errorf("%w: it is %s: %w", ErrStays, now.word, ctx.Err())
}

func (d Driver) tool(s plan.Subject) (tool, error) {
	if s.Name == "" || strings.HasPrefix(s.Name, "-") || strings.ContainsAny(s.Name, "\x00\n") {
		return nil, fmt.Errorf("%q: %w", s.Name, ErrUnknown)
	}
	switch s.Of["supervisor"] {
	case "supervisord":
		return d.supervisord(s)
	case "pm2":
		return d.pm2(s)
	case "runit":
		return d.runit(s)
	case "s6":
		return d.s6(s)
	case "launchd":
		return d.launchd(s)
	}
	return nil, fmt.Errorf("%q: %w", s.Of["supervisor"], ErrSupervisor)
}

// command is a supervisor's program and how it is run.
type command struct {
	start starter
	path  string
	opts  run.Options
}

// command finds the program: Of has its path, or it is one of the system's.
func (d Driver) command(s plan.Subject, name string) (command, string, error) {
	as, home, err := run.Lookup(s.Of["uid"])
	if err != nil {
		return command{}, "", err
	}
	c := command{start: d.start, path: name, opts: run.Options{As: as, Limit: Limit}}
	if p := s.Of["program"]; p != "" {
		c.path = p
	}
	if home != "" {
		c.opts.Env = []string{"HOME=" + home}
	}
	return c, home, nil
}

func (c command) run(ctx context.Context, args ...string) (run.Result, error) {
	return c.start(ctx, append([]string{c.path}, args...), c.opts)
}

// do runs a command that is to end well.
func (c command) do(ctx context.Context, args ...string) error {
	r, err := c.run(ctx, args...)
	if err == nil && r.Exit != 0 {
		err = said(args[0], r)
	}
	return err
}

// said is what a command complained of, on one line.
func said(verb string, r run.Result) error {
	text := strings.Join(strings.Fields(r.Stderr+" "+r.Stdout), " ")
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return fmt.Errorf("%s: exit %d: %s", verb, r.Exit, text)
}
