package planning

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

// exclude keeps the port out of the hands of outgoing connections, or on Windows out
// of those of whoever sets ranges aside.
func (m *maker) exclude() *Refusal {
	if m.r.Target == ways.DynamicRange {
		m.aimless = true
		return m.refuse("advice-only", "feature", "dynamic-range")
	}
	switch m.x.Set.Machine.OS {
	case "linux":
		m.reserve()
		return nil
	case "windows":
		m.exclusion()
		return nil
	}
	return m.refuse("not-on-this-os", "os", m.x.Set.Machine.OS)
}

const reservedPorts = "net.ipv4.ip_local_reserved_ports"

// reserve adds the port to the kernel's list, now and at every boot. What took the
// port this time is not touched: the goal is another time's.
func (m *maker) reserve() {
	m.aimless = true
	was, now := m.reserved(), m.reserved(m.a.Endpoint.Port)
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.Sysctl, Name: reservedPorts}, Before: plan.State{"value": was}, After: plan.State{"value": now},
		Class: plan.Reversible, Why: reason("reserve-port", "port", portText(m.a.Endpoint.Port))})
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: "/etc/sysctl.d/90-berth-reserved-ports.conf"}, Before: plan.State{"exists": "no"},
		After: plan.State{"exists": "yes", "content": "# Written by berth: no outgoing connection takes these ports.\n" + reservedPorts + " = " + now + "\n"},
		Class: plan.Reversible,
		Why:   reason("reserve-at-boot", "port", portText(m.a.Endpoint.Port))})
	if m.finding(diagnose.RuleOutgoing) != nil {
		m.warn("not-this-time", "port", portText(m.a.Endpoint.Port))
	}
}

// reserved is the list as the kernel prints it, with more ports in it: ascending,
// neighbours joined.
func (m *maker) reserved(more ...uint16) string {
	var has [65536]bool
	for _, r := range m.x.Set.Ranges {
		for p := int(r.From); p <= int(r.To) && r.Kind == fact.Reserved; p++ {
			has[p] = true
		}
	}
	for _, p := range more {
		has[p] = true
	}
	var out []string
	for p := 0; p < len(has); p++ {
		from := p
		for p < len(has) && has[p] {
			p++
		}
		switch {
		case p-from == 1:
			out = append(out, strconv.Itoa(from))
		case p > from:
			out = append(out, strconv.Itoa(from)+"-"+strconv.Itoa(p-1))
		}
	}
	return strings.Join(out, ",")
}

// exclusion takes the port for oneself while winnat, which has the range around it,
// is stopped.
func (m *maker) exclusion() {
	port := portText(m.a.Endpoint.Port)
	nat := unitNamed(m.x, "winnat")
	running := nat == nil || nat.Active == "running"
	if running {
		// It runs again when all is done, so only a failure in between takes this back.
		m.step(plan.Step{Subject: serviceSubject("winnat"), After: plan.State{"state": "running"}, On: plan.OnUndo, Class: plan.Restartable, Why: reason("start-winnat")})
		m.step(plan.Step{Subject: serviceSubject("winnat"), After: plan.State{"state": "stopped"}, On: plan.OnDo, Class: plan.Restartable, Why: reason("stop-winnat")})
		m.warn("winnat-stops")
	}
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.ExcludedRange, Name: string(m.proto) + " " + port + "-" + port}, Before: plan.State{"exists": "no"},
		After: plan.State{"exists": "yes"}, Class: plan.Reversible, Why: reason("exclude-port", "port", port)})
	if running {
		m.step(plan.Step{Subject: serviceSubject("winnat"), After: plan.State{"state": "running"}, On: plan.OnDo, Class: plan.Restartable, Why: reason("start-winnat")})
	}
}

// listed is the listen list of now, and whether it was read.
func (m *maker) listed() (addrs []netip.Addr, known bool) {
	for _, a := range m.x.Set.ListenList {
		addrs = append(addrs, a.Addr)
	}
	w := m.x.Set.Machine.Windows
	return addrs, len(addrs) > 0 || w != nil && w.ListenList
}

func listText(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}

// iplisten narrows HTTP.sys to one address, or puts a damaged list right.
func (m *maker) iplisten() *Refusal {
	now, known := m.listed()
	if !m.onWindows() {
		return m.refuse("not-on-this-os", "os", m.x.Set.Machine.OS)
	}
	if m.r.Target == ways.ListenList {
		return m.repairList(now)
	}
	if !known {
		return m.refuse("list-unknown")
	}
	if len(now) > 0 {
		return m.refuse("list-is-set", "list", listText(now))
	}
	keep := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if m.r.Target != "" {
		a, err := netip.ParseAddr(m.r.Target)
		if err != nil {
			return m.refuse("no-address", "text", m.r.Target)
		}
		keep = a
	}
	m.setList(now, []netip.Addr{keep}, reason("narrow-list", "list", keep.String()), true)
	m.warn("list-starves", "list", keep.String(), "urls", strconv.Itoa(len(m.x.Set.Registrations)))
	return nil
}

func (m *maker) setList(now, to []netip.Addr, why plan.Reason, reboot bool) {
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.IPListen, Name: "HTTP"}, Before: plan.State{"addresses": listText(now)},
		After: plan.State{"addresses": listText(to)}, Class: plan.Reversible, Why: why, Reboot: reboot})
}

// repairList takes out of the list what is not on this machine, and where it leaves
// somebody out, all of it.
func (m *maker) repairList(now []netip.Addr) *Refusal {
	m.aimless = true
	keep := slices.Clone(now)
	starves := false
	for _, f := range diagnose.Damage(m.x) {
		switch f.Rule {
		case diagnose.RuleListenAddrGone:
			keep = slices.DeleteFunc(keep, func(a netip.Addr) bool { return a.String() == f.Args["address"] })
		case diagnose.RuleListenListStarves:
			starves = true
		}
	}
	if starves {
		keep = nil
	}
	if len(keep) == len(now) {
		return m.refuse("nothing-damaged")
	}
	m.setList(now, keep, reason("repair-list", "list", listText(keep)), true)
	if len(keep) == 0 {
		m.warn("list-empty-is-all")
	}
	return nil
}

// split leaves IPv6 to HTTP.sys and takes IPv4.
func (m *maker) split() *Refusal {
	now, known := m.listed()
	switch {
	case !m.onWindows() || m.finding(diagnose.RuleHTTPSys) == nil && m.finding(diagnose.RuleHTTPSysUnnamed) == nil:
		return m.refuse("split-by-hand")
	case !known:
		return m.refuse("list-unknown")
	case len(now) > 0:
		return m.refuse("list-is-set", "list", listText(now))
	}
	m.setList(now, []netip.Addr{netip.IPv6Unspecified()}, reason("split-list"), true)
	m.p.Goal.Binds = []plan.Bind{{Proto: fact.TCP, Addr: "0.0.0.0", Port: m.a.Endpoint.Port}}
	m.warn("split-localhost")
	return nil
}

// defaults are reservations that every Windows makes for itself and whose rights are
// known: those that popular .reg files wipe.
var defaults = [...]struct{ url, sddl string }{
	{"http://+:80/Temporary_Listen_Addresses/", "D:(A;;GX;;;WD)"},
	{"http://*:5357/", "D:(A;;GX;;;BU)(A;;GX;;;LS)"},
	{"https://*:5358/", "D:(A;;GX;;;BU)(A;;GX;;;LS)"},
	{"https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/", "D:(A;;GA;;;S-1-5-80-3435701886-799518250-3791383489-3228296122-2938884314)(A;;GA;;;BA)(A;;GA;;;SY)"},
	{"http://*:2869/", "D:(A;;GX;;;LS)"},
	{"http://+:10247/apps/", "D:(A;;GX;;;AU)"},
	{"http://+:5985/wsman/", winrmRights},
	{"https://+:5986/wsman/", winrmRights},
	{"http://+:47001/wsman/", winrmRights},
}

// winrmRights are those of the services WinRM and Wecsvc, by their service SIDs.
const winrmRights = "D:(A;;GX;;;S-1-5-80-569256582-2953403351-2909559716-1301513147-412116970)(A;;GX;;;S-1-5-80-4059739203-877974739-1245631912-527174227-2996563517)"

// reservations puts back those of Windows' own that are gone.
func (m *maker) reservations() *Refusal {
	m.aimless = true
	for _, d := range defaults {
		have := slices.ContainsFunc(m.x.Set.Reservations, func(r fact.Reservation) bool { return strings.EqualFold(r.URL, d.url) })
		if have {
			continue
		}
		m.step(plan.Step{Subject: plan.Subject{Kind: plan.URLACL, Name: d.url}, Before: plan.State{"exists": "no"},
			After: plan.State{"exists": "yes", "sddl": d.sddl}, Class: plan.Reversible, Why: reason("restore-reservation", "url", d.url)})
	}
	if len(m.p.Steps) == 0 {
		return m.refuse("nothing-damaged")
	}
	m.warn("reservations-not-all")
	return nil
}

// leftover removes a reservation for an account that is gone.
func (m *maker) leftover(r *fact.Reservation) *Refusal {
	m.aimless = true
	before := plan.State{"exists": "yes"}
	if r.SDDL != "" {
		before["sddl"] = r.SDDL
	}
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.URLACL, Name: r.URL}, Before: before, After: plan.State{"exists": "no"},
		Class: plan.Reversible, Why: reason("remove-reservation", "url", r.URL)})
	return nil
}

// order lets the newcomer win at boot, and now.
func (m *maker) order() *Refusal {
	u := m.w.Newcomer.unit(m.x)
	t := m.find()
	switch {
	case t.refusal != nil:
		return t.refusal
	case t.unit == nil:
		return m.refuse("order-needs-units")
	case u == nil:
		return m.refuse("order-needs-newcomer")
	case u.Manager != t.unit.Manager:
		return m.refuse("order-needs-units")
	case u.Manager == "scm":
		return m.orderService(t.unit)
	case u.Manager != "systemd":
		return m.refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	if ref := m.stopUnit(t.unit); ref != nil {
		return ref
	}
	m.reloadSystemd(plan.OnUndo)
	m.step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: "/etc/systemd/system/" + u.Name + ".d/berth-order.conf"}, Before: plan.State{"exists": "no"},
		After: plan.State{"exists": "yes", "content": "# Written by berth: who comes first has the port.\n[Unit]\nBefore=" + t.unit.Name + "\n"},
		Class: plan.Reversible, Why: reason("order-units", "first", u.Name, "then", t.unit.Name)})
	m.reloadSystemd(plan.OnDo)
	m.warn("loser-fails-at-boot", "unit", t.unit.Name)
	return nil
}

// orderService starts the holder some minutes after boot, when the newcomer has the
// port.
func (m *maker) orderService(holder *fact.Unit) *Refusal {
	if was := serviceState(holder)["start"]; was != "auto" {
		return m.refuse("order-start-type", "service", holder.Name, "start", was)
	}
	if ref := m.stopService(holder); ref != nil {
		return ref
	}
	m.also(m.serviceStep(holder, plan.State{"start": "auto-delayed"}, reason("start-delayed", "service", holder.Name)))
	m.warn("loser-fails-at-boot", "unit", holder.Name)
	return nil
}
