// Package ranges judges commands on ranges of ports, the port proxy, firewalls and
// resets of the network. It is pure.
package ranges

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/regfile"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
)

type rule struct{ *ruling.Ruling }

// Judge settles what the command does here, where it is one of this room's.
func Judge(r *ruling.Ruling) bool { return rule{r}.network() }

// ProxyChange judges a change to the port proxy's keys of the registry; below is the
// key under PortProxy.
func ProxyChange(r *ruling.Ruling, below string, c regfile.Change) { rule{r}.proxyChange(below, c) }

func (r rule) network() bool {
	switch r.V.Rule {
	case known.ExcludeAdd, known.ExcludeDelete:
		r.exclusion()
	case known.DynamicPort:
		r.dynamicPort()
	case known.PortProxyAdd, known.PortProxyDelete, known.PortProxyReset:
		r.portProxy()
	case known.WinsockReset, known.IPReset:
		r.Note(ruling.ListenerWins)
		r.Note(ruling.LosesSettings)
		r.Note(ruling.NeedsReboot)
	case known.FirewallOff:
		r.Note(ruling.ListenerWins)
		r.Note(ruling.OpensMachine)
		r.firewallUndo()
	case known.FirewallRule, known.FlushDNS:
		r.Note(ruling.ListenerWins)
	case known.BranchCacheOff:
		r.V.Args["service"] = "PeerDistSvc"
		r.CatalogOf("PeerDistSvc")
		r.Frees(func(id fact.ID) bool { u := r.UnitRow(id); return u != nil && strings.EqualFold(u.Name, "PeerDistSvc") })
		r.NoPortIfHeldByOthers()
	default:
		return false
	}
	return true
}

// firewallUndo is the command that closes the machine again.
func (r rule) firewallUndo() {
	switch r.C.Name {
	case "ufw":
		r.V.Undo = []string{"ufw enable"}
	case "systemctl":
		r.V.Undo = []string{"systemctl enable --now " + strings.Join(r.C.Operands(1), " ")}
	case "set-netfirewallprofile":
		r.V.Undo = []string{"Set-NetFirewallProfile -All -Enabled True"}
	case "netsh":
		r.V.Undo = []string{"netsh advfirewall set allprofiles state on"}
	}
}

// span reads the ports of an exclusion: by name, or as "tcp 80 1".
func (r rule) span() (from, last uint16, ok bool) {
	words := r.C.Operands(4)
	take := func(keys ...string) string {
		if v, named := r.C.Pair(keys...); named {
			return v
		}
		if len(words) == 0 {
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	proto := strings.ToLower(take("protocol"))
	start, count := take("startport", "start"), take("numberofports", "num", "number")
	r.V.Args["family"], r.V.Args["proto"], r.V.Args["from"], r.V.Args["count"] = strings.ToLower(r.C.Words[1]), proto, start, count
	f, err1 := strconv.ParseUint(start, 10, 16)
	n, err2 := strconv.ParseUint(count, 10, 16)
	if err1 != nil || err2 != nil || n == 0 || f+n-1 > 65535 {
		return 0, 0, false
	}
	return uint16(f), uint16(f + n - 1), true
}

// exclusion judges adding and deleting an administered exclusion.
func (r rule) exclusion() {
	from, last, ok := r.span()
	if !ok {
		return
	}
	proto := fact.Proto(r.V.Args["proto"])
	told := false
	for _, x := range r.Set.Ranges {
		if x.Kind != fact.Excluded {
			continue
		}
		told = true
		if x.Proto != "" && x.Proto != proto || x.To < from || last < x.From {
			continue
		}
		if r.overlaps(x, from, last) {
			return
		}
	}
	if r.V.Rule == known.ExcludeDelete {
		if told {
			r.Nothing(ruling.RangeMissing, "from", ruling.Itoa(int(from)), "to", ruling.Itoa(int(last)))
		}
		return
	}
	r.Note(ruling.KeepsForBinds)
	for port := int(from); port <= int(last) && port < int(from)+256; port++ {
		if socks := r.Serving(uint16(port)); len(socks) > 0 && socks[0].Proto == proto {
			r.Nothing(ruling.RangeInUse, "port", ruling.Itoa(port))
			return
		}
	}
}

// overlaps settles an exclusion by a range that is there already.
func (r rule) overlaps(x fact.Range, from, last uint16) bool {
	f, t := ruling.Itoa(int(x.From)), ruling.Itoa(int(x.To))
	same := x.From == from && x.To == last
	switch {
	case r.V.Rule == known.ExcludeAdd && x.Administered && x.From <= from && last <= x.To:
		r.Nothing(ruling.AlreadySo)
	case r.V.Rule == known.ExcludeAdd && !x.Administered:
		r.Nothing(ruling.RangeCovers, "from", f, "to", t)
		r.Rather("$ net stop winnat, then this command, then net start winnat")
	case r.V.Rule == known.ExcludeDelete && !x.Administered:
		r.Nothing(ruling.RangeUnstarred, "from", f, "to", t)
	case r.V.Rule == known.ExcludeDelete && same:
		r.V.Class = known.Sound
		r.Note(ruling.KeepsForBinds)
	default:
		return false
	}
	return true
}

// Windows' own dynamic range.
const (
	dynamicStart = 49152
	dynamicCount = 16384
)

func (r rule) dynamicPort() {
	words := r.C.Operands(4)
	proto := "tcp"
	if v, ok := r.C.Pair("protocol"); ok {
		proto = strings.ToLower(v)
	} else if len(words) > 0 {
		proto, words = strings.ToLower(words[0]), words[1:]
	}
	start, _ := r.C.Pair("start", "startport")
	count, _ := r.C.Pair("num", "numberofports")
	if start == "" && len(words) > 1 {
		start, count = words[0], words[1]
	}
	r.V.Args["family"], r.V.Args["proto"], r.V.Args["start"], r.V.Args["count"] = strings.ToLower(r.C.Words[1]), proto, start, count
	r.V.Args["oldstart"], r.V.Args["oldcount"] = ruling.Itoa(dynamicStart), ruling.Itoa(dynamicCount)
	n, _ := strconv.Atoi(start)
	for _, x := range r.Set.Ranges {
		if x.Kind != fact.Ephemeral || x.Proto != "" && string(x.Proto) != proto {
			continue
		}
		size := int(x.To) - int(x.From) + 1
		r.V.Args["oldstart"], r.V.Args["oldcount"] = ruling.Itoa(int(x.From)), ruling.Itoa(size)
		if start == ruling.Itoa(int(x.From)) && count == ruling.Itoa(size) {
			r.Nothing(ruling.AlreadySo)
			return
		}
		break
	}
	r.Note(ruling.NeedsReboot)
	switch {
	case start == ruling.Itoa(dynamicStart) && count == ruling.Itoa(dynamicCount):
		r.Note(ruling.DynamicDefault)
	case n > 0 && n < dynamicStart:
		r.V.Class = known.Risky
		r.Note(ruling.DynamicLow, "start", start)
	}
}

// portProxy judges the entries of netsh's port proxy.
func (r rule) portProxy() {
	if r.V.Rule == known.PortProxyReset {
		r.proxyReset()
		return
	}
	kind := "v4tov4"
	if words := r.C.Operands(3); len(words) > 0 {
		kind = strings.ToLower(words[0])
	}
	port, _ := r.C.Pair("listenport")
	addr, _ := r.C.Pair("listenaddress")
	r.V.Args["kind"], r.V.Args["port"], r.V.Args["address"] = kind, port, addr
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return
	}
	if r.V.Rule == known.PortProxyAdd {
		r.proxyAdd(uint16(n))
		return
	}
	x, told := r.proxyEntry(kind, addr, uint16(n))
	switch {
	case x != nil:
		host, to, _ := hostPort(x.To)
		r.V.Args["toaddress"], r.V.Args["toport"], r.V.Args["address"] = host, to, listensAt(x)
		r.About(ruling.ProxyEntries, []fact.ID{x.ID}, "count", "1")
	case told:
		r.Nothing(ruling.ProxyMissing, "port", port)
	}
}

func (r rule) proxyAdd(port uint16) {
	r.Note(ruling.ProxyTakes, "port", ruling.Itoa(int(port)))
	var taken []fact.ID
	for _, s := range r.Serving(port) {
		if s.Proto == fact.TCP {
			taken = append(taken, s.ID)
		}
	}
	if len(taken) > 0 {
		r.About(ruling.OthersLose, taken)
	}
}

func (r rule) proxyEntry(kind, addr string, port uint16) (x *fact.Redirect, told bool) {
	for _, p := range r.Proxies() {
		told = true
		where := p.Dst.Addr().String()
		if p.From == port && strings.HasSuffix(p.Chain, kind) && (addr == "" || addr == "*" || addr == where) {
			return p, true
		}
	}
	return nil, told
}

// hostPort takes apart where an entry leads to: "172.20.1.2:80", "[fd00::2]:80", ":80".
func hostPort(s string) (host, port string, ok bool) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return "", "", false
	}
	return strings.Trim(s[:at], "[]"), s[at+1:], true
}

// listensAt is the address of an entry as netsh writes it.
func listensAt(x *fact.Redirect) string {
	if x.Dst.Bits() == 0 || !x.Dst.IsValid() {
		return "*"
	}
	return x.Dst.Addr().String()
}

func (r rule) proxyReset() {
	r.ProxyEntries()
	for _, p := range r.Proxies() {
		host, to, ok := hostPort(p.To)
		if !ok {
			continue
		}
		r.V.Undo = append(r.V.Undo, "netsh interface portproxy add "+strings.TrimPrefix(p.Chain, "PortProxy ")+" listenport="+ruling.Itoa(int(p.From))+
			" listenaddress="+listensAt(p)+" connectaddress="+host+" connectport="+to)
	}
	if len(r.V.Undo) == 0 {
		r.V.Class, r.V.Reversal, r.V.Confidence = known.Risky, known.Final, ruling.Likely
	}
}

// proxyChange judges an entry of the port proxy written into the registry.
func (r rule) proxyChange(below string, c regfile.Change) {
	r.Become(known.RegistryPortProxy)
	kind, _, _ := strings.Cut(below, `\`)
	r.V.Args["kind"], r.V.Args["name"] = kind, c.Name
	r.Note(ruling.NeedsReboot)
	addr, port, _ := strings.Cut(c.Name, "/")
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case c.Whole && c.Delete:
		r.ProxyEntries()
	case err != nil:
	case c.Delete:
		if x, told := r.proxyEntry(kind, addr, uint16(n)); x == nil && told {
			r.Nothing(ruling.ProxyMissing, "port", port)
		}
	default:
		r.proxyAdd(uint16(n))
	}
}
