package planning

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/republish"
	"github.com/berthd/berth/internal/fact"
)

// port gives the newcomer another port. Without a newcomer there is nothing to
// change: the plan names the port, and proves that it can be bound.
func (m *maker) port() *Refusal {
	port, ref := m.newPort()
	if ref != nil {
		return ref
	}
	m.p.Goal.Binds = m.binds(port)
	m.wordpress(port)
	return m.newcomerTo(Place{Port: port})
}

// newcomerTo edits the newcomer's configuration, where it has one that berth edits.
func (m *maker) newcomerTo(to Place) *Refusal {
	n, u := m.newcomerNeed(Place{Port: m.a.Endpoint.Port}, to)
	if n == nil {
		m.warn("set-it-yourself", "endpoint", to.text(), "newcomer", m.w.Newcomer.Text)
		return nil
	}
	c := m.config(n)
	if c == nil {
		return &Refusal{Reason: reason("need-config", "server", n.Server, "whose", string(n.Whose)), Need: n}
	}
	return m.edit(c, n, u)
}

// newcomerNeed is what has to be read of the newcomer, nil where it has no
// configuration that is known.
func (m *maker) newcomerNeed(from, to Place) (*NeedConfig, *fact.Unit) {
	nc := m.w.Newcomer
	u := nc.unit(m.x)
	if u == nil && nc.Kind == "" {
		u = m.x.Unit(m.r.About) // the unit that failed for want of the port
	}
	switch {
	case u != nil:
		return m.need(New, u, from, to), u
	case nc.Kind == ForFile:
		return &NeedConfig{Whose: New, Path: nc.Name, Server: serverOfFile(nc.Name), From: from, To: to}, nil
	case nc.Kind == ForServer:
		return &NeedConfig{Whose: New, Server: nc.Name, From: from, To: to}, nil
	}
	return nil, nil
}

// serverOfFile is the server that a configuration file is of, by its usual name; ""
// is for the reader to find out.
func serverOfFile(path string) string {
	base := strings.ToLower(path[strings.LastIndexAny(path, `/\`)+1:])
	switch base {
	case "httpd.conf", "apache2.conf", "ports.conf", "httpd-ssl.conf":
		return "apache"
	case "applicationhost.config":
		return "iis"
	case "server.xml":
		return "tomcat"
	case "sshd_config":
		return "sshd"
	case "caddyfile":
		return "caddy"
	case "haproxy.cfg":
		return "haproxy"
	}
	for _, s := range []string{"nginx", "lighttpd", "apache", "httpd"} {
		if strings.Contains(strings.ToLower(path), s) {
			return programs[s]
		}
	}
	return ""
}

// move takes the holder to another port.
func (m *maker) move() *Refusal {
	if r := m.x.Redirect(m.r.About); r != nil && r.Kind == "portproxy" {
		return m.portproxy(r)
	}
	t := m.find()
	switch {
	case t.refusal != nil:
		return t.refusal
	case t.container != nil:
		return m.republish(t.container)
	case t.unit == nil:
		return m.refuse("started-by-hand", "pid", pidText(t.process), "name", t.process.Name)
	}
	port, ref := m.newPort()
	if ref != nil {
		return ref
	}
	m.warn("clients-follow", "who", t.unit.Name, "from", portText(m.a.Endpoint.Port), "to", portText(port))
	if sock := m.socketOf(t.unit); sock != nil {
		return m.moveSocket(sock, port)
	}
	m.wordpress(port)
	return m.reconfigure(t.unit, Place{Port: m.a.Endpoint.Port}, Place{Port: port})
}

// republish: what a container publishes is fixed when it is made, so it is for a person
// to make it anew; the commands say how.
func (m *maker) republish(c *fact.Container) *Refusal {
	port, ref := m.newPort()
	if ref != nil {
		return ref
	}
	ref = m.refuse("container-ports-fixed", "container", cmp.Or(c.Name, c.Full))
	a, ok := republish.For(*c, m.proto, m.a.Endpoint.Port, port)
	if !ok {
		return ref
	}
	ref.Command = a.Steps
	ref.Reason = reason("container-ports-fixed", "container", cmp.Or(c.Name, c.Full), "way", string(a.Way), "folder", a.Folder, "files", strings.Join(a.Files, ", "),
		"service", a.Service, "old", a.Old, "new", a.New)
	if a.Incomplete {
		ref.Reason.Args["incomplete"] = "yes"
	}
	return ref
}

// reconfigure takes a unit's server from one endpoint to another.
func (m *maker) reconfigure(u *fact.Unit, from, to Place) *Refusal {
	n := m.need(Holder, u, from, to)
	if n == nil {
		return m.refuse("server-unknown", "unit", u.Name)
	}
	c := m.config(n)
	if c == nil {
		return &Refusal{Reason: reason("need-config", "server", n.Server, "whose", string(n.Whose)), Need: n}
	}
	return m.edit(c, n, u)
}

// socketOf is the socket unit that has the port for u, nil where none has.
func (m *maker) socketOf(u *fact.Unit) *fact.Unit {
	triggers, _ := m.family(u)
	for _, t := range append([]*fact.Unit{u}, triggers...) {
		if slices.ContainsFunc(t.Listens, m.isPort) {
			return t
		}
	}
	return nil
}

func (m *maker) isPort(l fact.ListenOn) bool {
	kind := "Stream"
	if m.proto == fact.UDP {
		kind = "Datagram"
	}
	return l.Kind == kind && l.Local.Port() == m.a.Endpoint.Port
}

// moveSocket gives a socket unit other addresses by a drop-in: an empty line first,
// which forgets the unit's own.
func (m *maker) moveSocket(sock *fact.Unit, port uint16) *Refusal {
	var b strings.Builder
	b.WriteString("# Written by berth.\n[Socket]\n")
	for _, kind := range []string{"Stream", "Datagram", "SequentialPacket"} {
		var lines []string
		moved := false
		for _, l := range sock.Listens {
			if l.Kind != kind {
				continue
			}
			addr := l.Address
			if m.isPort(l) {
				addr, moved = movedAddress(l, port), true
			}
			lines = append(lines, "Listen"+kind+"="+addr+"\n")
		}
		if moved {
			b.WriteString("Listen" + kind + "=\n" + strings.Join(lines, ""))
		}
	}
	return m.dropIn(sock, "berth-port.conf", b.String(), reason("move-socket", "unit", sock.Name, "to", portText(port)))
}

// movedAddress is the same address with another port. A bare number stays one: it
// means both families.
func movedAddress(l fact.ListenOn, port uint16) string {
	if strings.Trim(l.Address, "0123456789") == "" {
		return portText(port)
	}
	return netip.AddrPortFrom(l.Local.Addr(), port).String()
}

// dropIn writes a drop-in and makes it count: the manager reads it, then the unit
// and what it starts are started anew, the trigger first to stop and first to start.
// Undoing runs through the same in the same order.
func (m *maker) dropIn(u *fact.Unit, name, text string, why plan.Reason) *Refusal {
	if u.Manager != "systemd" {
		return m.refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	_, services := m.family(u)
	down, up := plan.State{"active": "inactive"}, plan.State{"active": "active"}
	var running []*fact.Unit
	for _, s := range services {
		if s != u && s.Active == "active" {
			running = append(running, s)
		}
	}
	// Backwards, as undoing reads it: stop the socket, its services, put the file back,
	// reload, start the socket, start what ran.
	for _, s := range running {
		m.on(plan.OnUndo, s, up)
	}
	m.on(plan.OnUndo, u, up)
	m.reloadSystemd(plan.OnUndo)
	path := "/etc/systemd/system/" + u.Name + ".d/" + name
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: path}, Before: plan.State{"exists": "no"},
		After: plan.State{"exists": "yes", "content": text}, Class: plan.Reversible, Why: why})
	for _, s := range services {
		m.on(plan.OnUndo, s, down)
	}
	m.on(plan.OnUndo, u, down)
	m.reloadSystemd(plan.OnDo)
	m.on(plan.OnDo, u, down)
	for _, s := range services {
		m.on(plan.OnDo, s, down)
	}
	m.on(plan.OnDo, u, up)
	for _, s := range running {
		m.on(plan.OnDo, s, up)
	}
	return nil
}

// on adds a step of one phase for a unit.
func (m *maker) on(phase plan.Phase, u *fact.Unit, after plan.State) {
	id := "stop-for-change"
	if after["active"] == "active" {
		id = "start-after-change"
	}
	m.step(plan.Step{Subject: unitSubject(u, u.Name), After: after, On: phase, Class: plan.Restartable, Why: reason(id, "unit", u.Name)})
}

func (m *maker) reloadSystemd(phase plan.Phase) {
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.Reload, Name: "systemd", Of: map[string]string{"manager": "system"}}, On: phase,
		Class: plan.Reversible, Why: reason("reload-systemd")})
}

// portproxy deletes the one entry that takes the port.
func (m *maker) portproxy(r *fact.Redirect) *Refusal {
	at := "*"
	if r.Dst.IsValid() && r.Dst.IsSingleIP() {
		at = r.Dst.Addr().String()
	} else if host, ok := strings.CutPrefix(r.Comment, "listens on "); ok {
		at = host
	}
	if strings.Contains(at, ":") {
		at = "[" + at + "]"
	}
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.PortProxy, Name: remedy.ProxyTable(r) + " " + at + ":" + portText(r.From)},
		Before: plan.State{"exists": "yes", "to": r.To}, After: plan.State{"exists": "no"}, Class: plan.Reversible, Why: reason("delete-proxy", "to", r.To)})
	return nil
}

// address takes the newcomer to another address, or narrows the holder to one.
func (m *maker) address() *Refusal {
	if m.r.Target == "" {
		addr, ok := m.freeAddress()
		if !ok {
			return m.refuse("no-address-left")
		}
		m.p.Goal.Binds = []plan.Bind{{Proto: m.proto, Addr: addr.String(), Port: m.a.Endpoint.Port, ReuseAddr: m.proto == fact.TCP && !m.onWindows()}}
		return m.newcomerTo(Place{Addr: addr.String(), Port: m.a.Endpoint.Port})
	}
	t := m.find()
	switch {
	case t.refusal != nil:
		return t.refusal
	case t.unit == nil:
		return m.refuse("started-by-hand", "pid", pidText(t.process))
	}
	addr, ok := m.outside()
	if !ok {
		return m.refuse("no-address-left")
	}
	m.p.Goal.Binds = []plan.Bind{{Proto: m.proto, Addr: addr.String(), Port: m.a.Endpoint.Port, ReuseAddr: m.proto == fact.TCP && !m.onWindows()}}
	m.warn("only-loopback", "who", t.unit.Name)
	m.warn("set-it-yourself", "endpoint", netip.AddrPortFrom(addr, m.a.Endpoint.Port).String(), "newcomer", m.w.Newcomer.Text)
	return m.reconfigure(t.unit, Place{Port: m.a.Endpoint.Port}, Place{Addr: "127.0.0.1", Port: m.a.Endpoint.Port})
}

// outside is the first address of this machine that others reach, IPv4 before IPv6.
func (m *maker) outside() (netip.Addr, bool) {
	for _, four := range []bool{true, false} {
		for _, a := range m.x.Set.Machine.Addrs {
			if ip := a.Prefix.Addr(); ip.Is4() == four && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !a.Tentative {
				return ip, true
			}
		}
	}
	return netip.Addr{}, false
}

// freeAddress is an address on which no holder listens: one that others reach where
// there is one, else loopback.
func (m *maker) freeAddress() (netip.Addr, bool) {
	taken := map[netip.Addr]bool{}
	for _, h := range m.a.Holders {
		for _, id := range h.Sockets {
			taken[m.x.Socket(id).Local.Addr().Unmap()] = true
		}
	}
	if taken[netip.IPv4Unspecified()] || taken[netip.IPv6Unspecified()] {
		return netip.Addr{}, false
	}
	for _, a := range m.x.Set.Machine.Addrs {
		if ip := a.Prefix.Addr(); !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !a.Tentative && !taken[ip] {
			return ip, true
		}
	}
	for _, ip := range []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.AddrFrom4([4]byte{127, 0, 0, 2})} {
		if !taken[ip] {
			return ip, true
		}
	}
	return netip.Addr{}, false
}
