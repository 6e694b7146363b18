// Package drive puts the drivers together: for each kind of subject the one that reads
// and sets it. A kind whose things are not on this system has a driver too, which says
// so.
package drive

import (
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
