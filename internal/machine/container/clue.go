package container

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// clue is one row's hint at a container: by id, by address, or by published port.
type clue struct {
	from     fact.ID
	kind     fact.LinkKind
	evidence string
	engine   string // "" = whichever knows it
	uid      string // of a rootless engine's user, where the row tells
	api      string // path of the engine's socket, where the row tells

	id    string         // the container's own id
	to    netip.AddrPort // an address inside the engine's network
	proto fact.Proto
	host  netip.AddrPort // a published endpoint of the host
	netns uint64         // a network namespace that the container shares

	known *fact.Container // what the clue itself tells of the container
}

// askable tells whether an engine with an API may know more.
func (c clue) askable() bool {
	return c.engine == "" || c.engine == "docker" || c.engine == "podman"
}

// view is the query, indexed.
type view struct {
	q         Query
	byPID     map[int]fact.Process
	ancestor  map[int]bool // is the parent of another row
	holders   map[fact.ID]bool
	heldBy    map[fact.ID][]fact.Socket
	held      map[fact.ID]bool  // sockets with a holder
	forwarded map[fact.ID]owner // sockets held by a forwarder
}

// owner is the engine that a forwarder works for; see [clue].
type owner struct{ engine, uid, api string }

func newView(q Query) *view {
	v := &view{q: q, byPID: make(map[int]fact.Process, len(q.Processes)), ancestor: map[int]bool{}}
	for _, p := range q.Processes {
		v.byPID[p.PID] = p
		v.ancestor[p.PPID] = true
	}
	v.index()
	return v
}

func (v *view) index() {
	v.held, v.holders = map[fact.ID]bool{}, map[fact.ID]bool{}
	v.heldBy, v.forwarded = map[fact.ID][]fact.Socket{}, map[fact.ID]owner{}
	sockets := make(map[fact.ID]fact.Socket, len(v.q.Sockets))
	for _, s := range v.q.Sockets {
		sockets[s.ID] = s
	}
	for _, l := range v.q.Links {
		s, ok := sockets[l.From]
		if !ok || l.Kind != fact.HeldBy && l.Kind != fact.InheritedBy {
			continue
		}
		v.held[s.ID], v.holders[l.To] = true, true
		v.heldBy[l.To] = append(v.heldBy[l.To], s)
	}
	if len(v.holders) > 0 {
		return
	}
	for _, p := range v.q.Processes {
		if !v.ancestor[p.PID] {
			v.holders[p.ID] = true
		}
	}
	if len(v.holders) == 1 {
		for id := range v.holders {
			v.heldBy[id] = v.q.Sockets
		}
	}
}

// nothingHolds tells that ports were asked about and no socket here has them.
func (v *view) nothingHolds() bool {
	for _, s := range v.q.Sockets {
		if s.Netns == "" && (s.State.Serves() || s.State == fact.Bound) {
			return false
		}
	}
	return len(v.q.Ports) > 0
}

// hidden tells that nobody was seen to hold s.
func (v *view) hidden(s fact.Socket) bool {
	if len(v.q.Links) == 0 {
		return len(v.q.Processes) == 0
	}
	return !v.held[s.ID]
}

func (v *view) clues() []clue {
	var out []clue
	for _, p := range v.q.Processes {
		if v.holders[p.ID] {
			out = append(out, v.process(p)...)
		}
	}
	for _, s := range v.q.Sockets {
		out = append(out, v.socket(s)...)
	}
	for _, r := range v.q.Redirects {
		if c, ok := redirect(r); ok {
			out = append(out, c)
		}
	}
	return out
}

// process reads what one holder hints at: the container that it forwards to, or
// else the one that it lives in.
func (v *view) process(p fact.Process) []clue {
	name := program(p)
	engine, isForwarder := forwards(name)
	if at, ok := FromCgroup(cgroupOf(p)); ok && (!isForwarder || at.Engine != "podman") {
		return []clue{inPlace(p.ID, fact.PartOf, at)}
	}
	if !isForwarder {
		return v.watched(p)
	}
	c := clue{from: p.ID, kind: fact.ForwardsTo, engine: engine, uid: userOf(p), api: v.engineSocket(p)}
	for _, s := range v.heldBy[p.ID] {
		v.forwarded[s.ID] = owner{engine, c.uid, c.api}
	}
	switch name {
	case "conmon":
		known, ok := parseConmon(p.Args)
		if !ok {
			return nil
		}
		known.User = c.uid
		c.known, c.id, c.engine, c.evidence = row(known, "command line of conmon"), known.Full, known.Engine, "command line of conmon"
		return []clue{c}
	case "docker-proxy", "rootlesskit-docker-proxy", "rootlesskit-docker":
		if to, ok := parseDockerProxy(p.Args); ok {
			c.proto, c.host, c.to, c.evidence = to.proto, to.host, to.to, "command line of docker-proxy"
			return []clue{c}
		}
	}
	return v.generic(p, c)
}

// generic is for forwarders that do not say what they forward: one clue for each
// socket they hold, or one without a port, so that the engine is asked at all.
func (v *view) generic(p fact.Process, c clue) []clue {
	c.evidence = "published ports"
	if p.Linux != nil && strings.HasPrefix(program(p), "rootlessport") {
		c.netns = p.Linux.Netns
	}
	var out []clue
	for _, s := range v.heldBy[p.ID] {
		c.proto, c.host = s.Proto, s.Local
		out = append(out, c)
	}
	if len(out) == 0 {
		out = append(out, c)
	}
	return out
}

// watched finds a container's monitor among the ancestors of p: it names the
// container also where the control group does not.
func (v *view) watched(p fact.Process) []clue {
	for range 64 {
		parent, ok := v.byPID[p.PPID]
		if !ok || parent.PID == p.PID {
			return nil
		}
		known, what, ok := monitor(parent)
		if ok {
			known.User = userOf(parent)
			evidence := "command line of " + what
			return []clue{{
				from: p.ID, kind: fact.PartOf, engine: known.Engine, id: known.Full, uid: known.User,
				evidence: evidence, known: row(known, evidence),
			}}
		}
		p.PPID = parent.PPID
	}
	return nil
}

func monitor(p fact.Process) (c fact.Container, what string, ok bool) {
	switch name := program(p); {
	case name == "conmon":
		c, ok = parseConmon(p.Args)
		return c, name, ok
	case strings.HasPrefix(name, "containerd-shim"):
		c, ok = parseShim(p.Args)
		return c, "containerd-shim", ok
	}
	return c, "", false
}

// socket reads what a socket itself hints at: the control group that made it, or
// its port where a forwarder, or nobody who can be seen, holds it.
func (v *view) socket(s fact.Socket) []clue {
	group := ""
	if s.Linux != nil {
		group = s.Linux.Cgroup
	}
	if at, ok := FromCgroup(group); ok {
		return []clue{inPlace(s.ID, fact.CreatedIn, at)}
	}
	if !s.State.Serves() || s.Netns != "" { // the engine's book is of this namespace
		return nil
	}
	c := clue{from: s.ID, kind: fact.PublishedBy, proto: s.Proto, host: s.Local, uid: makerOf(s), evidence: "published ports"}
	switch by, held := v.forwarded[s.ID]; {
	case held:
		c.engine, c.uid, c.api = by.engine, by.uid, by.api
	case strings.Contains(group, "/docker.service"):
		c.engine = "docker"
	case v.hidden(s) && len(v.q.Ports) > 0 && (group == "" || group == "/") && c.uid == "":
		c.engine = "docker" // root's, its holder unseen, and the kernel does not say who made it
	default:
		return nil
	}
	return []clue{c}
}

// redirect reads where a rule of the packet filter leads.
func redirect(r fact.Redirect) (clue, bool) {
	c := clue{from: r.ID, kind: fact.ForwardsTo, proto: r.Proto, evidence: "destination of the redirect"}
	if _, id, ok := strings.Cut(r.Comment, "podman id: "); ok && len(id) >= 64 && isID(id[:64]) {
		c.engine, c.id, c.evidence = "podman", id[:64], "comment of the redirect"
		c.known = row(fact.Container{Engine: "podman", Full: c.id}, c.evidence)
		return c, true
	}
	to, err := netip.ParseAddrPort(r.To)
	if err != nil {
		addr, err := netip.ParseAddr(r.To)
		if err != nil {
			return c, false
		}
		to = netip.AddrPortFrom(addr, 0)
	}
	c.to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	switch {
	case strings.Contains(r.Chain, "DOCKER"):
		c.engine = "docker"
	case strings.Contains(r.Chain, "NETAVARK"), strings.Contains(r.Chain, "netavark"), strings.Contains(r.Chain, "CNI-"):
		c.engine = "podman"
	}
	return c, c.to.Addr().IsPrivate()
}

func inPlace(from fact.ID, kind fact.LinkKind, at Place) clue {
	const evidence = "control group path"
	known := fact.Container{Engine: at.Engine, Full: at.ID, Pod: at.Pod, User: at.User}
	if !isID(at.ID) {
		known.Full, known.Name = "", at.ID
	}
	return clue{from: from, kind: kind, engine: at.Engine, id: at.ID, uid: at.User, evidence: evidence, known: row(known, evidence)}
}

// row gives a container known by its id or name alone its ID and evidence.
func row(c fact.Container, evidence string) *fact.Container {
	id := c.Full
	if id == "" {
		id = c.Name
	}
	c.ID, c.Evidence = fact.ContainerID(c.Engine, id), evidence
	return &c
}

func cgroupOf(p fact.Process) string {
	if p.Linux == nil {
		return ""
	}
	return p.Linux.Cgroup
}

// userOf is the uid of an ordinary user's process, whose engine is rootless.
func userOf(p fact.Process) string {
	if p.UID == nil || *p.UID == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(*p.UID), 10)
}

// makerOf is the uid of an ordinary user who made the socket.
func makerOf(s fact.Socket) string {
	if s.Linux == nil || s.Linux.UID == nil || *s.Linux.UID == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(*s.Linux.UID), 10)
}

// engineSocket is the unix socket that the engine above p was told to serve.
func (v *view) engineSocket(p fact.Process) string {
	parent, ok := v.byPID[p.PPID]
	if p.PPID == 0 || !ok || program(parent) != "dockerd" || userOf(parent) != userOf(p) {
		parent = p
	}
	if program(parent) != "dockerd" {
		return ""
	}
	for i, arg := range parent.Args {
		if arg, ok := strings.CutPrefix(arg, "--host="); ok {
			return unixPath(arg)
		}
		if (arg == "-H" || arg == "--host") && i+1 < len(parent.Args) {
			if path := unixPath(parent.Args[i+1]); path != "" {
				return path
			}
		}
	}
	return ""
}

// unixPath is the path in unix:///path, and "" for another kind of address.
func unixPath(address string) string {
	path, ok := strings.CutPrefix(address, "unix://")
	if !ok || !strings.HasPrefix(path, "/") || strings.ContainsRune(path, 0) {
		return ""
	}
	return path
}
