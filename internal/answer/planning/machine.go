package planning

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/planning/unit"
	"github.com/berthd/berth/internal/answer/planning/windows"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

// exclude keeps the port out of the hands of outgoing connections, or on Windows out
// of those of whoever sets ranges aside.
func (m maker) exclude() *Refusal {
	if m.R.Target == ways.DynamicRange {
		m.Aimless = true
		return m.Refuse("advice-only", "feature", "dynamic-range", "why", "range")
	}
	switch m.X.Set.Machine.OS {
	case "linux":
		m.reserve()
		return nil
	case "windows":
		windows.Exclusion(m.Draft)
		return nil
	}
	return m.Refuse("not-on-this-os", "os", m.X.Set.Machine.OS)
}

const reservedPorts = "net.ipv4.ip_local_reserved_ports"

// reserve adds the port to the kernel's list, now and at every boot. What took the
// port this time is not touched: the goal is another time's.
func (m maker) reserve() {
	m.Aimless = true
	was, now := m.reserved(), m.reserved(m.A.Endpoint.Port)
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.Sysctl, Name: reservedPorts}, Before: plan.State{"value": was}, After: plan.State{"value": now},
		Class: plan.Reversible, Why: draft.Reason("reserve-port", "port", draft.PortText(m.A.Endpoint.Port))})
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: "/etc/sysctl.d/90-berth-reserved-ports.conf"}, After: plan.State{"exists": "yes", "content": "# Written by berth: no outgoing connection takes these ports.\n" + reservedPorts + " = " + now + "\n"},
		Class: plan.Reversible,
		Why:   draft.Reason("reserve-at-boot", "port", draft.PortText(m.A.Endpoint.Port))})
	if m.Finding(diagnose.RuleOutgoing) != nil {
		m.Warn("not-this-time", "port", draft.PortText(m.A.Endpoint.Port))
	}
}

// reserved is the list as the kernel prints it, with more ports in it: ascending,
// neighbours joined.
func (m maker) reserved(more ...uint16) string {
	var has [65536]bool
	for _, r := range m.X.Set.Ranges {
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

// order lets the newcomer win at boot. Nothing stops now; taken back, also after the
// reboot, the holder has the port again.
func (m maker) order() *Refusal {
	if m.R.Target == ways.NetworkOnline {
		return m.afterNetwork()
	}
	u := m.Newcomer()
	t := m.Find()
	switch {
	case t.Refusal != nil:
		return t.Refusal
	case t.Unit == nil:
		return m.Refuse("order-needs-units")
	case u == nil:
		return m.Refuse("order-needs-newcomer")
	case u.Manager != t.Unit.Manager:
		return m.Refuse("order-needs-units")
	case u.Manager == "scm":
		return windows.Order(m.Draft, t.Unit)
	case u.Manager != "systemd":
		return m.Refuse("by-hand", "manager", u.Manager, "unit", u.Name)
	}
	if u.FileState == "disabled" { // it does not run for the port at boot
		return m.Refuse("not-enabled", "unit", u.Name, "state", u.FileState)
	}
	on := func(v *fact.Unit, active, why string) {
		m.Step(plan.Step{Subject: unit.Subject(v, v.Name), After: plan.State{"active": active}, On: plan.OnUndo, Class: plan.Restartable, Why: draft.Reason(why, "unit", v.Name)})
	}
	on(t.Unit, "active", "start-again")
	unit.ReloadSystemd(m.Draft, plan.OnUndo)
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: "/etc/systemd/system/" + u.Name + ".d/berth-order.conf"}, After: plan.State{"exists": "yes", "content": "# Written by berth: who comes first has the port.\n[Unit]\nBefore=" + t.Unit.Name + "\n"},
		Class: plan.Reversible, Why: draft.Reason("order-units", "first", u.Name, "then", t.Unit.Name), Reboot: true})
	unit.ReloadSystemd(m.Draft, plan.OnDo)
	on(u, "inactive", "stop-newcomer")
	m.Warn("loser-fails-at-boot", "unit", t.Unit.Name)
	return nil
}

// afterNetwork starts a unit when its address is there, at boot and now.
func (m maker) afterNetwork() *Refusal {
	u := m.X.Unit(m.R.About)
	if u == nil || u.Manager != "systemd" {
		return m.Refuse("order-needs-units")
	}
	unit.ReloadSystemd(m.Draft, plan.OnUndo)
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.File, Name: "/etc/systemd/system/" + u.Name + ".d/berth-network.conf"},
		After: plan.State{"exists": "yes", "content": "# Written by berth: its address is there when the network is.\n[Unit]\nWants=network-online.target\nAfter=network-online.target\n"},
		Class: plan.Reversible, Why: draft.Reason("order-network", "unit", u.Name)})
	unit.ReloadSystemd(m.Draft, plan.OnDo)
	m.Starts = u
	return nil
}
