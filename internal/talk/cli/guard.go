package cli

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/talk/keeping"
	"github.com/berthd/berth/internal/talk/report/layout"
)

func (a *app) guard() *cobra.Command { return keeping.Guard(a.shell()) }

// shell lends what the commands of package keeping need.
func (a *app) shell() keeping.Shell {
	return keeping.Shell{
		Out: a.Out, Err: a.Err, Getenv: a.Getenv, JSON: func() bool { return a.global.json }, From: func() string { return a.global.from },
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
