package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/freeing"
	"github.com/berthd/berth/internal/talk/keeping"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func (a *app) guard() *cobra.Command {
	s := a.shell()
	s.Restore = keeping.Restoring(changer{a})
	return keeping.Guard(s)
}

func (a *app) service() *cobra.Command {
	return keeping.Service(a.shell(), func(ctx context.Context, p plan.Plan, dry bool) (plan.Plan, int, error) {
		done, entry := p, 0
		err := a.changing(func(d *freeing.Desk) (int, error) {
			q, en, err := d.Do(ctx, p, dry)
			if done = q; en != nil {
				entry = en.ID
			}
			return freeing.ExitOf(err), err
		})
		return done, entry, err
	})
}

// changer changes the machine for the guard: what a desk would say is kept, and is the
// error where it does not end well.
type changer struct{ *app }

// Start is what the guard calls to start an owner.
func (c changer) Start(ctx context.Context, s plan.Subject) error { return c.quiet(nil).Start(ctx, s) }

// Free is what the guard calls to apply a remedy.
func (c changer) Free(ctx context.Context, e fact.Endpoint, remedy string) error {
	var said strings.Builder
	code, err := c.quiet(&said).Free(ctx, freeing.Options{Endpoint: e, Remedy: remedy, Yes: true, Settle: planning.DefaultSettle})
	if err == nil && code != ExitYes {
		err = fmt.Errorf("berth free %s --remedy %s ended with %d: %s", e, remedy, code, oneLine(said.String()))
	}
	return err
}

func (c changer) quiet(said *strings.Builder) *freeing.Desk {
	d := &freeing.Desk{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Version: c.Version, Facts: c.facts}
	d.Write = func(text func(io.Writer, layout.Style) error, _ any) error { return text(said, layout.Style{}) }
	return d
}

// shell lends what the commands of package keeping need.
func (a *app) shell() keeping.Shell {
	return keeping.Shell{
		Out: a.Out, Err: a.Err, Getenv: a.Getenv, JSON: func() bool { return a.global.json }, From: func() string { return a.global.from },
		Netns: func() string { return a.global.netns },
		Facts: a.facts, Interruptible: a.interruptible, Exit: func(code int) { a.exit = code },
		Fail: func(code int, err error, hint string) error { return &fail{code, err, hint} },
		Line: func(doc any) error {
			return a.harmless(func(w io.Writer) error { return json.NewEncoder(w).Encode(doc) })
		},
		Say: func(text func(io.Writer, layout.Style) error, doc any) error {
			if a.global.json {
				return a.document(doc)
			}
			return a.text(text)
		},
	}
}
