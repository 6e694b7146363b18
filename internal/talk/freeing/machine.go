package freeing

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/drive"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/probe"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report/changes"
)

// engine is what does plans on this machine for the one who asks.
func (d *Desk) engine(ctx context.Context, m *fact.Machine, confirm time.Duration) (*apply.Engine, error) {
	store, err := d.store(m)
	if err != nil {
		return nil, err
	}
	return &apply.Engine{
		Drivers: drive.All(), Journal: store, By: d.by(m), Try: try, Look: d.look, Helper: drive.Helper(store),
		Tell: d.progress, Confirm: confirm,
	}, nil
}

func (d *Desk) store(m *fact.Machine) (*journal.Store, error) {
	dir, err := journal.Place(administers(m))
	if err != nil {
		return nil, stop(exitCouldNot, "BERTH_STATE_DIR=FOLDER names a place for it", "the journal has no place: %w", err)
	}
	return journal.Open(dir)
}

// administers tells whether the asker's journal is the system's.
func administers(m *fact.Machine) bool {
	a := m.Asker
	if a == nil {
		return false
	}
	if m.OS == "windows" {
		return a.Elevated == nil || *a.Elevated || m.Windows != nil && m.Windows.Wine != ""
	}
	return a.UID == 0
}

func (d *Desk) by(m *fact.Machine) journal.By {
	by := journal.By{PID: os.Getpid(), Berth: d.Version, Boot: journal.Boot()}
	if by.Boot == "" && !m.Boot.IsZero() {
		by.Boot = m.Boot.UTC().Truncate(time.Minute).Format(time.RFC3339)
	}
	if a := m.Asker; a != nil {
		by.User, by.From = a.User, journal.Here()
		if by.User == "" && m.OS != "windows" {
			by.User = "uid " + strconv.Itoa(int(a.UID))
		}
	}
	if d.agent != "" {
		by.User += " (" + d.agent + ")"
	}
	return by
}

// try is a bind now, with exactly the goal's flags, taken back at once.
func try(ctx context.Context, b plan.Bind) (bool, string) {
	addr, err := netip.ParseAddr(b.Addr)
	if err != nil {
		return false, err.Error()
	}
	r := probe.Try(ctx, probe.Request{Proto: b.Proto, Addr: netip.AddrPortFrom(addr, b.Port), V6Only: b.V6Only, ReuseAddr: b.ReuseAddr, ReusePort: b.ReusePort,
		Exclusive: b.Exclusive, Listen: b.Proto == fact.TCP})
	if !r.Ran {
		return false, r.Why
	}
	return r.OK, changes.Refused(b, string(r.At), r.Failure.Name, r.Failure.Text)
}

// look is who listens on ports now.
func (d *Desk) look(ctx context.Context, ports []uint16) ([]plan.Listener, error) {
	set, err := snapshot.Collect(ctx, snapshot.Query{Ports: ports, Owners: true})
	if err != nil {
		return nil, err
	}
	return planning.Listeners(chain.NewIndex(&set), ports...), nil
}

// now is the machine's own row, for commands that ask no port.
func (d *Desk) now(ctx context.Context) (*fact.Machine, error) {
	if d.From != "" {
		return nil, errors.New("a saved snapshot has no journal: leave --from out")
	}
	set, err := d.Facts(ctx, snapshot.Query{Ports: []uint16{1}, Protos: []fact.Proto{fact.TCP}})
	return &set.Machine, err
}
