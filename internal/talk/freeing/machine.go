package freeing

import (
	"context"
	"os"
	"strconv"
	"time"

	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/drive"
	"github.com/berthd/berth/internal/change/journal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/freeing/looking"
)

// engine is what does plans on this machine for the one who asks.
func (d *Desk) engine(ctx context.Context, m *fact.Machine, confirm time.Duration) (*apply.Engine, error) {
	store, err := d.store(m)
	if err != nil {
		return nil, err
	}
	return &apply.Engine{
		Drivers: drive.All(), Journal: store, By: d.by(m), Try: looking.Try, Look: looking.Listeners, Helper: drive.Helper(store),
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

// now is the machine's own row, for commands that ask no port.
func (d *Desk) now(ctx context.Context) (*fact.Machine, error) {
	if d.From != "" {
		return nil, stop(exitUsage, "leave --from out", "a saved snapshot has no journal")
	}
	set, err := d.Facts(ctx, snapshot.Query{Ports: []uint16{1}, Protos: []fact.Proto{fact.TCP}})
	return &set.Machine, err
}
