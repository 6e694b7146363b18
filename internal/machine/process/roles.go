package process

import (
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// holder is one process with descriptors of one socket.
type holder struct {
	p         *fact.Process
	fds       []int
	ancestors []int  // their PIDs, parent first
	evidence  string // where the descriptor was seen
}

// role is what a holder is to the socket, and how that is known.
type role struct {
	kind     fact.LinkKind
	evidence string // beyond the descriptor itself; "" where that is all
}

// idleOn tells that no thread of a holder waits on its descriptor just now, and
// that the descriptor may have come through an exec: it is not set to close on
// one. It is asked only where the answer decides.
type idleOn func(holder) bool

// once asks about each process of one socket once: among a thousand heirs each
// asks for all others.
func once(idle idleOn) idleOn {
	known := map[int]bool{}
	return func(h holder) bool {
		is, ok := known[h.p.PID]
		if !ok {
			is = idle(h)
			known[h.p.PID] = is
		}
		return is
	}
}

// roles tells holders of one socket that serve it from those that only inherited
// the descriptor. The kernel does not record who called listen, so a process is
// called an heir only on evidence:
//
//   - another program of its ancestors holds the socket, and no process of its own
//     program waits on the descriptor (a `sleep` that a server started), or
//   - it is the only program that holds the socket, its parent is gone, it waits on
//     other things, and the descriptor would survive an exec (the same `sleep` when
//     the server has ended).
//
// Workers of one program are all holders. So is a socket-activated service.
func roles(holders []holder, idle idleOn) []role {
	all := make([]role, len(holders))
	for i, h := range holders {
		all[i] = role{kind: fact.HeldBy}
		from, inherits := source(holders, h)
		switch {
		case inherits && programIdle(holders, h, idle):
			all[i] = role{fact.InheritedBy, "held by its ancestor " + name(from) + " too; no thread of it waits on the descriptor"}
		case len(holders) == 1 && left(h) && idle(h):
			all[i] = role{fact.InheritedBy, "its parent is gone, no thread of it waits on the descriptor, and that would survive an exec"}
		}
	}
	return all
}

// source finds the nearest ancestor of another program that holds the socket too.
// PID 1 is none: it hands sockets over on purpose.
func source(holders []holder, h holder) (fact.Process, bool) {
	if activated(h.p) {
		return fact.Process{}, false
	}
	for _, pid := range h.ancestors {
		i := slices.IndexFunc(holders, func(o holder) bool { return o.p.PID == pid })
		if i >= 0 && pid != 1 && !sameProgram(holders[i].p, h.p) {
			return *holders[i].p, true
		}
	}
	return fact.Process{}, false
}

func sameProgram(a, b *fact.Process) bool {
	if a.Exe != "" && b.Exe != "" {
		return a.Exe == b.Exe
	}
	return a.Name == b.Name
}

// activated: the process was handed its sockets and told so.
func activated(p *fact.Process) bool {
	return p.Env["LISTEN_PID"] == strconv.Itoa(p.PID) && p.Env["LISTEN_FDS"] != ""
}

// programIdle asks all holders of h's program: a pool of idle and busy workers is
// a server.
func programIdle(holders []holder, h holder, idle idleOn) bool {
	for _, o := range holders {
		if sameProgram(o.p, h.p) && !idle(o) {
			return false
		}
	}
	return true
}

// left: the process that started h has ended. Its parent is then PID 1 or a
// manager, or its session's leader is none of its ancestors.
func left(h holder) bool {
	if len(h.ancestors) == 0 || h.ancestors[0] == 1 {
		return true
	}
	s := h.p.Session
	return s != 0 && s != h.p.PID && !slices.Contains(h.ancestors, s)
}

func name(p fact.Process) string { return p.Name + " (" + strconv.Itoa(p.PID) + ")" }
