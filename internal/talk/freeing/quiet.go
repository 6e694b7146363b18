package freeing

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Quiet changes the machine for the guard: what a desk would say is kept, and is the
// error where it does not end well.
type Quiet struct{ Desk Desk }

// Start starts a unit or a service, as [Desk.Start] does. Somebody who is changing the
// machine is waited for a few seconds.
func (q *Quiet) Start(ctx context.Context, s plan.Subject, e fact.Endpoint) error {
	d := q.desk(io.Discard)
	_, err := d.patiently(ctx, patience, func() (*journal.Entry, error) { return nil, d.Start(ctx, s, e) })
	return err
}

// Free applies a remedy without asking.
func (q *Quiet) Free(ctx context.Context, e fact.Endpoint, remedy string) error {
	var said strings.Builder
	code, err := q.desk(&said).Free(ctx, Options{Endpoint: e, Remedy: remedy, Yes: true, Settle: planning.DefaultSettle})
	if err == nil && code != exitDone {
		err = fmt.Errorf("berth free %s --remedy %s ended with %d: %s", e, remedy, code, sentence.Clean(said.String(), 600))
	}
	return err
}

func (q *Quiet) desk(said io.Writer) *Desk {
	d := q.Desk
	d.agent = "guard"
	d.In, d.Out, d.Err = strings.NewReader(""), io.Discard, io.Discard
	d.Write = func(text func(io.Writer, layout.Style) error, _ any) error { return text(said, layout.Style{}) }
	return &d
}
