package macproc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/libproc"
)

// key is a socket by the kernel's own number.
type key struct {
	proto      fact.Proto
	generation uint64
}

// held tells whether a socket can have a holder: what is left of a connection has
// none, nor has one that was not accepted yet.
func held(k fact.Socket) bool {
	return k.Darwin != nil && k.State != fact.TimeWait && k.State != fact.Closed && (k.State.Serves() || !k.Darwin.NoDescriptor)
}

func keyOf(k fact.Socket) key { return key{k.Proto, k.Darwin.Generation} }

// hold links sockets to the processes that have them.
func (r *reading) hold(ctx context.Context) error {
	var search []fact.Socket
	for _, k := range r.q.Sockets {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case !held(k):
		case k.Darwin.Kernel, k.Darwin.NoDescriptor:
			r.set.AddGaps(fact.Gap{Kind: fact.GapKernelOwned, Subject: string(k.ID), About: k.ID})
		case r.q.All || !r.lastUser(k):
			search = append(search, k)
		}
	}
	if len(search) == 0 {
		return nil
	}
	return r.search(ctx, search)
}

// lastUser links a socket to the process that last used it. found is false where
// that one has ended, or does not have the socket any more.
func (r *reading) lastUser(k fact.Socket) (found bool) {
	if _, there := r.byPID[k.PID]; !there || k.PID == 0 {
		return false
	}
	has, err := r.descriptors(k.PID)
	switch fds := has[keyOf(k)]; {
	case err != nil && !libproc.Gone(err):
		r.link(k, k.PID, fact.HeldBy, k.Evidence+", last used by it", nil)
	case len(fds) == 0:
		return false
	default:
		r.link(k, k.PID, fact.HeldBy, fmt.Sprintf("%s of PID %d", byDescriptors, k.PID), fds)
	}
	return true
}

// opened are the sockets that a process has, or why that is not told.
type opened struct {
	sockets map[key][]int
	err     error
}

// descriptors are the sockets that a process has; it is asked once.
func (r *reading) descriptors(pid int) (map[key][]int, error) {
	o, asked := r.opened[pid]
	if !asked {
		o.sockets, o.err = r.open(pid)
		r.opened[pid] = o
	}
	return o.sockets, o.err
}

func (r *reading) open(pid int) (map[key][]int, error) {
	fds, err := r.sockets(pid)
	if err != nil {
		return nil, err
	}
	has := map[key][]int{}
	for _, fd := range fds {
		s, err := r.socket(pid, fd)
		if err != nil || s.Kind == libproc.Other {
			continue // closed meanwhile, or of the file system
		}
		proto := fact.UDP
		if s.Kind == libproc.TCP {
			proto = fact.TCP
		}
		k := key{proto, s.Generation}
		has[k] = append(has[k], fd)
	}
	return has, nil
}

// hit is a process that has a socket.
type hit struct {
	pid int
	fds []int
}

// search looks for sockets in every process.
func (r *reading) search(ctx context.Context, socks []fact.Socket) error {
	found := map[key][]hit{}
	for _, k := range socks {
		found[keyOf(k)] = nil
	}
	closed := 0
	for _, p := range r.all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.PID == 0 || p.Status == libproc.Zombie {
			continue
		}
		has, err := r.descriptors(p.PID)
		if err != nil && !libproc.Gone(err) {
			closed++
		}
		for k, fds := range has {
			if hits, wanted := found[k]; wanted {
				found[k] = append(hits, hit{p.PID, fds})
			}
		}
	}
	for _, k := range socks {
		r.settle(k, found[keyOf(k)], closed)
	}
	if closed > 0 && r.q.All {
		r.set.AddGaps(fact.Gap{Kind: fact.GapOwnersHidden, Subject: fmt.Sprintf("further holders in %d processes of other users", closed)})
	}
	return nil
}

// settle links a socket that was searched for to its holders, or says why it has
// none.
func (r *reading) settle(k fact.Socket, hits []hit, closed int) {
	_, there := r.byPID[k.PID]
	there = there && k.PID != 0
	if !slices.ContainsFunc(hits, func(h hit) bool { return h.pid == k.PID }) && there && r.shut(k.PID) {
		hits = append(hits, hit{pid: k.PID})
	}
	slices.SortFunc(hits, func(a, b hit) int { return a.pid - b.pid })
	for _, h := range hits {
		r.role(k, h, hits)
	}
	switch {
	case len(hits) > 0:
	case k.PID != 0 && !there:
		r.set.AddGaps(fact.Gap{Kind: fact.GapVanished, Subject: fmt.Sprintf("PID %d, the last user of %s,", k.PID, k.ID), About: k.ID,
			Err: "a child that inherited the descriptor may keep the socket"})
	case closed > 0:
		g := fact.Gap{Kind: fact.GapOwnersHidden, Subject: string(k.ID), About: k.ID}
		if k.Darwin.UID != nil {
			g.Subject = "processes of uid " + strconv.Itoa(int(*k.Darwin.UID))
		}
		r.set.AddGaps(g)
	default:
		r.set.AddGaps(fact.Gap{Kind: fact.GapKernelOwned, Subject: string(k.ID), About: k.ID})
	}
}

// shut tells whether a process shows no descriptors to the asker.
func (r *reading) shut(pid int) bool {
	_, err := r.descriptors(pid)
	return err != nil && !libproc.Gone(err)
}

// role links a holder: as heir where an ancestor of another program has the socket
// too, and is the one that uses it. launchd is no such ancestor: it hands sockets
// over on purpose. Who listens, the system does not tell.
func (r *reading) role(k fact.Socket, h hit, all []hit) {
	evidence := fmt.Sprintf("%s of PID %d", byDescriptors, h.pid)
	if h.fds == nil {
		evidence = k.Evidence + ", last used by it"
	}
	child := r.byPID[h.pid]
	for range len(r.all) {
		up, ok := r.parent(child)
		if !ok || up.PID == 1 {
			break
		}
		if r.program(up.PID) != r.program(h.pid) && r.program(k.PID) == r.program(up.PID) && slices.ContainsFunc(all, func(o hit) bool { return o.pid == up.PID }) {
			r.link(k, h.pid, fact.InheritedBy, fmt.Sprintf("%s; held by its ancestor %s (%d) too, whose program last used it", evidence, up.Name, up.PID), h.fds)
			return
		}
		child = up
	}
	r.link(k, h.pid, fact.HeldBy, evidence, h.fds)
}

// program is the name of what a process runs; "" is that of none.
func (r *reading) program(pid int) string { return r.byPID[pid].Name }

func (r *reading) link(k fact.Socket, pid int, kind fact.LinkKind, evidence string, fds []int) {
	var note strings.Builder
	for i, fd := range fds {
		if i == 0 {
			note.WriteString("fd")
		}
		note.WriteString(" " + strconv.Itoa(fd))
	}
	r.set.Links = append(r.set.Links, fact.Link{From: k.ID, To: r.family(pid), Kind: kind, Evidence: evidence, Note: note.String()})
}
