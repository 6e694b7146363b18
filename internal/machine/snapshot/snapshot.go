// Package snapshot gathers the readers' answers into one set: as much as a
// question needs, all at one moment, and saves and loads it as a file.
package snapshot

import (
	"context"
	"net/netip"
	"time"

	"github.com/berthd/berth/internal/fact"
)

// Query says how much of the machine a question needs.
type Query struct {
	Ports  []uint16     // none = every port
	Protos []fact.Proto // none = all that are cheap
	// Addrs are those that the question is about, none = every one. Sockets of
	// others are read too: who has the number elsewhere belongs to the answer.
	Addrs []netip.Addr
	// AllStates also reads connections and ended connections. Without it they
	// are read only where nothing serves the ports.
	AllStates bool
	// Owners asks who holds the sockets that came back.
	Owners bool
	// Context also reads what decides a bind beside sockets: NAT rules, ranges,
	// failed units, other namespaces, an engine's book.
	Context bool
	// AllHolders searches every process, even where the narrow search found one,
	// and looks for bound, inactive sockets even beside a listener that takes all
	// the traffic in question.
	AllHolders bool
	// AllNetns also reads the sockets of every other network namespace.
	AllNetns bool
	// Flags also reads the reuse flags of the holders' sockets.
	Flags bool
	// Units are read whoever holds what, where they are installed: who wants a port
	// may never have been started. Names of systemd's units, services or jobs.
	Units []string
	// Cache also reads the responses that HTTP.sys has cached (Windows).
	Cache bool
}

// Collect reads the machine. It blocks for as long as its readers do, which is
// bounded by ctx, needs no privilege and changes nothing; what the asker may not
// see is in the set's gaps.
//
// It works in two phases: the socket question first, filtered by the kernel,
// then the owner question for the rows that came back.
func Collect(ctx context.Context, q Query) (fact.Set, error) {
	c := collector{q: q, set: fact.Set{At: time.Now().Truncate(time.Millisecond)}}
	c.set.Machine.Source = "live"
	err := c.collect(ctx)
	return c.set, err
}

// Everything is the query of a snapshot that is saved to answer any question later.
func Everything() Query {
	return Query{AllStates: true, Owners: true, Context: true, AllHolders: true, AllNetns: true, Flags: true, Cache: true}
}
