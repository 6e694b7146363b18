package cli

import (
	"context"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/talk/freeing"
	"github.com/berthd/berth/internal/talk/keeping"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func (a *app) guard() *cobra.Command {
	s := a.shell()
	s.Restore = keeping.Restoring(&freeing.Quiet{Desk: freeing.Desk{Version: a.Version, Facts: a.facts}})
	s.Begin = func(ctx context.Context) { a.desk().SettleOld(ctx) }
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
