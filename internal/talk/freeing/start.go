package freeing

import (
	"context"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
)

// Start starts a systemd unit or a Windows service through the journal, and returns
// when it runs. One that runs already is left alone.
func (d *Desk) Start(ctx context.Context, s plan.Subject) error {
	running := plan.State{"active": "active"}
	if s.Kind == plan.Service {
		running = plan.State{"state": "running"}
	}
	set, err := d.Facts(ctx, snapshot.Query{Ports: []uint16{1}, Protos: []fact.Proto{fact.TCP}})
	if err != nil {
		return err
	}
	e, err := d.engine(ctx, &set.Machine, 0)
	if err != nil {
		return err
	}
	now, err := e.Drivers[s.Kind].Read(ctx, s)
	if err != nil || len(plan.Differs(running, now)) == 0 {
		return err
	}
	p, err := e.Prepare(ctx, plan.Plan{
		Version: plan.Version, Made: set.At, Remedy: "start:" + s.Name,
		Cost:  plan.Cost{Privilege: "root", Risk: "low", Downtime: "none", Class: plan.Restartable},
		Steps: []plan.Step{{Subject: s, Before: plan.State{}, After: running, Class: plan.Restartable, Why: plan.Reason{ID: "start-owner"}}},
	})
	if err != nil {
		return err
	}
	_, err = e.Run(ctx, p)
	return err
}
