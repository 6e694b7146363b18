// Package drive puts the drivers together: for each kind of subject the one that reads
// and sets it. A kind whose things are not on this system has a driver too, which says
// so.
package drive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/change/drive/configtest"
	"github.com/berthd/berth/internal/change/drive/container"
	"github.com/berthd/berth/internal/change/drive/file"
	"github.com/berthd/berth/internal/change/drive/httpconf"
	"github.com/berthd/berth/internal/change/drive/iis"
	"github.com/berthd/berth/internal/change/drive/portproxy"
	"github.com/berthd/berth/internal/change/drive/process"
	"github.com/berthd/berth/internal/change/drive/registry"
	"github.com/berthd/berth/internal/change/drive/supervised"
	"github.com/berthd/berth/internal/change/drive/sysctl"
	"github.com/berthd/berth/internal/change/drive/unit"
	"github.com/berthd/berth/internal/change/drive/winrange"
	"github.com/berthd/berth/internal/change/drive/winservice"
)

// All returns the drivers by kind.
func All() map[plan.Kind]apply.Driver {
	units, http := unit.New("/"), httpconf.New()
	return map[plan.Kind]apply.Driver{
		plan.Unit: units, plan.Reload: units,
		plan.File: file.New(), plan.ConfigTest: configtest.New(),
		plan.Process: process.New(), plan.Container: container.New(),
		plan.Supervised: supervised.New(), plan.Sysctl: sysctl.New(),
		plan.Service: winservice.New(), plan.Registry: registry.New(), plan.PortProxy: portproxy.New(),
		plan.ExcludedRange: winrange.New(), plan.Site: iis.New(),
		plan.URLACL: http, plan.IPListen: http, plan.HTTPTimeout: http,
	}
}

// Helper returns what takes an unconfirmed plan back, nil where there is none: a
// transient timer of systemd, which starts this program again. state is the folder of
// the journal.
func Helper(state string) apply.Helper {
	exe, err := os.Executable()
	if err != nil || !unit.New("/").Present() {
		return nil
	}
	return timer{exe, state}
}

type timer struct{ exe, state string }

func (t timer) name(entry int) string { return "berth-revert-" + strconv.Itoa(entry) }

// Arm sets the timer, in place of one that is set already.
func (t timer) Arm(ctx context.Context, entry int, deadline time.Time) error {
	argv := []string{"/usr/bin/env", "BERTH_STATE_DIR=" + filepath.Dir(t.state), t.exe, "undo", strconv.Itoa(entry), "--unless-confirmed"}
	return unit.New("/").Later(ctx, t.name(entry), time.Until(deadline), argv, fmt.Sprintf("berth: takes entry %d back unless it is confirmed", entry))
}

// Disarm removes the timer. One that has elapsed is what runs now.
func (t timer) Disarm(ctx context.Context, entry int) error {
	err := unit.New("/").CancelLater(ctx, t.name(entry))
	if errors.Is(err, unit.ErrFired) {
		return nil
	}
	return err
}
