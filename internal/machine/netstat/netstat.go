// Package netstat reads the machine's socket table.
//
// On Linux it asks the kernel through sock_diag, which filters by port and state
// before a row is made and also tells of sockets that are bound and do not
// listen; where sock_diag is closed to the asker it reads /proc/net and says what
// that cannot show.
//
// On Windows it takes copies of the system's tables, with the process, the service
// and the time behind each socket, and leaves out what was not asked for. A socket
// of both families stands there twice.
//
// On macOS it takes the kernel's lists of sockets, with the process that last used
// each, its user and its reuse flags, and bound sockets among the others. It was
// written by the kernel's published sources and never run on a Mac. On other OSes
// there is no reader, only a gap.
package netstat

import (
	"cmp"
	"context"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// Query says which sockets are wanted. The zero Query is every socket of every
// protocol but raw.
type Query struct {
	Ports  []uint16     // local ports, matched exactly; none = all
	Protos []fact.Proto // none = TCP, UDP, UDP-Lite and SCTP; raw only where it is named
	// Serving leaves out connections: only listeners, bound stream sockets, and
	// datagram sockets without a peer. Linux then never walks its table of
	// connections.
	Serving bool
	// Part divides the question in two that may be asked at the same time.
	Part Part
}

// Part is a part of a [Query].
type Part int

// Parts. The kernel keeps no table of TCP sockets that are bound and neither
// listen nor connect: to find them it walks over every socket that has a port,
// which takes milliseconds on a busy machine, and all else does not. Windows has
// such a table since Windows 10, and it costs no more than the others; macOS has
// them in the one list it has.
const (
	Whole    Part = iota
	Tabled        // all but such sockets
	BoundTCP      // such sockets alone, where the kernel shows them; no gap where it does not
)

// Read returns the sockets that q asks for, in the network namespace of the
// calling thread, sorted by port, protocol and address.
//
// It needs no privilege: inode, uid and control group, and on Windows the process,
// come back for everybody's sockets. Windows names the service inside a shared
// process, for what serves or has a port that was asked for; it opens the process
// for that and asks the service manager, and what is closed to the asker is a gap.
// Read blocks for no longer than the system needs to answer, starts nothing and
// changes nothing. Gaps say what could not be seen; the error is for
// a context that ended, or a machine that shows no socket table at all.
func Read(ctx context.Context, q Query) (fact.Set, error) { return read(ctx, q) }

func (q Query) protos() []fact.Proto {
	if q.Part == BoundTCP {
		if len(q.Protos) > 0 && !slices.Contains(q.Protos, fact.TCP) {
			return nil
		}
		return []fact.Proto{fact.TCP}
	}
	if len(q.Protos) > 0 {
		return q.Protos
	}
	return []fact.Proto{fact.TCP, fact.UDP, fact.UDPLite, fact.SCTP}
}

// wants tells whether a row that the kernel returned is one that was asked for:
// the filter in the kernel is a matter of speed, this one of truth.
func (q Query) wants(s fact.Socket) bool {
	if s.Local.Port() == 0 {
		return false
	}
	if len(q.Ports) > 0 && !slices.Contains(q.Ports, s.Local.Port()) {
		return false
	}
	return !q.Serving || s.State.Serves() || s.State == fact.Bound
}

// Sort puts sockets into the order in which [Read] returns them.
func Sort(socks []fact.Socket) { slices.SortFunc(socks, compare) }

func compare(a, b fact.Socket) int {
	if d := int(a.Local.Port()) - int(b.Local.Port()); d != 0 {
		return d
	}
	if a.Proto != b.Proto {
		if a.Proto < b.Proto {
			return -1
		}
		return 1
	}
	if d := a.Local.Compare(b.Local); d != 0 {
		return d
	}
	if d := a.Remote.Compare(b.Remote); d != 0 {
		return d
	}
	return cmp.Or(cmp.Compare(a.Inode(), b.Inode()), cmp.Compare(a.PID, b.PID), cmp.Compare(a.ID, b.ID))
}
