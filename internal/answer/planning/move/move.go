// Package move plans moves: of a server to another port or address, by its own
// configuration, and of a socket unit by a drop-in. It is pure.
package move

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/unit"
	"github.com/berthd/berth/internal/answer/planning/windows"
	"github.com/berthd/berth/internal/answer/republish"
	"github.com/berthd/berth/internal/fact"
)

type maker struct{ *draft.Draft }

// Port gives the newcomer another port. Without a newcomer there is nothing to
// change: the plan names the port, and proves that it can be bound.
func Port(d *draft.Draft) *draft.Refusal { return maker{d}.port() }

func (m maker) port() *draft.Refusal {
	port, ref := m.NewPort()
	if ref != nil {
		return ref
	}
	m.P.Goal.Binds = m.Binds(port)
	m.wordpress(port)
	return m.newcomerTo(draft.Place{Port: port})
}

// newcomerTo edits the newcomer's configuration, where it has one that berth edits.
func (m maker) newcomerTo(to draft.Place) *draft.Refusal {
	n, u := m.newcomerNeed(draft.Place{Port: m.A.Endpoint.Port}, to)
	if n == nil {
		m.Warn("set-it-yourself", "endpoint", to.String(), "newcomer", m.W.Newcomer.Text)
		return nil
	}
	c := m.config(n)
	if c == nil {
		return &draft.Refusal{Reason: draft.Reason("need-config", "server", n.Server, "whose", string(n.Whose)), Need: n}
	}
	return m.edit(c, n, u)
}

// newcomerNeed is what has to be read of the newcomer, nil where it has no
// configuration that is known.
func (m maker) newcomerNeed(from, to draft.Place) (*draft.NeedConfig, *fact.Unit) {
	nc := m.W.Newcomer
	u := m.Newcomer()
	switch {
	case u != nil:
		return m.need(draft.New, u, from, to), u
	case nc.Kind == draft.ForFile:
		return &draft.NeedConfig{Whose: draft.New, Path: nc.Name, Server: serverOfFile(nc.Name), From: from, To: to}, nil
	case nc.Kind == draft.ForServer:
		return &draft.NeedConfig{Whose: draft.New, Server: nc.Name, From: from, To: to}, nil
	}
	return nil, nil
}

// Newcomers is what has to be read to know which ports the newcomer asks for. It is nil
// but for a unit of systemd's with its server's own name and TCP: another unit may name
// another file in its command line.
func Newcomers(d *draft.Draft) *draft.NeedConfig {
	u := d.Newcomer()
	if u == nil || u.Manager != "systemd" || !draft.Usual(u) || d.A.Endpoint.Proto == fact.UDP {
		return nil
	}
	at := draft.Place{Port: d.A.Endpoint.Port}
	return maker{d}.need(draft.New, u, at, at)
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
			return server(s)
		}
	}
	return ""
}

// Move takes the holder to another port.
func Move(d *draft.Draft) *draft.Refusal { return maker{d}.move() }

func (m maker) move() *draft.Refusal {
	r := m.X.Redirect(m.R.About)
	if r != nil && r.Kind == "portproxy" {
		return windows.PortProxy(m.Draft, r)
	}
	t := m.Find()
	switch {
	case t.Refusal != nil && r != nil:
		return m.Refuse("nat-rule")
	case t.Refusal != nil:
		return t.Refusal
	case m.R.Args["twice"] != "" && t.Unit != nil:
		return m.once(t.Unit)
	case t.Container != nil:
		return m.republish(t.Container)
	case t.Unit == nil:
		return m.Refuse("started-by-hand", "pid", draft.PIDText(t.Process), "name", t.Process.Name)
	}
	port, ref := m.NewPort()
	if ref != nil {
		return ref
	}
	m.Warn("clients-follow", "who", t.Unit.Name, "from", draft.PortText(m.A.Endpoint.Port), "to", draft.PortText(port))
	if sock := m.socketOf(t.Unit); sock != nil {
		return m.moveSocket(sock, port)
	}
	m.wordpress(port)
	return m.reconfigure(t.Unit, draft.Place{Port: m.A.Endpoint.Port}, draft.Place{Port: port})
}

// once leaves the newcomer one of the lines that ask for the port, and starts it.
func (m maker) once(u *fact.Unit) *draft.Refusal {
	from := draft.Place{Port: m.A.Endpoint.Port}
	n := m.need(draft.New, u, from, from)
	if n == nil {
		return m.Refuse("server-unknown", "unit", u.Name)
	}
	n.Once = true
	c := m.config(n)
	if c == nil {
		return &draft.Refusal{Reason: draft.Reason("need-config", "server", n.Server, "whose", string(n.Whose)), Need: n}
	}
	if ref := m.edit(c, n, u); ref != nil {
		return ref
	}
	m.Starts = u
	return nil
}

// republish: what a container publishes is fixed when it is made, so it is for a person
// to make it anew; the commands say how.
func (m maker) republish(c *fact.Container) *draft.Refusal {
	port, ref := m.NewPort()
	if ref != nil {
		return ref
	}
	ref = m.Refuse("container-ports-fixed", "container", draft.ContainerName(c))
	of := *c
	if of.Pod == "" && of.Engine == "podman" && len(unit.Sharers(m.Draft, c)) > 0 {
		of.Pod = c.Full // which its engine does not tell of the container that has a pod's network
	}
	a, ok := republish.For(of, m.Proto, m.A.Endpoint.Port, port)
	if !ok {
		return ref
	}
	ref.Command = a.Steps
	ref.Reason = draft.Reason("container-ports-fixed", "container", draft.ContainerName(c), "way", string(a.Way), "folder", a.Folder, "files", strings.Join(a.Files, ", "),
		"service", a.Service, "old", a.Old, "new", a.New)
	if a.Incomplete {
		ref.Reason.Args["incomplete"] = c.Engine + " inspect " + draft.ContainerName(c)
	}
	return ref
}

// reconfigure takes a unit's server from one endpoint to another.
func (m maker) reconfigure(u *fact.Unit, from, to draft.Place) *draft.Refusal {
	n := m.need(draft.Holder, u, from, to)
	if n == nil {
		return m.Refuse("server-unknown", "unit", u.Name)
	}
	c := m.config(n)
	if c == nil {
		return &draft.Refusal{Reason: draft.Reason("need-config", "server", n.Server, "whose", string(n.Whose)), Need: n}
	}
	return m.edit(c, n, u)
}

// socketOf is the socket unit that has the port for u, nil where none has.
func (m maker) socketOf(u *fact.Unit) *fact.Unit {
	triggers, _ := unit.Family(m.Draft, u)
	for _, t := range append([]*fact.Unit{u}, triggers...) {
		if slices.ContainsFunc(t.Listens, m.isPort) {
			return t
		}
	}
	return nil
}

func (m maker) isPort(l fact.ListenOn) bool {
	kind := "Stream"
	if m.Proto == fact.UDP {
		kind = "Datagram"
	}
	return l.Kind == kind && l.Local.Port() == m.A.Endpoint.Port
}

// moveSocket gives a socket unit other addresses by a drop-in: an empty line first,
// which forgets the unit's own.
func (m maker) moveSocket(sock *fact.Unit, port uint16) *draft.Refusal {
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
	return unit.DropIn(m.Draft, sock, "berth-port.conf", b.String(), draft.Reason("move-socket", "unit", sock.Name, "to", draft.PortText(port)))
}

// movedAddress is the same address with another port. A bare number stays one: it
// means both families.
func movedAddress(l fact.ListenOn, port uint16) string {
	if strings.Trim(l.Address, "0123456789") == "" {
		return draft.PortText(port)
	}
	return netip.AddrPortFrom(l.Local.Addr(), port).String()
}

// Address takes the newcomer to another address, or narrows the holder to one.
func Address(d *draft.Draft) *draft.Refusal { return maker{d}.address() }

func (m maker) address() *draft.Refusal {
	if m.R.Target == "" {
		addr, ok := m.freeAddress()
		if !ok {
			return m.Refuse("no-address-left")
		}
		m.P.Goal.Binds = []plan.Bind{{Proto: m.Proto, Addr: addr.String(), Port: m.A.Endpoint.Port, ReuseAddr: m.Proto == fact.TCP && !m.OnWindows()}}
		return m.newcomerTo(draft.Place{Addr: addr.String(), Port: m.A.Endpoint.Port})
	}
	t := m.Find()
	switch {
	case t.Refusal != nil:
		return t.Refusal
	case t.Unit == nil:
		return m.Refuse("started-by-hand", "pid", draft.PIDText(t.Process))
	}
	addr, ok := m.outside()
	if !ok {
		return m.Refuse("no-address-left")
	}
	m.P.Goal.Binds = []plan.Bind{{Proto: m.Proto, Addr: addr.String(), Port: m.A.Endpoint.Port, ReuseAddr: m.Proto == fact.TCP && !m.OnWindows()}}
	m.Warn("only-loopback", "who", t.Unit.Name)
	m.Warn("set-it-yourself", "endpoint", netip.AddrPortFrom(addr, m.A.Endpoint.Port).String(), "newcomer", m.W.Newcomer.Text)
	return m.reconfigure(t.Unit, draft.Place{Port: m.A.Endpoint.Port}, draft.Place{Addr: "127.0.0.1", Port: m.A.Endpoint.Port})
}

// outside is the first address of this machine that others reach, IPv4 before IPv6.
func (m maker) outside() (netip.Addr, bool) {
	for _, four := range []bool{true, false} {
		for _, a := range m.X.Set.Machine.Addrs {
			if ip := a.Prefix.Addr(); ip.Is4() == four && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !a.Tentative {
				return ip, true
			}
		}
	}
	return netip.Addr{}, false
}

// freeAddress is an address on which no holder listens: one that others reach where
// there is one, else loopback.
func (m maker) freeAddress() (netip.Addr, bool) {
	taken := map[netip.Addr]bool{}
	for _, h := range m.A.Holders {
		for _, id := range h.Sockets {
			taken[m.X.Socket(id).Local.Addr().Unmap()] = true
		}
	}
	if taken[netip.IPv4Unspecified()] || taken[netip.IPv6Unspecified()] {
		return netip.Addr{}, false
	}
	for _, a := range m.X.Set.Machine.Addrs {
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
