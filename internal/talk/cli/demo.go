package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/demo"
	"github.com/berthd/berth/internal/talk/freeing"
	"github.com/berthd/berth/internal/talk/pasted"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo [pid4]",
		Short: "a real port conflict: made, explained, solved and cleaned up",
		Long: `demo listens on a free, unprivileged loopback port, lets a second server ask for
the same port, shows what a program usually says then and what berth says, moves the
first by a plan, takes that back, and lets the port go again. It needs no rights, and starts nothing but the netsh
readings that every answer on Windows may need. Where berth cannot read who has
a port, it shows what check says instead.

demo pid4 tells the recorded story of port 80 and PID 4 from texts of a Windows
machine, on any system; it reads and makes nothing here.

Exit codes: 0 shown; 2 the words are off; 3 no port could be had.`,
		Example: `  berth demo
  berth demo pid4`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && args[0] != "pid4" {
				return usage("berth demo, berth demo pid4", "demo has no %q", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runDemo(cmd.Context(), len(args) == 1) },
	}
}

func (a *app) runDemo(ctx context.Context, recorded bool) error {
	if a.global.from != "" || a.global.netns != "" || a.global.json {
		return usage("leave it out", "demo makes its conflict here and tells it to people: it takes no --from, --netns or --json")
	}
	p := &demo.Page{Out: a.Out, Style: a.style()}
	err := error(nil)
	if recorded {
		err = demo.PID4(answerer{a}, p)
	} else {
		err = demo.Conflict(ctx, answerer{a}, freeing.Rehearse, p)
	}
	switch {
	case p.Err() != nil:
		return closed(p.Err())
	case errors.Is(err, demo.ErrNoPort):
		return &fail{ExitCouldNot, err, ""}
	case errors.Is(err, demo.ErrShared):
		return &fail{ExitInternal, err, "please report it with: berth snapshot save FILE"}
	}
	a.exit = ExitYes
	return err
}

// answerer answers the questions of a demo.
type answerer struct{ *app }

func (a answerer) Facts(ctx context.Context, e fact.Endpoint) (fact.Set, error) {
	return a.facts(ctx, snapshot.Query{Ports: []uint16{e.Port}, Protos: e.Protos(), Owners: true, Context: true})
}

func (a answerer) Who(set *fact.Set, e fact.Endpoint) demo.Answer { return answer(set, e) }

func (a answerer) Check(ctx context.Context, e fact.Endpoint) (demo.Answer, error) {
	c, err := a.checkOnce(ctx, []fact.Endpoint{e}, checkOptions{})
	if err == nil {
		c.Index.Set.Gaps = nil
	}
	return c, err
}

func (a answerer) Explain(texts ...paste.Text) (demo.Answer, error) {
	return pasted.Explain(pasted.Question{Texts: texts})
}

func (a answerer) Judge(texts ...paste.Text) (demo.Answer, error) {
	e, err := pasted.Explain(pasted.Question{Texts: texts})
	e.Seen, e.Answers, e.Steps = nil, nil, nil
	return e, err
}
