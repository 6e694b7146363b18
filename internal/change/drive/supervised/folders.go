package supervised

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// Supervisors that keep one folder for each service: runit and s6.

// folder is the service's folder.
func folder(s plan.Subject, parents ...string) (string, error) {
	if dir := s.Of["dir"]; dir != "" {
		if !filepath.IsAbs(dir) {
			return "", fmt.Errorf("%q is no absolute path", dir)
		}
		return dir, nil
	}
	if !filepath.IsLocal(s.Name) || filepath.Base(s.Name) != s.Name {
		return "", fmt.Errorf("%q: %w", s.Name, ErrUnknown)
	}
	for _, p := range parents {
		dir := filepath.Join(p, s.Name)
		if info, err := os.Stat(filepath.Join(dir, "supervise")); err == nil && info.IsDir() {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: no folder of this name in %s", ErrUnknown, strings.Join(parents, ", "))
}

type runit struct {
	command
	dir string
}

func (d Driver) runit(s plan.Subject) (tool, error) {
	c, _, err := d.command(s, "sv")
	if err != nil {
		return nil, err
	}
	dir, err := folder(s, "/etc/service", "/service", "/var/service", "/run/runit/service", "/etc/runit/runsvdir/current")
	return runit{c, dir}, err
}

func (t runit) condition(ctx context.Context) (condition, error) {
	r, err := t.run(ctx, "status", t.dir)
	if err != nil {
		return condition{}, err
	}
	return runitWord(r.Stdout)
}

// runitWord reads a line of sv status: "run: DIR: (pid 15) 5s, want down; run: log:
// ...". "fail:" and "warning:" are about the folder and whoever keeps it.
func runitWord(line string) (condition, error) {
	line, _, _ = strings.Cut(strings.TrimSpace(line), "\n")
	own, _, _ := strings.Cut(line, "; ") // the rest is the log's
	word, rest, _ := strings.Cut(own, ":")
	now := condition{word: word}
	switch {
	case word == "run":
		now.running, now.steady = true, !strings.Contains(rest, ", want down")
	case word == "finish":
		now.running = true
	case word == "down":
		now.running = strings.Contains(rest, ", want up")
		now.steady = !now.running
	case strings.Contains(rest, "supervise/ok"):
		return now, fmt.Errorf("%w: %s", ErrNotRunning, line)
	default:
		return now, fmt.Errorf("%w: %s", ErrUnknown, line)
	}
	return now, nil
}

// turn waits for ten seconds by sv itself, which says "timeout:" and 1 thereafter;
// await goes on.
func (t runit) turn(ctx context.Context, up bool) error {
	verb := "down"
	if up {
		verb = "up"
	}
	r, err := t.run(ctx, "-w", "10", verb, t.dir)
	if err != nil || r.Exit == 0 || strings.HasPrefix(r.Stdout, "timeout:") {
		return err
	}
	return said(verb, r)
}

type s6 struct {
	command // s6-svc
	stat    command
	dir     string
}

func (d Driver) s6(s plan.Subject) (tool, error) {
	c, _, err := d.command(s, "s6-svc")
	if err != nil {
		return nil, err
	}
	stat := c
	stat.path = strings.TrimSuffix(c.path, "s6-svc") + "s6-svstat"
	dir, err := folder(s, "/run/service", "/service", "/etc/service", "/run/s6/services", "/var/run/s6/services", "/run/s6-rc/servicedirs")
	return s6{c, stat, dir}, err
}

func (t s6) condition(ctx context.Context) (condition, error) {
	r, err := t.stat.run(ctx, "-o", "up,wantedup", t.dir)
	if err != nil {
		return condition{}, err
	}
	if r.Exit != 0 {
		return condition{}, fmt.Errorf("%w: %w", ErrNotRunning, said("s6-svstat", r))
	}
	return s6Word(r.Stdout)
}

// s6Word reads whether a service is up, and whether it is to be.
func s6Word(text string) (condition, error) {
	switch strings.Join(strings.Fields(text), " ") {
	case "true true":
		return condition{running: true, steady: true, word: "up"}, nil
	case "true false":
		return condition{running: true, word: "up, wanted down"}, nil
	case "false true":
		return condition{running: true, word: "down, wanted up"}, nil
	case "false false":
		return condition{steady: true, word: "down"}, nil
	}
	return condition{}, errors.New("s6-svstat says " + text)
}

func (t s6) turn(ctx context.Context, up bool) error {
	if up {
		return t.do(ctx, "-u", t.dir)
	}
	return t.do(ctx, "-d", t.dir)
}
