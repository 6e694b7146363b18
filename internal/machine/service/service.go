// Package service reads what starts, restarts and stops the processes behind a
// port: units of systemd, and the other supervisors that show in a process's
// ancestry.
//
// The unit of a process or socket is told by its cgroup path alone ([FromCgroup]),
// so that it is named even where systemd is closed to the asker. systemd itself is
// asked over D-Bus, in few round trips; nothing is started, changed or loaded but
// the units asked for. The system's manager is asked through the bus daemon, which
// is quicker than the manager's private socket; that one is root's second way.
//
// On Windows the service control manager tells which services live in a process,
// which depend on which, and who may stop them (see the room scm). On macOS the lists
// of launchd's jobs are held against the processes (see the room launchd).
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
	Failed bool
	// Names are services that are wanted whoever holds what: those that a listing
	// of HTTP.sys names, or a person. systemd loads the files of those that it has not
	// in memory; those that are not installed are left out.
	Names []string
	// All wants every service and driver, for the overview and for snapshots: of
	// those that nothing else asks for, what the list and the registry say; on macOS
	// every job. Windows and macOS.
	All     bool
	Timeout time.Duration // 0 = DefaultTimeout
}

// Read yields Unit rows with the links PartOf, MainOf, StartedBy, AdoptedBy,
// CreatedIn, ListensFor, Triggers and DependsOn. It needs no privilege for units of
// the system and of the asker's own user manager; other users' managers are
// [fact.GapNoBus], a log closed to the asker is [fact.GapNoLog], a closed service
// of Windows [fact.GapPermission]. Supervisors found by ancestry are told on every
// OS. It blocks for the round trips to systemd, at most Query.Timeout, or to
// Windows' manager; where neither runs it only looks once whether it does. The
// error is ctx's.
func Read(ctx context.Context, q Query) (fact.Set, error) {
	s := supervised(q.Processes)
	s.Add(managed(ctx, q))
	return s, ctx.Err()
}
