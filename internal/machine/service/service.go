// Package service reads what starts, restarts and stops the processes behind a
// port: units of systemd, and the other supervisors that show in a process's
// ancestry.
//
// The unit of a process or socket is told by its cgroup path alone ([FromCgroup]),
// so that it is named even where systemd is closed to the asker. systemd itself is
// asked over D-Bus, in few round trips; nothing is started, changed or loaded but
// the units asked for. The system's manager is asked through the bus daemon, which
// is quicker than the manager's private socket; that one is root's second way.
package service

import (
	"context"
	"time"

	"github.com/berthd/berth/internal/fact"
)

// DefaultTimeout bounds [Read] where the query names no bound.
const DefaultTimeout = 2 * time.Second

// Query says what [Read] is asked about. The zero Query asks nothing.
type Query struct {
	Processes []fact.Process // holders and their ancestors
	Sockets   []fact.Socket
	// Ports picks the lines of a failed unit's log: those about one of these
	// ports, and the last few. None picks the last few only.
	Ports []uint16
	// Failed also lists failed and restarting units with their log.
	Failed  bool
	Timeout time.Duration // 0 = DefaultTimeout
}

// Read yields Unit rows with the links PartOf, MainOf, StartedBy, AdoptedBy,
// CreatedIn, ListensFor and Triggers. It needs no privilege for units of the
// system and of the asker's own user manager; other users' managers are
// [fact.GapNoBus], and a log closed to the asker [fact.GapNoLog]. systemd is
// Linux only; supervisors found by ancestry are told on every OS. It blocks for
// the round trips to systemd, at most Query.Timeout; where systemd does not run it
// only looks once whether it does. The error is ctx's.
func Read(ctx context.Context, q Query) (fact.Set, error) {
	s := supervised(q.Processes)
	s.Add(managed(ctx, q))
	return s, ctx.Err()
}
