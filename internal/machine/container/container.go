// Package container finds the container behind a socket, a process or a redirect.
//
// Three sources are read. A process' control group path and its ancestors'
// command lines name the container without anybody's help. Docker and Podman are
// asked over their own unix sockets (on Windows named pipes), in plain HTTP, for
// the name, the published ports and the compose project. The command lines of
// forwarders (docker-proxy, conmon, rootlessport and their like) and the rules of
// the packet filter say where published traffic goes.
//
// The package is lazy: an engine is asked only when something in the query points
// at one, and nothing is read at all when nothing does. The engine's list of
// published ports is its own book ("allocated"), never counted as a listener.
package container

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/container/engineapi"
)

// Query is what is known so far, and so what may point at an engine.
type Query struct {
	Processes []fact.Process // holders and, where known, their ancestors
	Sockets   []fact.Socket
	Redirects []fact.Redirect
	// Links are the socket-to-process links of those rows. Without them a
	// forwarder whose command line names no port (rootlessport, dockerd) is tied
	// to the query's sockets only when it is the only holder.
	Links []fact.Link
	// Ports are the ports asked about; empty means no particular ones. When
	// nothing holds them, the engines' books are searched for them.
	Ports []uint16
	// Timeout bounds the questions to one engine; 0 means two seconds.
	Timeout time.Duration
}

// Read returns the containers that the query's rows belong or lead to, those
// whose published ports are among q.Ports, the links between them, and a row for
// each engine it looked for. Restart policy and PID are known for the first 32
// containers only.
//
// It blocks on the engines' sockets, each within q.Timeout. Any user may call it:
// an engine closed to the caller is a [fact.GapNoEngine], and the containers are
// then named by id alone. It starts no engine: one that socket activation would
// start is left alone, with a gap; Podman's API service, which runs for its
// answer only, is the exception. Engines are asked on Linux, macOS and Windows; on
// another OS a pointer to one is a [fact.GapNotThisOS]. The error is only that of ctx.
func Read(ctx context.Context, q Query) (fact.Set, error) {
	return newReader(q, live()).read(ctx)
}

// effects is all that the reader does to the machine.
type effects struct {
	supported bool
	self      func() string // uid of the caller, "" for root
	dial      engineapi.Dialer
	// sockets lists where an engine's socket may be: the system's, or a user's.
	sockets func(engine, uid string) []place
	// dormant tells that nobody serves the socket and connecting would start the engine.
	dormant func(engine, path string) bool
	// inside tells whether a process is in the container, by its control group.
	inside func(pid int, id string) bool
	// monitors lists the conmon processes that have a child in a network namespace.
	// It walks the process table.
	monitors func(netns uint64) []fact.Process
}

// place is one path where an engine's socket may be.
type place struct {
	path string
	uid  string // of the rootless engine's user; "" = the system's
	vm   bool   // the engine is in a virtual machine, and its forwarder may be anybody's
}

type reader struct {
	q       Query
	do      effects
	clues   []clue
	answers []answer
	set     fact.Set

	bookOnly bool // nothing points at an engine, and nothing holds the ports
	inspects int
}

func newReader(q Query, do effects) *reader {
	if q.Timeout <= 0 {
		q.Timeout = 2 * time.Second
	}
	return &reader{q: q, do: do}
}

func (r *reader) read(ctx context.Context) (fact.Set, error) {
	v := newView(r.q)
	r.clues = v.clues()
	r.bookOnly = len(r.clues) == 0 && v.nothingHolds()
	switch {
	case len(r.clues) == 0 && !r.bookOnly:
		return fact.Set{}, nil
	case r.do.supported:
		r.askAll(ctx)
	case slices.ContainsFunc(r.clues, clue.askable):
		r.set.AddGaps(fact.Gap{Kind: fact.GapNotThisOS, Subject: "container engines"})
	}
	r.resolve(ctx)
	r.addBooked(ctx)
	return r.set, ctx.Err()
}

// Dormant tells that nobody serves the socket at path, and that to connect to it would
// start the engine. It does not connect and needs no privilege.
func Dormant(engine, path string) bool { return live().dormant(engine, path) }

// Socket is where an engine's socket is by custom: the first of the usual places, of
// the system's engine or of the user with uid, that is there; else the first. It asks
// nobody and needs no privilege.
func Socket(engine, uid string) string {
	first := ""
	for _, at := range live().sockets(engine, uid) {
		if first == "" {
			first = at.path
		}
		if _, err := os.Lstat(at.path); err == nil {
			return at.path
		}
	}
	return first
}
