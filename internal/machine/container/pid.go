package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
)

// ErrNotRunning says that a container is there and has no process.
var ErrNotRunning = errors.New("the container is not running")

// PID asks Docker and Podman, the system's and the caller's own, for the init
// process of the running container with this name or beginning of an id. The
// number is one of the engine's PID namespace. It blocks on the engines' sockets
// for two seconds each at most. The error wraps fs.ErrNotExist where no engine
// that could be asked knows the name, fs.ErrPermission where one was closed and no
// other knew it, and [ErrNotRunning].
func PID(ctx context.Context, name string) (int, error) {
	return findPID(ctx, name, newReader(Query{}, live()))
}

func findPID(ctx context.Context, name string, r *reader) (int, error) {
	asked := map[string]bool{}
	for _, engine := range [...]string{"docker", "podman"} {
		for _, uid := range [...]string{"", r.do.self()} {
			r.ask(ctx, engine, r.do.sockets(engine, uid), asked)
		}
	}
	for _, a := range r.answers {
		for _, c := range a.rows {
			if c.Name == name || len(name) >= 4 && strings.HasPrefix(c.Full, name) {
				return pidOf(ctx, r.do.dial, a.place, c)
			}
		}
	}
	for _, e := range r.set.Engines {
		if e.State == "closed" {
			return 0, fmt.Errorf("container %q: %s: %w", name, e.Path, fs.ErrPermission)
		}
	}
	return 0, fmt.Errorf("container %q: %w", name, fs.ErrNotExist)
}

func pidOf(ctx context.Context, dial engineapi.Dialer, at place, c fact.Container) (int, error) {
	in, err := inspect(ctx, dial, at, c.Full)
	switch {
	case err != nil:
		return 0, fmt.Errorf("container %q: %w", c.Name, err)
	case in.State.Pid == 0:
		return 0, fmt.Errorf("container %q: %w", c.Name, ErrNotRunning)
	}
	return in.State.Pid, nil
}
