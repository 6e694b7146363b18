// Package container stops and starts the containers of Docker and Podman, pauses them
// and sets their restart policy.
//
// The engine is asked over its own socket, on Windows its pipe. Podman on Linux often
// has none: then its program is started, for a rootless engine as its user. Docker's is
// never started: an engine that runs for its socket's sake alone is left asleep.
//
// The socket decides who may: root, group docker, the rootless engine's user and root.
// A closed one is an [io/fs.ErrPermission]. A container that was removed does not come
// back: setting it to anything but not running is a [plan.ErrFinal]. Published ports of
// a container cannot be changed.
package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/machine/container"
	"github.com/berthd/berth/internal/machine/container/engineapi"
)

const (
	defaultGrace = 10 * time.Second
	// How long an engine may take for what is not waiting for a container.
	asked   = 10 * time.Second
	ordered = time.Minute
)

// Driver knows containers. It keeps nothing.
type Driver struct {
	dial    engineapi.Dialer
	dormant func(engine, path string) bool
	command commander
	usual   func(engine, uid string) string // place of an engine's socket
	settled time.Duration                   // until what an engine has confirmed can be read
}

// New returns the driver of this machine.
func New() Driver {
	return Driver{engineapi.Dial, container.Dormant, startProgram, container.Socket, 5 * time.Second}
}

// transport is a way to one engine.
type transport interface {
	// inspect tells what a container is like; errAbsent where there is none.
	inspect(ctx context.Context, id string) (inspected, error)
	order(ctx context.Context, id string, o order) error
}

// order is what is done to a container: "start", "stop", "pause", "unpause", "update".
type order struct {
	verb    string
	grace   time.Duration // of stop
	restart policy        // of update
}

var errAbsent = errors.New("no such container")

// Read tells what the container is like. One that is not there has "exists" "no", and
// does not run. It blocks on the engine for ten seconds at most, and starts none.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	t, err := d.reach(s)
	if err != nil {
		return nil, err
	}
	in, err := look(ctx, t, s.Name)
	if errors.Is(err, errAbsent) {
		return plan.State{"exists": "no", "running": "no"}, nil
	}
	if err != nil {
		return nil, failed(s, err)
	}
	return in.state(), nil
}

// Set makes "restart", "running" and "paused" true, in this order but that a paused
// container goes on before it is stopped; nothing else can be set. To stop is to ask it
// to end, and to kill it when Of["grace"] is over (ten seconds; Docker's and Podman's
// own doing). One that was run with --rm is gone when it has stopped. A container that
// ends as soon as it was started is an error. It blocks until the engine has done it,
// a minute beyond the grace at most.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	grace, err := orders(s, to)
	if err != nil {
		return err
	}
	t, err := d.reach(s)
	if err != nil {
		return err
	}
	in, err := look(ctx, t, s.Name)
	if errors.Is(err, errAbsent) {
		return absent(s, before, to)
	}
	if err != nil {
		return failed(s, err)
	}
	err = (&change{t, s.Name, grace, d.settled, in}).make(ctx, to)
	switch {
	case errors.Is(err, errAbsent): // removed by somebody meanwhile
		return absent(s, before, to)
	case err != nil:
		return failed(s, err)
	}
	return nil
}

// orders checks what is to be set, before anything is.
func orders(s plan.Subject, to plan.State) (grace time.Duration, err error) {
	for k, v := range to {
		switch k {
		case "running", "paused":
			if v != "yes" && v != "no" {
				return 0, fmt.Errorf("%s of a container cannot be %q", k, v)
			}
		case "restart":
			if _, err := parsePolicy(v); err != nil {
				return 0, err
			}
		default:
			return 0, fmt.Errorf("%s of a container cannot be set", k)
		}
	}
	if len(to) == 0 {
		return 0, errors.New("nothing to set of a container")
	}
	if to["running"] == "no" && to["paused"] == "yes" {
		return 0, errors.New("a container that does not run cannot be paused")
	}
	text := s.Of["grace"]
	if text == "" {
		return defaultGrace, nil
	}
	if grace, err = time.ParseDuration(text); err != nil || grace < 0 {
		return 0, fmt.Errorf("grace %q is no time", text)
	}
	return grace, nil
}

// absent is the answer about a container that is not there any more.
func absent(s plan.Subject, before, to plan.State) error {
	if len(to) == 1 && to["running"] == "no" {
		return nil
	}
	why := "it was removed"
	if before["autoremove"] == "yes" {
		why = "it was run with --rm, and removed when it stopped"
	}
	name := before["name"]
	if name == "" {
		name = s.Name
	}
	return fmt.Errorf("container %s is gone and %w: %s", name, plan.ErrFinal, why)
}

func failed(s plan.Subject, err error) error {
	var late net.Error
	switch {
	case nobodyListens(err):
		return fmt.Errorf("%s does not run: %w", s.Of["engine"], err)
	case errors.As(err, &late) && late.Timeout():
		return fmt.Errorf("%s does not answer: %w", s.Of["engine"], err)
	}
	return fmt.Errorf("%s %w", s.Of["engine"], err)
}

// reach finds the way to the engine of a container. It does not ask it.
func (d Driver) reach(s plan.Subject) (transport, error) {
	engine, path := s.Of["engine"], s.Of["socket"]
	switch {
	case s.Kind != plan.Container || !fullID(s.Name):
		return nil, fmt.Errorf("%s %q is no container by its full id", s.Kind, s.Name)
	case engine != "docker" && engine != "podman":
		return nil, fmt.Errorf("containers of %q: %w", engine, errors.ErrUnsupported)
	}
	if engine == "docker" && path == "" { // it was closed to who made the plan
		path = d.usual(engine, s.Of["user"])
	}
	if d.dormant(engine, path) {
		return nil, fmt.Errorf("%s is not running, and asking it on %s would start it", engine, path)
	}
	a := api{d.dial, path}
	if engine == "docker" {
		return a, nil
	}
	c := cli{start: d.command, uid: s.Of["user"]}
	if path == "" {
		return c, nil
	}
	return either{a, c}, nil
}

func fullID(id string) bool {
	return len(id) == 64 && strings.Trim(id, "0123456789abcdef") == ""
}

// either is a podman whose service may not run: its program does the same.
type either struct {
	api api
	cli cli
}

func (e either) inspect(ctx context.Context, id string) (inspected, error) {
	in, err := e.api.inspect(ctx, id)
	if nobodyListens(err) {
		return e.cli.inspect(ctx, id)
	}
	return in, err
}

func (e either) order(ctx context.Context, id string, o order) error {
	err := e.api.order(ctx, id, o)
	if nobodyListens(err) {
		return e.cli.order(ctx, id, o)
	}
	return err
}

// nobodyListens tells that a socket is not there, or was left behind.
func nobodyListens(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED))
}

func look(ctx context.Context, t transport, id string) (inspected, error) {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	return t.inspect(ctx, id)
}
