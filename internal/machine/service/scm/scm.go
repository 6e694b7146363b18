// Package scm reads services and drivers from Windows' service control manager:
// which live in which process, how they are configured, who depends on whom, and
// who may stop them.
//
// Each service is opened only to be asked; nothing is started, stopped or changed.
// The manager's own answers stand beside those of the registry, which it reads at
// boot and which says more in places. It also recognises what sc.exe printed, in
// any language, as the same rows.
package scm

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Manager is the name of this manager in [fact.Unit].
const Manager = "scm"

// HTTP is the key name of the kernel's HTTP listener, in the case that Windows uses.
const HTTP = "HTTP"

// Query says which services are wanted. The zero Query wants none.
type Query struct {
	// Processes are holders and their ancestors: the services that live in them are
	// wanted. Where one is the kernel, so are HTTP and whatever depends on it.
	Processes []fact.Process
	// Sockets whose module or tag the system tells are tied to that service.
	Sockets []fact.Socket
	Names   []string // services that are wanted by their key names
	// All wants every service and driver, and HTTP as if the kernel were asked about.
	// Of those not wanted otherwise only what the list and the registry say is read.
	All bool
}

func (q Query) empty() bool {
	return len(q.Processes) == 0 && len(q.Names) == 0 && !q.All
}

// Read yields Unit rows of the wanted services, of what they depend on and of what
// depends on them, with links PartOf (process → service in it), StartedBy (process
// → the service whose program is its ancestor), CreatedIn (socket → the service
// that the system names as its maker) and DependsOn.
//
// It needs no privilege for most of it; what is closed is [fact.GapPermission]. It
// is Windows only, elsewhere nothing is read. It blocks for the round trips to the
// manager, some milliseconds. The error is ctx's.
func Read(ctx context.Context, q Query) (fact.Set, error) {
	if q.empty() {
		return fact.Set{}, ctx.Err()
	}
	return read(ctx, q)
}
