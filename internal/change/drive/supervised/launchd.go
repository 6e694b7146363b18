package supervised

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
)

// launchd is a job of macOS. It runs, to us, while it is loaded: launchd starts a
// loaded job whenever it thinks fit.
type launchd struct {
	command
	domain, label, plist string
}

func (d Driver) launchd(s plan.Subject) (tool, error) {
	c, _, err := d.command(s, "/bin/launchctl")
	if err != nil {
		return nil, err
	}
	t := launchd{c, s.Of["domain"], s.Name, s.Of["plist"]}
	if !regexp.MustCompile(`^(system|(gui|user)/\d+)$`).MatchString(t.domain) || strings.Contains(t.label, "/") {
		return nil, errors.New("a job is named by its domain (system, gui/501) and its label, not " + t.domain + " and " + t.label)
	}
	return t, nil
}

// noSuchService is the exit code of launchctl print for what is not loaded ("Could not
// find service", launchctl error 113). Its text is not to be relied on, as its manual
// says.
const noSuchService = 113

func (t launchd) condition(ctx context.Context) (condition, error) {
	r, err := t.run(ctx, "print", t.domain+"/"+t.label)
	switch {
	case err != nil:
		return condition{}, err
	case r.Exit == noSuchService:
		return condition{steady: true, word: "not loaded"}, nil
	case r.Exit == 0:
		return condition{running: true, steady: true, word: "loaded"}, nil
	}
	return condition{}, said("print", r)
}

// inProgress is what bootout ends with while the job is still on its way out.
const inProgress = 36

func (t launchd) turn(ctx context.Context, up bool) error {
	if up {
		if !strings.HasPrefix(t.plist, "/") {
			return errors.New("its plist is not named")
		}
		return t.do(ctx, "bootstrap", t.domain, t.plist)
	}
	r, err := t.run(ctx, "bootout", t.domain+"/"+t.label)
	if err == nil && r.Exit != 0 && r.Exit != inProgress {
		err = said("bootout", r)
	}
	return err
}
