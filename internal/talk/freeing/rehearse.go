package freeing

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/drive"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/freeing/looking"
	"github.com/berthd/berth/internal/talk/report/changes"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Rehearsal is a plan that edits one file, done by the same engine as any other and
// with a journal in a folder of its own. Nothing else of the machine is touched.
type Rehearsal struct {
	engine *apply.Engine
	plan   plan.Plan
	entry  int
}

// Rehearse prepares an edit of file, to the bytes after, that is to free at on TCP. The
// journal is kept in folder.
func Rehearse(ctx context.Context, folder, file, after string, at netip.AddrPort) (*Rehearsal, error) {
	store, err := journal.Open(folder)
	if err != nil {
		return nil, err
	}
	r := &Rehearsal{engine: &apply.Engine{Drivers: drive.All(), Journal: store, By: journal.By{}, Try: looking.Try, Look: looking.Listeners, Tell: func(apply.Progress) {}}}
	p := plan.Plan{
		Version: plan.Version, Made: time.Now(), Remedy: "move", Port: at.Port(), Proto: string(fact.TCP),
		Goal: plan.Goal{Binds: []plan.Bind{{Proto: fact.TCP, Addr: at.Addr().String(), Port: at.Port()}}, Settle: 300 * time.Millisecond},
		Cost: plan.Cost{Privilege: "none", Risk: "low", Downtime: "moment", Class: plan.Reversible, Survives: true},
		Steps: []plan.Step{{Subject: plan.Subject{Kind: plan.File, Name: file}, Before: plan.State{"exists": "yes"}, After: plan.State{"content": after},
			Class: plan.Reversible, Why: plan.Reason{ID: "edit-config"}}},
	}
	r.plan, err = r.engine.Prepare(ctx, p)
	return r, err
}

// WriteText writes the plan as berth free shows it.
func (r *Rehearsal) WriteText(w io.Writer, st layout.Style) error {
	var b strings.Builder
	changes.Write(&b, st, r.plan, "")
	_, err := io.WriteString(w, b.String())
	return err
}

// Do does it, and returns what berth free says at the end.
func (r *Rehearsal) Do(ctx context.Context) (string, error) {
	en, err := r.engine.Run(ctx, r.plan)
	if err != nil {
		return "", err
	}
	r.entry = en.ID
	return changes.Proof(en), nil
}

// Undo takes it back, and returns what berth undo says.
func (r *Rehearsal) Undo(ctx context.Context) (string, error) {
	en, err := r.engine.Undo(ctx, r.entry)
	if err != nil {
		return "", err
	}
	return changes.Undone(en), nil
}
