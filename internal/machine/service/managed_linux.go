package service

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/unitlog"
)

const (
	byCgroup = "cgroup path"
	byBus    = "D-Bus org.freedesktop.systemd1"
)

// maxFailed bounds how many failed units get their properties and log read.
const maxFailed = 64

// host is where this machine keeps what is read here.
type host struct {
	booted  string // there when systemd is PID 1
	bus     string
	private string
	runtime string // folder of the users' runtime folders
	root    string // of journals
	uid     int
}

func thisHost() host {
	return host{
		booted: "/run/systemd/system", bus: "/run/dbus/system_bus_socket", private: "/run/systemd/private",
		runtime: "/run/user", root: "/", uid: os.Geteuid(),
	}
}

func managed(ctx context.Context, q Query) fact.Set {
	return thisHost().read(ctx, q)
}

// boss is one manager: uid is empty for the system's.
type boss struct{ manager, uid string }

// reading is one Read under way.
type reading struct {
	host
	q    Query
	end  time.Time
	set  fact.Set
	rows map[fact.ID]int // index in set.Units
	// wanted are rows that the manager is asked about.
	wanted map[fact.ID]bool
	// listed are sockets whose cgroup does not name the unit that asked for
	// them, so that only the manager's list of socket units can.
	listed map[boss][]fact.Socket
}

func (h host) read(ctx context.Context, q Query) fact.Set {
	if q.Timeout <= 0 {
		q.Timeout = DefaultTimeout
	}
	r := &reading{host: h, q: q, end: time.Now().Add(q.Timeout), rows: map[fact.ID]int{},
		wanted: map[fact.ID]bool{}, listed: map[boss][]fact.Socket{}}
	if end, ok := ctx.Deadline(); ok && end.Before(r.end) {
		r.end = end
	}
	r.places()
	if _, err := os.Stat(h.booted); err != nil {
		if len(r.set.Units) > 0 {
			r.noBus(Systemd, err)
		}
		return r.set
	}
	own := boss{SystemdUser, strconv.Itoa(h.uid)}
	r.ask(ctx, boss{manager: Systemd})
	if r.knows(own) || q.Failed && h.uid != 0 {
		r.ask(ctx, own)
	}
	r.strangers(own.uid)
	r.mains()
	if q.Failed {
		r.logs()
	}
	r.set.Units = slices.DeleteFunc(r.set.Units, func(u fact.Unit) bool { return u.Load == "not-found" && slices.Contains(q.Names, u.Name) })
	return r.set
}

// places makes a row of every unit that a cgroup path or the query names. Wanted from the
// manager are those of sockets and of processes without a child among the rows:
// the others are ancestors, whose units only have to be named.
func (r *reading) places() {
	parents := make(map[int]bool, len(r.q.Processes))
	for _, p := range r.q.Processes {
		parents[p.PPID] = true
	}
	for _, p := range r.q.Processes {
		if p.Linux == nil {
			continue
		}
		for _, id := range r.cgroup(p.Linux.Cgroup) {
			r.link(p.ID, id, fact.PartOf, byCgroup)
			r.wanted[id] = r.wanted[id] || !parents[p.PID]
		}
	}
	for _, name := range r.q.Names {
		if isUnit(name) {
			r.wanted[r.add(fact.Unit{Manager: Systemd, Name: name})] = true
		}
	}
	for _, s := range r.q.Sockets {
		if s.Linux == nil {
			continue
		}
		for _, id := range r.cgroup(s.Linux.Cgroup) {
			r.link(s.ID, id, fact.CreatedIn, "cgroup of the socket")
			r.wanted[id] = true
		}
		r.socketPlace(s)
	}
}

func (r *reading) socketPlace(s fact.Socket) {
	if !s.State.Serves() || s.Netns != "" {
		return
	}
	p, ok := FromCgroup(s.Linux.Cgroup)
	switch {
	case p.Nested() || p.Engine != "":
	case strings.HasSuffix(p.Unit, ".socket"):
		r.link(s.ID, rowID(p.Manager, p.UserUID, p.Unit), fact.ListensFor, "cgroup of the socket")
	case p.Unit == "init.scope", !ok && strings.Trim(s.Linux.Cgroup, "/") == "":
		by := boss{manager: Systemd}
		if p.Manager == SystemdUser {
			by = boss{SystemdUser, p.UserUID}
		}
		r.listed[by] = append(r.listed[by], s)
	}
}

// cgroup makes rows of the units a path names: the innermost, and the one around
// the machine that it is in.
func (r *reading) cgroup(path string) []fact.ID {
	p, ok := FromCgroup(path)
	if !ok {
		return nil
	}
	ids := []fact.ID{r.row(p, path)}
	if p.Outer != "" {
		ids = append(ids, r.row(Place{Manager: Systemd, Unit: p.Outer, UserUID: p.UserUID}, path))
	}
	return ids
}

func (r *reading) row(p Place, path string) fact.ID {
	u := fact.Unit{Manager: p.Manager, Name: p.Unit, UserUID: p.UserUID, Evidence: byCgroup}
	if i := strings.Index(path+"/", "/"+p.Unit+"/"); i >= 0 {
		from := strings.IndexByte(path, '/')
		u.Cgroup = path[min(from, i) : i+1+len(p.Unit)]
	}
	return r.add(u)
}

// rowID is the ID of a unit's row. Users' managers have units of the same names.
func rowID(manager, uid, unit string) fact.ID {
	if manager == SystemdUser {
		unit = uid + "/" + unit
	}
	return fact.UnitID(manager, unit)
}

// add keeps one row for each unit and returns its ID.
func (r *reading) add(u fact.Unit) fact.ID {
	u.ID = rowID(u.Manager, u.UserUID, u.Name)
	u.Type = u.Name[strings.LastIndexByte(u.Name, '.')+1:]
	if _, have := r.rows[u.ID]; !have {
		r.rows[u.ID] = len(r.set.Units)
		r.set.Units = append(r.set.Units, u)
	}
	return u.ID
}

func (r *reading) link(from, to fact.ID, kind fact.LinkKind, evidence string) {
	r.set.Links = append(r.set.Links, fact.Link{From: from, To: to, Kind: kind, Evidence: evidence})
}

// knows tells whether a row or an open question is a manager's.
func (r *reading) knows(m boss) bool {
	return len(r.listed[m]) > 0 || slices.ContainsFunc(r.set.Units, func(u fact.Unit) bool { return m.owns(u) })
}

func (m boss) owns(u fact.Unit) bool {
	return u.Manager == m.manager && (m.uid == "" || u.UserUID == m.uid)
}

func (m boss) id(unit string) fact.ID { return rowID(m.manager, m.uid, unit) }

// strangers says that other users' managers were not asked.
func (r *reading) strangers(own string) {
	for _, u := range r.set.Units {
		if u.Manager == SystemdUser && u.UserUID != own {
			r.set.AddGaps(fact.Gap{Kind: fact.GapNoBus, Subject: SystemdUser + " of uid " + u.UserUID,
				Err: "only that user's own berth asks it"})
		}
	}
}

func (r *reading) noBus(manager string, err error) {
	r.set.AddGaps(fact.Gap{Kind: fact.GapNoBus, Subject: manager, Err: err.Error()})
}

// mains ties processes to the units whose main process they are.
func (r *reading) mains() {
	for _, p := range r.q.Processes {
		if p.PID <= 1 || p.Linux == nil || p.Linux.PIDNS != 0 {
			continue
		}
		for _, u := range r.set.Units {
			if u.MainPID == p.PID {
				r.link(p.ID, u.ID, fact.MainOf, byBus)
			}
		}
	}
}

// logs attaches what failed units said last.
func (r *reading) logs() {
	var log *unitlog.Log
	for i := range r.set.Units {
		u := &r.set.Units[i]
		if u.Active != "failed" && !restarting(u.Sub) {
			continue
		}
		if log == nil {
			log = unitlog.Open(r.root)
			defer log.Close()
		}
		lines, gaps := log.Tail(unitlog.Unit{Name: u.Name, User: u.Manager == SystemdUser, UID: u.UserUID}, maxLines)
		u.Log = pick(lines, r.q.Ports)
		for _, g := range gaps {
			if g.Kind == fact.GapNoLog && !strings.Contains(g.Subject, u.Name) {
				g.Subject, g.About = "why "+u.Name+" failed", u.ID
			}
			r.set.AddGaps(g)
		}
	}
}

func restarting(sub string) bool { return strings.HasPrefix(sub, "auto-restart") }
