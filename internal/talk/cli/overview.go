package cli

import (
	"context"
	"fmt"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/cli/filter"
	"github.com/berthd/berth/internal/talk/freeing"
	"github.com/berthd/berth/internal/talk/report"
)

// runOverview: conflicts and damage first, then listeners with owners.
func (a *app) runOverview(ctx context.Context) error {
	set, err := a.facts(ctx, snapshot.Query{Owners: true, Context: true})
	if err != nil {
		return err
	}
	if err := seen(&set); err != nil {
		return err
	}
	x := chain.NewIndex(&set)
	o := report.Overview{Troubles: diagnose.Overview(x), Right: func(f diagnose.Finding) []string { return freeing.PutsRight(f, a.global.from) }}
	o.Ls = report.NewLs(x, func(r report.ListRow) bool {
		return r.Socket.State.Serves() && !filter.Connected(r.Socket) && r.Socket.Netns == ""
	})
	a.left(ctx, &set.Machine)
	if a.global.json {
		return a.document(o.Document())
	}
	if err := a.text(o.WriteText); err != nil {
		return err
	}
	return a.talkGaps(&set)
}

// left says, beside the answer, what the journal has open; what waited for a reboot
// that has been is verified first.
func (a *app) left(ctx context.Context, m *fact.Machine) {
	if a.global.from != "" || a.global.netns != "" {
		return
	}
	d := a.desk()
	for _, l := range append(d.Rebooted(ctx, m), d.Open(m)) {
		if l != "" {
			fmt.Fprintln(a.Err, l)
		}
	}
}
