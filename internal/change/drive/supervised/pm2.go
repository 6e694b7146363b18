package supervised

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

type pm2 struct {
	command
	home, name string
}

func (d Driver) pm2(s plan.Subject) (tool, error) {
	c, home, err := d.command(s, "pm2")
	if err != nil {
		return nil, err
	}
	t := pm2{command: c, home: s.Of["home"], name: s.Name}
	if home == "" { // the asker's own
		home, _ = os.UserHomeDir()
		t.home = cmp.Or(t.home, os.Getenv("PM2_HOME"))
	}
	if t.home == "" && home != "" {
		t.home = filepath.Join(home, ".pm2")
	}
	if t.home == "" {
		return nil, errors.New("the folder of pm2 (PM2_HOME) is not named")
	}
	t.opts.Env = append(t.opts.Env, "PM2_HOME="+t.home)
	if s.Of["program"] == "" {
		t.path = ofUser(t.path, home)
	}
	if filepath.IsAbs(t.path) { // its node may be beside it
		t.opts.Env = append(t.opts.Env, "PATH="+filepath.Dir(t.path)+":/usr/local/bin:/usr/bin:/bin")
	}
	return t, nil
}

// ofUser finds a command that npm put into a user's home, where the system has none:
// of several versions of node (nvm), the one that sorts last.
func ofUser(name, home string) string {
	if _, err := run.Look(name); err == nil || home == "" {
		return name
	}
	for _, dir := range []string{".nvm/versions/node/*/bin", ".npm-global/bin", ".volta/bin", ".local/bin", "n/bin"} {
		if all, _ := filepath.Glob(filepath.Join(home, dir, name)); len(all) > 0 {
			return all[len(all)-1]
		}
	}
	return name
}

// app is what pm2 jlist says of one instance.
type app struct {
	Name string `json:"name"`
	ID   *int   `json:"pm_id"`
	Env  struct {
		Status string `json:"status"`
	} `json:"pm2_env"`
}

func (t pm2) condition(ctx context.Context) (condition, error) {
	all, err := t.apps(ctx)
	if err != nil {
		return condition{}, err
	}
	return together(all)
}

// apps are the instances of the program. The daemon is looked for first: pm2 would
// start one.
func (t pm2) apps(ctx context.Context) ([]app, error) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "unix", filepath.Join(t.home, "rpc.sock"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	_ = c.Close()
	r, err := t.run(ctx, "jlist")
	switch {
	case err != nil:
		return nil, err
	case r.Exit != 0:
		return nil, said("jlist", r)
	case r.Truncated:
		return nil, errors.New("pm2 lists more than can be kept")
	}
	return parseApps(r.Stdout, t.name)
}

// parseApps reads the list; lines before it are pm2's advice.
func parseApps(text, name string) ([]app, error) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "[{") && strings.TrimSpace(line) != "[]" {
			continue
		}
		var all []app
		if err := json.Unmarshal([]byte(line), &all); err != nil {
			return nil, fmt.Errorf("the list of pm2: %w", err)
		}
		var mine []app
		for _, a := range all {
			if a.Name == name && a.ID != nil {
				mine = append(mine, a)
			}
		}
		if len(mine) == 0 {
			return nil, ErrUnknown
		}
		return mine, nil
	}
	return nil, errors.New("pm2 gave no list")
}

// together is the condition of a program with several instances: it runs while one
// does, and steadily when all are alike.
func together(all []app) (condition, error) {
	now, err := pm2Word(all[0].Env.Status)
	for _, a := range all[1:] {
		other, failed := pm2Word(a.Env.Status)
		err = errors.Join(err, failed)
		if other.running != now.running {
			now.running, now.steady = true, false
			now.word += ", " + other.word
		}
		now.steady, now.failed = now.steady && other.steady, now.failed || other.failed
	}
	return now, err
}

// pm2Word knows the statuses of pm2's constants.js. "waiting restart" is a program
// that fell and is started again after a while.
func pm2Word(word string) (condition, error) {
	now := condition{word: word}
	switch word {
	case "online", "one-launch-status":
		now.running, now.steady = true, true
	case "launching", "stopping", "waiting restart":
		now.running = true
	case "stopped":
		now.steady = true
	case "errored":
		now.steady, now.failed = true, true
	default:
		return now, errors.New("pm2 says that it is " + strconv.Quote(word))
	}
	return now, nil
}

// turn names the instances by their numbers: a name may be "all", or a file's.
func (t pm2) turn(ctx context.Context, up bool) error {
	all, err := t.apps(ctx)
	if err != nil {
		return err
	}
	args := []string{"stop"}
	if up {
		args[0] = "start"
	}
	for _, a := range all {
		if now, err := pm2Word(a.Env.Status); err == nil && now.is(up) {
			continue
		}
		args = append(args, strconv.Itoa(*a.ID))
	}
	if len(args) == 1 {
		return nil
	}
	return t.do(ctx, args...)
}
