package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/change/run"
)

// commander starts a program as a user, by uid; "" is the asker.
type commander func(ctx context.Context, uid string, argv ...string) (run.Result, error)

// cli is a podman that has no socket: its own program.
type cli struct {
	start commander
	uid   string // of a rootless engine's user, "" for the system's
}

func (c cli) inspect(ctx context.Context, id string) (inspected, error) {
	r, err := c.podman(ctx, "inspect", id)
	if err != nil {
		return inspected{}, err
	}
	if r.Exit == 0 {
		return parseInspected([]byte(r.Stdout), id)
	}
	there, err := c.podman(ctx, "exists", id)
	if err == nil && there.Exit == 1 {
		return inspected{}, errAbsent
	}
	return inspected{}, c.complaint("inspect", id, r)
}

func (c cli) order(ctx context.Context, id string, o order) error {
	words := []string{o.verb}
	switch o.verb {
	case "stop":
		words = append(words, "--time", seconds(o.grace))
	case "update":
		words = append(words, "--restart", o.restart.String())
	}
	r, err := c.podman(ctx, append(words, id)...)
	if err != nil {
		return err
	}
	if r.Exit != 0 {
		return c.complaint(o.verb, id, r)
	}
	return nil
}

// podman runs "podman container" with words.
func (c cli) podman(ctx context.Context, words ...string) (run.Result, error) {
	argv := append([]string{"podman", "container"}, words...)
	r, err := c.start(ctx, c.uid, argv...)
	if errors.Is(err, run.ErrUser) {
		return r, fmt.Errorf("it is uid %s's, who can type: %s: %w", c.uid, strings.Join(argv, " "), fs.ErrPermission)
	}
	return r, err
}

func (c cli) complaint(verb, id string, r run.Result) error {
	return fmt.Errorf("podman container %s %.12s: exit code %d: %.500s", verb, id, r.Exit, strings.TrimSpace(r.Stderr))
}

// startProgram starts a program as a user with what its session would have set.
func startProgram(ctx context.Context, uid string, argv ...string) (run.Result, error) {
	if runtime.GOOS != "linux" {
		return run.Result{}, fmt.Errorf("podman without its socket: %w", errors.ErrUnsupported)
	}
	if uid == "" && os.Geteuid() != 0 {
		return run.Result{}, fmt.Errorf("podman of the system: %w", fs.ErrPermission)
	}
	if uid == "" {
		return run.Command(ctx, argv, run.Options{Env: []string{"HOME=/root"}, Limit: limit(ctx)})
	}
	u, err := user.LookupId(uid)
	if err != nil {
		return run.Result{}, err
	}
	as, err := numbers(u)
	if err != nil {
		return run.Result{}, err
	}
	home := "/run/user/" + uid
	env := []string{"HOME=" + u.HomeDir, "USER=" + u.Username, "XDG_RUNTIME_DIR=" + home}
	if _, err := os.Stat(home + "/bus"); err == nil {
		env = append(env, "DBUS_SESSION_BUS_ADDRESS=unix:path="+home+"/bus")
	}
	return run.Command(ctx, argv, run.Options{Env: env, As: &as, Limit: limit(ctx)})
}

func numbers(u *user.User) (run.User, error) {
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return run.User{UID: uint32(uid), GID: uint32(gid)}, errors.Join(err1, err2)
}

// limit is the time that ctx leaves.
func limit(ctx context.Context) time.Duration {
	at, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return max(1, time.Until(at))
}
