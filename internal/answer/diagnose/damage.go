package diagnose

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
)

// Damage finds what popular cures for a Windows port conflict have broken on the
// machine, and what earlier services have left behind there: HTTP switched off, a
// listen list that leaves somebody out, reservations that are gone or whose account
// is. Nothing of it needs a conflict, and most of it shows weeks later.
func Damage(x *chain.Index) []Finding {
	if x.Set.Machine.OS != "windows" {
		return nil
	}
	d := damage{x: x}
	d.httpOff()
	d.listenList()
	d.reservations()
	if f, ok := lowDynamic(x.Set); ok {
		d.found = append(d.found, f)
	}
	return d.found
}

type damage struct {
	x     *chain.Index
	found []Finding
}

func (d *damage) say(rule Rule, sure Confidence, args map[string]string, about ...fact.ID) {
	d.found = append(d.found, Finding{Rule: rule, Confidence: sure, Args: args, About: about})
}

// httpOff: the HTTP driver is disabled, and services that need it no longer start.
func (d *damage) httpOff() {
	http := d.x.Unit(fact.UnitID("scm", "HTTP"))
	if http == nil || http.Windows == nil || http.Windows.StartWord() != "disabled" {
		return
	}
	about := []fact.ID{http.ID}
	for _, u := range Dependents(d.x, http) {
		about = append(about, u.ID)
	}
	d.say(RuleHTTPDisabled, Certain, map[string]string{"active": http.Active}, about...)
}

// Dependents are the services that need u, directly or through others, and that are
// not disabled themselves, those that run first.
func Dependents(x *chain.Index, u *fact.Unit) []*fact.Unit {
	seen := map[fact.ID]bool{u.ID: true}
	var out []*fact.Unit
	for next := []*fact.Unit{u}; len(next) > 0; {
		u, next = next[0], next[1:]
		for i := range x.Set.Units {
			v := &x.Set.Units[i]
			if seen[v.ID] || v.Manager != "scm" || !needs(x, v, u) {
				continue
			}
			seen[v.ID] = true
			next = append(next, v)
			if v.Windows.StartWord() != "disabled" {
				out = append(out, v)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *fact.Unit) int { return stopped(a) - stopped(b) })
	return out
}

func stopped(u *fact.Unit) int {
	if u.Active == "running" {
		return 0
	}
	return 1
}

// needs tells whether v depends on u: by its own list, by the manager's, or by a link.
func needs(x *chain.Index, v, u *fact.Unit) bool {
	is := func(name string) func(string) bool {
		return func(s string) bool { return strings.EqualFold(s, name) }
	}
	if v.Windows != nil && slices.ContainsFunc(v.Windows.DependsOn, is(u.Name)) || u.Windows != nil && slices.ContainsFunc(u.Windows.Dependents, is(v.Name)) {
		return true
	}
	return slices.ContainsFunc(x.Links(v.ID, fact.DependsOn), func(l fact.Link) bool { return l.To == u.ID }) || needsHTTP(v, u)
}

// needsHTTP knows the services that every Windows makes dependent on HTTP, for those
// of which only the state is known, and that is down.
func needsHTTP(v, u *fact.Unit) bool {
	if !strings.EqualFold(u.Name, "HTTP") || v.Active != "stopped" || v.Windows != nil && len(v.Windows.DependsOn) > 0 {
		return false
	}
	return slices.ContainsFunc([]string{"Spooler", "WinRM", "SSDPSRV", "upnphost", "fdPHost", "FDResPub", "W3SVC", "Wecsvc", "PeerDistSvc"},
		func(name string) bool { return strings.EqualFold(name, v.Name) })
}

// listenList: an address that is not here any more, and URLs that no address of
// the list can reach.
func (d *damage) listenList() {
	list := d.x.Set.ListenList
	if len(list) == 0 {
		return
	}
	for _, a := range list {
		if d.gone(a.Addr) {
			d.say(RuleListenAddrGone, Certain, map[string]string{"address": a.Addr.String()}, a.ID)
		}
	}
	var about []fact.ID
	for _, r := range d.x.Set.Registrations {
		if starved(r.URL, list) {
			about = append(about, r.ID)
		}
	}
	switch outside := slices.ContainsFunc(list, func(a fact.ListenAddr) bool { return !a.Addr.IsLoopback() }); {
	case len(about) > 0:
		d.say(RuleListenListStarves, Certain, map[string]string{"list": Addrs(list)}, about...)
	case !outside:
		d.say(RuleListenListStarves, Certain, map[string]string{"list": Addrs(list), "outside": "none"})
	}
}

// gone tells whether a is no address of this machine, where those of its family are
// known.
func (d *damage) gone(a netip.Addr) bool {
	addrs := d.x.Set.Machine.Addrs
	family := slices.ContainsFunc(addrs, func(o fact.Addr) bool { return o.Prefix.Addr().Is4() == a.Is4() })
	own := slices.ContainsFunc(addrs, func(o fact.Addr) bool { return o.Prefix.Addr().WithZone("") == a.WithZone("") })
	return family && !own && !a.IsUnspecified() && !a.IsLoopback()
}

// Addrs is a listen list in one line.
func Addrs(list []fact.ListenAddr) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Addr.String())
	}
	return strings.Join(out, ", ")
}

// starved tells whether a URL names a place that no address of the list is: its own
// address, or localhost. A host name may mean any address and is left alone.
func starved(url string, list []fact.ListenAddr) bool {
	host, _, _, _ := catalog.SplitPrefix(url)
	listens := func(a netip.Addr) bool {
		return slices.ContainsFunc(list, func(l fact.ListenAddr) bool {
			return l.Addr == a || l.Addr.IsUnspecified() && l.Addr.Is4() == a.Is4()
		})
	}
	if strings.EqualFold(host, "localhost") {
		return !listens(netip.AddrFrom4([4]byte{127, 0, 0, 1})) && !listens(netip.IPv6Loopback())
	}
	a, err := netip.ParseAddr(host)
	return err == nil && !listens(a)
}

// reservations: none of those that Windows makes itself are left, or one is for an
// account that this machine no longer has.
func (d *damage) reservations() {
	rs := d.x.Set.Reservations
	if w := d.x.Set.Machine.Windows; w != nil && w.Reservations && !slices.ContainsFunc(rs, system) {
		d.say(RuleReservationsWiped, Likely, map[string]string{"count": strconv.Itoa(len(rs))})
	}
	for _, r := range rs {
		if i := slices.IndexFunc(r.Rights, func(p fact.PrefixRight) bool { return p.Gone != nil && *p.Gone }); i >= 0 {
			d.say(RuleAccountGone, Certain, map[string]string{"url": r.URL, "sid": r.Rights[i].SID}, r.ID)
		}
	}
}

// system tells the reservations that every Windows since Vista has made for itself:
// network discovery, remote management, WCF's temporary addresses.
func system(r fact.Reservation) bool {
	return r.Port == 5357 || r.Port == 5358 || r.Port == 2869 || r.Port == 5985 || r.Port == 47001 ||
		strings.Contains(strings.ToLower(r.URL), "/temporary_listen_addresses/")
}
