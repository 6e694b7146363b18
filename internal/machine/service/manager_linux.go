package service

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"

	"github.com/berthd/berth/internal/fact"
)

const (
	ifaceManager = "org.freedesktop.systemd1.Manager"
	ifaceUnit    = "org.freedesktop.systemd1.Unit"
	ifaceService = "org.freedesktop.systemd1.Service"
	ifaceSocket  = "org.freedesktop.systemd1.Socket"
	ifaceProps   = "org.freedesktop.DBus.Properties"
)

// manager is a conversation with one systemd.
type manager struct {
	*reading
	*bus
	boss
}

// ask fills the rows of one manager. What cannot be asked is a gap.
func (r *reading) ask(ctx context.Context, who boss) {
	names := r.named(who)
	if len(names) == 0 && len(r.listed[who]) == 0 && !r.q.Failed {
		return
	}
	b, err := r.dial(ctx, who)
	if len(names) == 0 && who.uid != "" && errors.Is(err, fs.ErrNotExist) {
		return // this user has no manager
	}
	if err != nil {
		r.noBus(who.manager, err)
		return
	}
	defer b.close()
	stop := context.AfterFunc(ctx, func() { b.close() })
	defer stop()
	m := manager{reading: r, bus: b, boss: who}
	if err := m.read(names); err != nil {
		r.noBus(who.manager, err)
	}
}

// dial prefers the bus daemon: a manager registers all its objects anew for each
// private connection, which costs more than the daemon's hop.
func (r *reading) dial(ctx context.Context, who boss) (*bus, error) {
	public, private := r.host.bus, r.private
	if who.manager == SystemdUser {
		public, private = r.runtime+"/"+who.uid+"/bus", r.runtime+"/"+who.uid+"/systemd/private"
	}
	b, err := dialBus(ctx, public, false, r.host.uid, r.end)
	if err == nil || who.manager == Systemd && r.host.uid != 0 {
		return b, err
	}
	if b, err2 := dialBus(ctx, private, true, r.host.uid, r.end); err2 == nil {
		return b, nil
	}
	return nil, err
}

// named are the wanted units of one manager. init.scope is the
// manager itself.
func (r *reading) named(who boss) []string {
	var names []string
	for _, u := range r.set.Units {
		if who.owns(u) && r.wanted[u.ID] && u.Name != "init.scope" {
			names = append(names, u.Name)
		}
	}
	return names
}

func (m *manager) read(names []string) error {
	first := m.properties(names, false)
	var sockets, failed *call
	calls := flat(first)
	if len(m.listed[m.boss]) > 0 {
		sockets = m.list([]string{"listening", "running"}, "*.socket")
		calls = append(calls, sockets)
	}
	if m.q.Failed {
		failed = m.list([]string{"failed", "auto-restart", "auto-restart-queued"}, "*.service", "*.socket")
		calls = append(calls, failed)
	}
	if err := m.do(calls); err != nil {
		return err
	}
	m.fill(first)
	more, err := m.listeners(sockets)
	if err != nil {
		return err
	}
	more = append(more, m.unfinished(failed)...)
	more = append(more, m.triggered()...)
	return m.rest(more)
}

// rest asks for units found on the way, and for what those trigger.
func (m *manager) rest(names []string) error {
	for len(names) > 0 {
		slices.Sort(names)
		asked := m.properties(slices.Compact(names), true)
		if err := m.do(flat(asked)); err != nil {
			return err
		}
		m.fill(asked)
		names = m.triggered()
	}
	return nil
}

// question is everything asked of one unit.
type question struct {
	unit  string
	calls []*call
	keys  []string // property of each call; "" = all of ifaceUnit
}

func flat(qs []question) []*call {
	var calls []*call
	for _, q := range qs {
		calls = append(calls, q.calls...)
	}
	return calls
}

// properties are the questions for units. All properties of a service are several
// times as dear as the few that are used (its manager reads cgroup files for
// them), so those are asked one by one; of a service whose processes are at hand,
// only what these do not tell.
func (m *manager) properties(names []string, full bool) []question {
	qs := make([]question, 0, len(names))
	for _, name := range names {
		q := question{unit: name}
		q.add(ifaceUnit, "")
		switch {
		case strings.HasSuffix(name, ".service"):
			q.addAll(ifaceService, "MainPID", "Restart", "NRestarts", "KillMode", "ExecStart")
			if full {
				q.addAll(ifaceService, "Result", "ExecMainStatus", "User", "NoNewPrivileges", "AmbientCapabilities")
			}
		case strings.HasSuffix(name, ".socket"):
			q.addAll(ifaceSocket, "Result", "Listen", "Accept", "BindIPv6Only")
		}
		qs = append(qs, q)
	}
	return qs
}

func (q *question) addAll(iface string, keys ...string) {
	for _, key := range keys {
		q.add(iface, key)
	}
}

func (q *question) add(iface, key string) {
	c := &call{path: unitPath(q.unit), iface: ifaceProps, member: "Get", args: []any{iface, key}}
	if key == "" {
		c.member, c.args = "GetAll", []any{iface}
	}
	q.calls, q.keys = append(q.calls, c), append(q.keys, key)
}

func (m *manager) list(states []string, patterns ...string) *call {
	return &call{path: "/org/freedesktop/systemd1", iface: ifaceManager, member: "ListUnitsByPatterns", args: []any{states, patterns}}
}

// fill writes the answers into the rows. A property that the manager does not
// have (it is older) stays unknown; a unit that it would not tell of at all is a
// gap.
func (m *manager) fill(qs []question) {
	for _, q := range qs {
		id := m.add(fact.Unit{Manager: m.manager, Name: q.unit, UserUID: m.uid})
		u := &m.set.Units[m.rows[id]]
		if err := q.calls[0].err; err != nil {
			m.set.AddGaps(fact.Gap{Kind: refused(err), Subject: q.unit, Err: err.Error(), About: id})
			continue
		}
		u.Evidence = byBus
		for i, c := range q.calls {
			setAll(u, q.keys[i], c.reply)
		}
		for _, name := range u.Triggers {
			m.link(id, m.id(name), fact.Triggers, byBus)
		}
	}
}

// refused tells a unit that ended meanwhile from one that is kept from us.
func refused(err error) fact.GapKind {
	var r refusal
	if errors.As(err, &r) && (strings.HasSuffix(r.name, ".UnknownObject") || strings.HasSuffix(r.name, ".NoSuchUnit")) {
		return fact.GapVanished
	}
	return fact.GapNoBus
}

// triggered are the units that rows trigger and that have no row yet.
func (m *manager) triggered() []string {
	var names []string
	for _, u := range m.set.Units {
		if !m.owns(u) || u.Type != "socket" {
			continue
		}
		for _, name := range u.Triggers {
			if _, have := m.rows[m.id(name)]; !have {
				names = append(names, name)
			}
		}
	}
	return names
}

// unfinished are the units of a list of failed ones, asked in full even where a
// process of theirs is at hand.
func (m *manager) unfinished(c *call) []string {
	names := unitNames(c)
	if len(names) > maxFailed {
		m.set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: "failed units"})
		names = names[:maxFailed]
	}
	return names
}

// listeners finds the socket units that asked for the listed sockets.
func (m *manager) listeners(c *call) ([]string, error) {
	var qs []question
	for _, name := range unitNames(c) {
		q := question{unit: name}
		q.add(ifaceSocket, "Listen")
		qs = append(qs, q)
	}
	if err := m.do(flat(qs)); err != nil {
		return nil, err
	}
	var names []string
	for _, q := range qs {
		var u fact.Unit
		setAll(&u, "Listen", q.calls[0].reply)
		for _, s := range m.listed[m.boss] {
			if asksFor(u.Listens, s) {
				names = append(names, q.unit)
				m.link(s.ID, m.id(q.unit), fact.ListensFor, byBus)
			}
		}
	}
	return names, nil
}

// asksFor tells whether one of a socket unit's addresses is the socket's.
// [::]:80 is what ListenStream=80 becomes, also where the kernel has only IPv4.
func asksFor(listens []fact.ListenOn, s fact.Socket) bool {
	for _, l := range listens {
		stream := s.Proto == fact.TCP || s.Proto == fact.SCTP
		if l.Kind == "Stream" && !stream || l.Kind == "Datagram" && stream || !l.Local.IsValid() {
			continue
		}
		if l.Local.Port() != s.Local.Port() {
			continue
		}
		want, have := l.Local.Addr().WithZone(""), s.Local.Addr().WithZone("")
		if want.Unmap() == have.Unmap() || want == netip.IPv6Unspecified() && have == netip.IPv4Unspecified() {
			return true
		}
	}
	return false
}

// unitNames are the names in a reply of ListUnitsByPatterns.
func unitNames(c *call) []string {
	if c == nil || len(c.reply) == 0 {
		return nil
	}
	rows, _ := c.reply[0].([][]any)
	var names []string
	for _, row := range rows {
		if len(row) > 0 {
			if name, ok := row[0].(string); ok && isUnit(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// setAll writes one reply of Get or GetAll into u.
func setAll(u *fact.Unit, key string, reply []any) {
	if len(reply) == 0 {
		return
	}
	switch v := reply[0].(type) {
	case dbus.Variant:
		setOne(u, key, v.Value())
	case map[string]dbus.Variant:
		for key, v := range v {
			setOne(u, key, v.Value())
		}
	}
}
