package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/demo"
)

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "a real port conflict: made, explained and cleaned up",
		Long: `demo listens on a free, unprivileged loopback port, lets a second server ask for
the same port, shows what a program usually says then and what berth says, and
lets the port go again. It starts no process and needs no rights. Where berth
cannot read yet who has a port, it shows what check says instead.

Exit codes: 0 shown; 2 the words are off; 3 no port could be had.`,
		Example: "  berth demo",
		Args:    noArgs("demo", "berth demo"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context()) },
	}
}

func (a *app) runDemo(ctx context.Context) error {
	if a.global.from != "" || a.global.netns != "" || a.global.json {
		return usage("leave it out", "demo makes its conflict here and tells it to people: it takes no --from, --netns or --json")
	}
	p := &demo.Page{Out: a.Out, Style: a.style()}
	err := demo.Conflict(ctx, answerer{a}, p)
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
