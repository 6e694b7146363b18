package supervised

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/run"
)

type supervisord struct {
	command
	config []string // the arguments that name it
	name   string
	full   string // as the last listing had it
}

func (d Driver) supervisord(s plan.Subject) (tool, error) {
	c, _, err := d.command(s, "supervisorctl")
	if err != nil {
		return nil, err
	}
	t := &supervisord{command: c, name: s.Name}
	if f := s.Of["config"]; f != "" {
		// It may name modules to load, and so must not be another's.
		if err := run.Trusted(f, c.opts.As); err != nil {
			return nil, err
		}
		t.config = []string{"-c", f}
	}
	return t, nil
}

// condition reads all programs: to ask for one by a name that is not known, or is a
// group's, ends with the same exit code as to ask nobody. Exit codes of status are 0,
// 3 when something is not running, 4 when there was no answer.
func (t *supervisord) condition(ctx context.Context) (now condition, err error) {
	r, err := t.run(ctx, append(t.config, "status")...)
	if err != nil {
		return now, err
	}
	if r.Exit != 0 && r.Exit != 3 {
		return now, fmt.Errorf("%w: %w", ErrNotRunning, said("status", r))
	}
	t.full, now, err = pick(r.Stdout, t.name)
	return now, err
}

// pick finds a program in what supervisorctl lists, by its full name or by the part
// behind its group's.
func pick(listing, name string) (string, condition, error) {
	var full, word string
	for line := range strings.Lines(listing) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		if f[0] == name {
			full, word = f[0], f[1]
			break
		}
		if _, process, ok := strings.Cut(f[0], ":"); !ok || process != name {
			continue
		}
		if full != "" {
			return "", condition{}, fmt.Errorf("%w: %s and %s", ErrAmbiguous, full, f[0])
		}
		full, word = f[0], f[1]
	}
	if full == "" {
		return "", condition{}, ErrUnknown
	}
	now, err := supervisordWord(word)
	return full, now, err
}

// supervisordWord knows the states of a process, as supervisord's manual lists them.
func supervisordWord(word string) (condition, error) {
	now := condition{word: word}
	switch word {
	case "RUNNING":
		now.running, now.steady = true, true
	case "STARTING", "BACKOFF", "STOPPING":
		now.running = true
	case "STOPPED":
		now.steady = true
	case "EXITED", "FATAL":
		now.steady, now.failed = true, true
	default:
		return now, errors.New("supervisord says that it is " + word)
	}
	return now, nil
}

func (t *supervisord) turn(ctx context.Context, up bool) error {
	verb := "stop"
	if up {
		verb = "start"
	}
	return t.do(ctx, append(t.config, verb, t.full)...)
}
