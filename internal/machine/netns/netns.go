// Package netns finds the other network namespaces of the machine and looks into
// them. A listener in another namespace is no conflict, and often the answer to
// "it listens, and I cannot see it".
//
// Linux only; elsewhere there is nothing to find.
package netns

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// MaxPIDs bounds the processes that are named for one namespace.
const MaxPIDs = 8

// List returns a row for each network namespace other than the calling thread's
// that has a name below /run/netns or a process in it. It reads one link for each
// process; processes whose link is closed to the asker are a gap. It does not
// block, and needs CAP_SYS_PTRACE to see the namespaces of other users' processes.
func List(ctx context.Context) (fact.Set, error) { return list(ctx, "/") }

// Do runs f on a thread that is in ns, and comes back when f has returned. f must
// not start goroutines that go on. It needs CAP_SYS_ADMIN; the error is f's own,
// or says why ns could not be entered.
func Do(ctx context.Context, ns fact.Namespace, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return do("/", ns, f)
}

// Resolve finds a namespace by what a person types: a PID, a name below
// /run/netns, or the path of a namespace file.
func Resolve(name string) (fact.Namespace, error) { return resolve("/", name) }
