package freeing

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
)

// Start starts a systemd unit or a Windows service through the journal, and returns
// when it runs. One that runs already is left alone. Undoing the entry stops nothing:
// whoever is started this way, for the sake of an endpoint, is meant to run.
func (d *Desk) Start(ctx context.Context, s plan.Subject, e fact.Endpoint) error {
	running := plan.State{"active": "active"}
	if s.Kind == plan.Service {
		running = plan.State{"state": "running"}
	}
	set, err := d.Facts(ctx, snapshot.Query{Ports: []uint16{1}, Protos: []fact.Proto{fact.TCP}})
	if err != nil {
		return err
	}
	engine, err := d.engine(ctx, &set.Machine, 0)
	if err != nil {
		return err
	}
	now, err := engine.Drivers[s.Kind].Read(ctx, s)
	if err != nil || len(plan.Differs(running, now)) == 0 {
		return err
	}
	_, _, err = d.Do(ctx, plan.Plan{
		Version: plan.Version, Remedy: "start:" + s.Name, Port: e.Port, Proto: string(e.Proto),
		Cost:  plan.Cost{Privilege: "root", Risk: "low", Downtime: "none", Class: plan.Restartable},
		Steps: []plan.Step{{Subject: s, After: running, On: plan.OnDo, Class: plan.Restartable, Why: plan.Reason{ID: "start-owner", Args: map[string]string{"name": s.Name}}}},
	}, false)
	return err
}

// Do does a plan that frees nothing, such as installing a service, and returns it as it
// was prepared, and its entry in the journal. With dry nothing is done, and the entry
// is nil.
func (d *Desk) Do(ctx context.Context, p plan.Plan, dry bool) (plan.Plan, *journal.Entry, error) {
	m, err := d.now(ctx)
	if err != nil {
		return p, nil, err
	}
	e, err := d.engine(ctx, m, 0)
	if err != nil {
		return p, nil, err
	}
	p.Made = time.Now()
	if p, err = e.Prepare(ctx, p); err != nil || dry {
		return p, nil, there(err)
	}
	en, err := e.Run(ctx, p)
	return p, en, err
}

// there says plainly that what a plan was to make is there.
func there(err error) error {
	var c *apply.Changed
	if !errors.As(err, &c) || c.Step.Before["exists"] != "no" {
		return err
	}
	return stop(exitNo, "berth journal lists what berth has made, and berth undo ID takes it back", "the %s %s is there already, and nothing was changed", c.Step.Subject.Kind, c.Step.Subject.Name)
}

// ExitOf is the exit code of what [Desk.Do] returned.
func ExitOf(err error) int {
	var changed *apply.Changed
	var missed *apply.Failure
	var s *Stop
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &s):
		return s.Code
	case errors.As(err, &changed), errors.Is(err, journal.ErrBusy):
		return exitNo
	case errors.Is(err, fs.ErrPermission):
		return exitNotAllowed
	case errors.As(err, &missed):
		return exitMissed
	}
	return exitCouldNot
}
