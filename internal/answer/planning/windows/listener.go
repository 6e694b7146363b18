package windows

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

// Exclusion takes the port for oneself while winnat, which has the range around it,
// is stopped.
func Exclusion(d *draft.Draft) {
	m := maker{d}
	port := draft.PortText(m.A.Endpoint.Port)
	nat := draft.UnitNamed(m.X, "winnat")
	running := nat == nil || nat.Active == "running"
	if running {
		// It runs again when all is done, so only a failure in between takes this back.
		m.Step(plan.Step{Subject: Subject("winnat"), After: plan.State{"state": "running"}, On: plan.OnUndo, Class: plan.Restartable, Why: draft.Reason("start-winnat")})
		m.Step(plan.Step{Subject: Subject("winnat"), After: plan.State{"state": "stopped"}, On: plan.OnDo, Class: plan.Restartable, Why: draft.Reason("stop-winnat")})
		m.Warn("winnat-stops")
	}
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.ExcludedRange, Name: string(m.Proto) + " " + port + "-" + port}, Before: plan.State{"exists": "no"},
		After: plan.State{"exists": "yes"}, Class: plan.Reversible, Why: draft.Reason("exclude-port", "port", port)})
	if running {
		m.Step(plan.Step{Subject: Subject("winnat"), After: plan.State{"state": "running"}, On: plan.OnDo, Class: plan.Restartable, Why: draft.Reason("start-winnat")})
	}
}

// listed is the listen list of now, and whether it was read.
func (m maker) listed() (addrs []netip.Addr, known bool) {
	for _, a := range m.X.Set.ListenList {
		addrs = append(addrs, a.Addr)
	}
	w := m.X.Set.Machine.Windows
	return addrs, len(addrs) > 0 || w != nil && w.ListenList
}

// listText is a list as its driver spells it: by address, not by text.
func listText(addrs []netip.Addr) string {
	var out []string
	for _, a := range slices.Compact(slices.SortedFunc(slices.Values(addrs), netip.Addr.Compare)) {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

// IPListen narrows HTTP.sys to one address, or puts a damaged list right.
func IPListen(d *draft.Draft) *draft.Refusal { return maker{d}.iplisten() }

func (m maker) iplisten() *draft.Refusal {
	now, known := m.listed()
	if !m.OnWindows() {
		return m.Refuse("not-on-this-os", "os", m.X.Set.Machine.OS)
	}
	if m.R.Target == ways.ListenList {
		return m.repairList(now)
	}
	if !known {
		return m.Refuse("list-unknown")
	}
	if len(now) > 0 {
		return m.Refuse("list-is-set", "list", listText(now))
	}
	keep := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if m.R.Target != "" {
		a, err := netip.ParseAddr(m.R.Target)
		if err != nil {
			return m.Refuse("no-address", "text", m.R.Target)
		}
		keep = a
	}
	m.setList(now, []netip.Addr{keep}, draft.Reason("narrow-list", "list", keep.String()), true)
	m.Warn("list-starves", "list", keep.String(), "urls", strconv.Itoa(len(m.X.Set.Registrations)))
	return nil
}

func (m maker) setList(now, to []netip.Addr, why plan.Reason, reboot bool) {
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.IPListen, Name: "HTTP"}, Before: plan.State{"addresses": listText(now)},
		After: plan.State{"addresses": listText(to)}, Class: plan.Reversible, Why: why, Reboot: reboot})
}

// repairList takes out of the list what is not on this machine, and where it leaves
// somebody out, all of it.
func (m maker) repairList(now []netip.Addr) *draft.Refusal {
	m.Aimless = true
	keep := slices.Clone(now)
	starves := false
	for _, f := range diagnose.Damage(m.X) {
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
		return m.Refuse("nothing-damaged")
	}
	m.setList(now, keep, draft.Reason("repair-list", "list", listText(keep)), true)
	if len(keep) == 0 {
		m.Warn("list-empty-is-all")
	}
	return nil
}

// Split leaves IPv6 to HTTP.sys and takes IPv4.
func Split(d *draft.Draft) *draft.Refusal { return maker{d}.split() }

func (m maker) split() *draft.Refusal {
	now, known := m.listed()
	switch {
	case !m.OnWindows() || m.Finding(diagnose.RuleHTTPSys) == nil && m.Finding(diagnose.RuleHTTPSysUnnamed) == nil:
		return m.Refuse("split-by-hand")
	case !known:
		return m.Refuse("list-unknown")
	case len(now) > 0:
		return m.Refuse("list-is-set", "list", listText(now))
	}
	m.setList(now, []netip.Addr{netip.IPv6Unspecified()}, draft.Reason("split-list"), true)
	m.P.Goal.Binds = []plan.Bind{{Proto: fact.TCP, Addr: "0.0.0.0", Port: m.A.Endpoint.Port}}
	m.Warn("list-starves", "list", "IPv6", "urls", strconv.Itoa(len(m.X.Set.Registrations)))
	m.Warn("split-localhost")
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

// Reservations puts back those of Windows' own that are gone.
func Reservations(d *draft.Draft) *draft.Refusal { return maker{d}.reservations() }

func (m maker) reservations() *draft.Refusal {
	m.Aimless = true
	for _, d := range defaults {
		have := slices.ContainsFunc(m.X.Set.Reservations, func(r fact.Reservation) bool { return strings.EqualFold(r.URL, d.url) })
		if have {
			continue
		}
		m.Step(plan.Step{Subject: plan.Subject{Kind: plan.URLACL, Name: d.url}, Before: plan.State{"exists": "no"},
			After: plan.State{"exists": "yes", "sddl": d.sddl}, Class: plan.Reversible, Why: draft.Reason("restore-reservation", "url", d.url)})
	}
	if len(m.P.Steps) == 0 {
		return m.Refuse("nothing-damaged")
	}
	m.Warn("reservations-not-all")
	return nil
}

// Leftover removes a reservation for an account that is gone.
func Leftover(d *draft.Draft, r *fact.Reservation) *draft.Refusal { return maker{d}.leftover(r) }

func (m maker) leftover(r *fact.Reservation) *draft.Refusal {
	m.Aimless = true
	before := plan.State{"exists": "yes"}
	if r.SDDL != "" {
		before["sddl"] = r.SDDL
	}
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.URLACL, Name: r.URL}, Before: before, After: plan.State{"exists": "no"},
		Class: plan.Reversible, Why: draft.Reason("remove-reservation", "url", r.URL)})
	return nil
}

// Order starts the holder some minutes after boot, when the newcomer has the
// port.
func Order(d *draft.Draft, holder *fact.Unit) *draft.Refusal { return maker{d}.orderService(holder) }

func (m maker) orderService(holder *fact.Unit) *draft.Refusal {
	if was := State(holder)["start"]; was != "auto" {
		return m.Refuse("order-start-type", "service", holder.Name, "start", was)
	}
	if ref := m.stopService(holder); ref != nil {
		return ref
	}
	m.Also(m.serviceStep(holder, plan.State{"start": "auto-delayed"}, draft.Reason("start-delayed", "service", holder.Name)))
	m.Warn("loser-fails-at-boot", "unit", holder.Name)
	return nil
}

// PortProxy deletes the one entry that takes the port.
func PortProxy(d *draft.Draft, r *fact.Redirect) *draft.Refusal { return maker{d}.portproxy(r) }

func (m maker) portproxy(r *fact.Redirect) *draft.Refusal {
	at := "*"
	if r.Dst.IsValid() && r.Dst.IsSingleIP() {
		at = r.Dst.Addr().String()
	} else if host, ok := strings.CutPrefix(r.Comment, "listens on "); ok {
		at = host
	}
	if strings.Contains(at, ":") {
		at = "[" + at + "]"
	}
	m.Step(plan.Step{Subject: plan.Subject{Kind: plan.PortProxy, Name: remedy.ProxyTable(r) + " " + at + ":" + draft.PortText(r.From)},
		Before: plan.State{"exists": "yes", "to": r.To}, After: plan.State{"exists": "no"}, Class: plan.Reversible, Why: draft.Reason("delete-proxy", "to", r.To)})
	return nil
}
