// Package listener judges commands that change HTTP.sys, the kernel's HTTP listener: its
// listen list, reservations, certificates and registry keys. It is pure.
package listener

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/regfile"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

// oldBuild is the first build of Windows with netsh http: Vista.
const oldBuild = 6000

type rule struct{ *ruling.Ruling }

// Judge settles what the command does here, where it is one of this room's.
func Judge(r *ruling.Ruling) bool { return rule{r}.httpsys() }

func (r rule) httpsys() bool {
	switch r.V.Rule {
	case known.ListenListAdd, known.ListenListDelete:
		if !r.tooOld() {
			r.listCommand()
		}
	case known.ReservationAdd:
		if !r.tooOld() {
			r.reservationAdd()
		}
	case known.ReservationDelete:
		if !r.tooOld() {
			r.reservationDelete(r.given(3, "url"))
		}
	case known.CertificateDelete, known.CertificateAdd:
		if !r.tooOld() {
			r.certificate()
		}
	case known.CacheDelete, known.HTTPTuning:
		if !r.tooOld() {
			r.Note(ruling.ListenerWins)
		}
	case known.HTTPCfg:
		r.httpcfg()
	default:
		return false
	}
	return true
}

// given is what the command names by one of keys, or by its place among the operands.
func (r rule) given(at int, keys ...string) string {
	if v, ok := r.C.Pair(keys...); ok {
		return strings.Trim(v, `"'`)
	}
	if words := r.C.Operands(at); len(words) > 0 {
		return words[0]
	}
	return ""
}

// tooOld: Windows XP and Server 2003 have no netsh http.
func (r rule) tooOld() bool {
	w := r.Set.Machine.Windows
	if w == nil || w.Build == 0 || w.Build >= oldBuild {
		return false
	}
	r.V.Class, r.V.Confidence, r.V.Undo, r.V.Instead = known.NotHere, ruling.Certain, nil, nil
	r.Note(ruling.OldWindows)
	if twin := r.httpcfgTwin(); twin != "" {
		r.Instead("$ " + twin)
	}
	return true
}

// list is the listen list; told is false where nothing says what is in it.
func (r rule) list() (addrs []netip.Addr, told bool) {
	for _, a := range r.Set.ListenList {
		addrs = append(addrs, a.Addr)
	}
	return addrs, len(addrs) > 0 || r.Set.Machine.Windows != nil && r.Set.Machine.Windows.ListenList
}

func (r rule) listCommand() {
	text := strings.Trim(r.given(3, "ipaddress", "address"), "[]")
	r.V.Args["address"] = text
	addr, err := netip.ParseAddr(text)
	if err != nil {
		if text != "" && !strings.ContainsAny(text, "<>xX%$") {
			r.Nothing(ruling.NoAddress, "address", text)
		}
		return
	}
	before, told := r.list()
	has := slices.Contains(before, addr)
	after := slices.Clone(before)
	switch add := r.V.Rule == known.ListenListAdd; {
	case add && has:
		r.Nothing(ruling.AlreadySo)
		return
	case !add && told && !has:
		r.Nothing(ruling.NotOnList, "address", text, "before", spell(before))
		return
	case add:
		after = append(after, addr)
	default:
		after = slices.DeleteFunc(after, func(a netip.Addr) bool { return a == addr })
	}
	r.listBecomes(before, after, told)
}

// listChange judges a listen list written into the registry.
func (r rule) listChange(c regfile.Change) {
	before, told := r.list()
	var after []netip.Addr
	for _, s := range c.Strings {
		if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && !c.Delete {
			after = append(after, a)
		}
	}
	if told && slices.Equal(before, after) {
		r.Nothing(ruling.AlreadySo)
		return
	}
	if told {
		for _, a := range before {
			r.V.Undo = append(r.V.Undo, "netsh http add iplisten ipaddress="+a.String())
		}
	}
	for _, a := range after {
		if !slices.Contains(before, a) {
			r.V.Undo = append(r.V.Undo, "netsh http delete iplisten ipaddress="+a.String())
		}
	}
	r.listBecomes(before, after, told)
}

// listBecomes says what a changed listen list does to those who are reached by it.
// An empty list is every address.
func (r rule) listBecomes(before, after []netip.Addr, told bool) {
	live := len(r.Set.Registrations) > 0
	switch {
	case !told && len(after) > 0:
		r.V.Confidence = ruling.Likely
		r.Note(ruling.ListUnknown)
	case !told:
		r.V.Confidence = ruling.Likely
		r.Note(ruling.ListUnknown)
		return
	default:
		r.Note(ruling.ListChange, "before", spell(before), "after", spell(after))
	}
	if len(after) == 0 {
		r.V.Class = known.Sound
		r.Note(ruling.ListEverywhere)
		r.collide(before)
		return
	}
	lost := r.lost(before, after)
	if len(lost) > 0 {
		r.V.Class = known.Risky
		r.Note(ruling.Unreachable, "what", strings.Join(lost, ", "))
		if live && told {
			r.V.Class = known.Breaks
			r.urlsReached()
		}
	} else {
		r.V.Class = known.Sound
	}
	r.strangers(after)
	r.Note(ruling.MachineWide)
}

// urlsReached names the registrations that the list is about.
func (r rule) urlsReached() {
	var urls []fact.ID
	for i := range r.Set.Registrations {
		urls = append(urls, r.Set.Registrations[i].ID)
	}
	r.About(ruling.URLsReached, urls, "count", ruling.Itoa(len(urls)))
}

// lost are the ways to a site that the list before had and the one after has not.
func (r rule) lost(before, after []netip.Addr) []string {
	var out []string
	check := func(a netip.Addr, name string) {
		if reaches(before, a) && !reaches(after, a) {
			out = append(out, name)
		}
	}
	check(netip.MustParseAddr("127.0.0.1"), "localhost over IPv4")
	check(netip.MustParseAddr("::1"), "localhost over IPv6")
	for _, a := range r.Set.Machine.Addrs {
		if addr := a.Prefix.Addr(); !addr.IsLoopback() && !addr.IsLinkLocalUnicast() {
			check(addr, addr.String())
		}
	}
	if len(r.Set.Machine.Addrs) == 0 {
		check(netip.MustParseAddr("192.0.2.1"), "every other address of this machine")
	}
	for _, a := range before {
		if !a.IsLoopback() && !a.IsUnspecified() && !slices.Contains(out, a.String()) {
			check(a, a.String())
		}
	}
	return out
}

// reaches tells whether a listen list lets callers of an address in.
func reaches(list []netip.Addr, a netip.Addr) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(l netip.Addr) bool {
		return l == a || l.IsUnspecified() && l.Is4() == a.Is4()
	})
}

// strangers are listed addresses that are not of this machine.
func (r rule) strangers(list []netip.Addr) {
	if len(r.Set.Machine.Addrs) == 0 {
		return
	}
	for _, a := range list {
		own := a.IsUnspecified() || a.IsLoopback() || slices.ContainsFunc(r.Set.Machine.Addrs, func(b fact.Addr) bool { return b.Prefix.Addr() == a })
		if !own {
			r.V.Class = known.Breaks
			r.Note(ruling.NotLocal, "address", a.String())
		}
	}
}

// collide: a list that is gone gives HTTP.sys every address again, those too that
// another server has taken meanwhile.
func (r rule) collide(before []netip.Addr) {
	if len(before) == 0 {
		return
	}
	var others []fact.ID
	for i := range r.Set.Sockets {
		s := &r.Set.Sockets[i]
		port := s.Local.Port()
		if s.State != fact.Listen || s.Proto != fact.TCP || r.KernelHTTP(s) || reaches(before, s.Local.Addr()) && !s.Wildcard() {
			continue
		}
		if slices.ContainsFunc(r.Set.Registrations, func(x fact.Registration) bool { return x.Port == port }) || r.KernelPort(port) {
			others = append(others, s.ID)
		}
	}
	if len(others) > 0 {
		r.V.Class = known.Breaks
		r.About(ruling.OthersLose, others)
	}
}

// spell writes a listen list.
func spell(list []netip.Addr) string {
	if len(list) == 0 {
		return "every address"
	}
	var out []string
	for _, a := range list {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

// parsePrefix reads a URL as a command or a listing has it.
func parsePrefix(url string) (urlprefix.Prefix, bool) {
	p, err := urlprefix.ParsePrinted(strings.Trim(url, `"'`))
	return p, err == nil
}

func (r rule) reservationAdd() {
	url := r.given(3, "url")
	r.V.Args["url"] = url
	r.Note(ruling.BindsNothing)
	p, ok := parsePrefix(url)
	if !ok {
		if !strings.ContainsAny(url, "<>%$") {
			r.Nothing(ruling.BadPrefix, "url", url)
		}
		return
	}
	if old := r.reservation(p); old != nil {
		r.Nothing(ruling.ReservationThere, "url", old.URL)
		return
	}
	user, named := r.C.Pair("user")
	switch lower := strings.ToLower(user); {
	case lower == "everyone" || lower == "users" || lower == "builtin\\users":
		r.Note(ruling.NameTranslated, "name", user)
		r.Instead(`$ netsh http add urlacl url=` + url + ` sddl="D:(A;;GX;;;` + sidOf(lower) + `)"`)
	case !named:
		if sddl, _ := r.C.Pair("sddl"); strings.Contains(sddl, ";;;WD)") || strings.Contains(sddl, "S-1-1-0)") {
			r.Note(ruling.EverybodyMay)
		}
	}
	if strings.EqualFold(user, "everyone") || strings.EqualFold(user, "jeder") {
		r.Note(ruling.EverybodyMay)
	}
	r.shadowing(p)
}

func sidOf(name string) string {
	if name == "everyone" {
		return "S-1-1-0"
	}
	return "S-1-5-32-545"
}

// shadowing: a reservation that nobody serves takes the requests of what is
// registered below it, and answers 503.
func (r rule) shadowing(p urlprefix.Prefix) {
	var lose []fact.ID
	for _, reg := range r.Set.Registrations {
		if q, ok := parsePrefix(reg.URL); ok && p.Takes(q) != urlprefix.None {
			lose = append(lose, reg.ID)
		}
	}
	if len(lose) > 0 {
		r.V.Class = known.Breaks
		r.About(ruling.Shadows, lose)
	}
}

// reservation finds what is reserved under the very same prefix.
func (r rule) reservation(p urlprefix.Prefix) *fact.Reservation {
	for i := range r.Set.Reservations {
		if q, ok := parsePrefix(r.Set.Reservations[i].URL); ok && q.Same(p) {
			return &r.Set.Reservations[i]
		}
	}
	return nil
}

func (r rule) reservationDelete(url string) {
	r.V.Args["url"] = url
	r.Note(ruling.BindsNothing)
	p, ok := parsePrefix(url)
	if !ok {
		return
	}
	old := r.reservation(p)
	if old == nil {
		if r.Set.Machine.Windows != nil && r.Set.Machine.Windows.Reservations {
			r.Nothing(ruling.ReservationGone, "url", url)
			return
		}
		r.V.Confidence = ruling.Likely
	} else {
		r.V.Args["sddl"], r.V.Args["url"] = old.SDDL, old.URL
		r.About(ruling.ReservationOf, []fact.ID{old.ID}, "who", mayListen(*old))
	}
	if e := reservationEntry(url); e != nil {
		r.V.Class = known.Breaks
		r.Note(ruling.FeatureOfIt, "entry", e.ID)
	}
}

// mayListen names the accounts that a reservation lets listen.
func mayListen(x fact.Reservation) string {
	var who []string
	for _, a := range x.Rights {
		if a.Listen && !a.Deny {
			name := a.Account
			if name == "" {
				name = a.SID
			}
			who = append(who, name)
		}
	}
	return strings.Join(who, ", ")
}

// certificate judges a change to the bindings of certificates.
func (r rule) certificate() {
	kind, key := "ipport", ""
	for _, k := range [...]string{"ipport", "hostnameport", "ccs", "scopedccs"} {
		if v, ok := r.C.Pair(k); ok {
			kind, key = k, v
		}
	}
	if key == "" {
		key = r.given(3)
	}
	r.V.Args["kind"], r.V.Args["key"] = kind, key
	r.Note(ruling.ListenerWins)
	for _, c := range r.Set.Certificates {
		if c.Kind == kind && strings.EqualFold(c.Key, key) {
			r.V.Args["hash"], r.V.Args["appid"] = c.Hash, c.AppID
			r.About(ruling.CertificateThere, []fact.ID{c.ID}, "count", "1")
			return
		}
	}
	if len(r.Set.Certificates) > 0 && r.V.Rule == known.CertificateDelete {
		r.Nothing(ruling.CertificateMissing, "key", key)
	}
}

// httpcfg belongs to XP and Server 2003; later Windows has netsh http for it.
func (r rule) httpcfg() {
	if w := r.Set.Machine.Windows; w != nil && w.Build != 0 && w.Build < oldBuild {
		r.V.Class = known.Risky
		if words := r.C.Words; len(words) > 0 && strings.EqualFold(words[0], "query") {
			r.Become(known.LookOnly)
			return
		}
		r.Note(ruling.MachineWide)
		return
	}
	if w := r.Set.Machine.Windows; w == nil || w.Build == 0 {
		r.V.Confidence = ruling.Likely
	}
	r.Note(ruling.NewWindows)
	r.V.Undo, r.V.Reversal = nil, known.Nothing
	if twin := r.netshTwin(); twin != "" {
		r.Instead("$ " + twin)
	}
}

// netshTwin is the netsh command that does what a httpcfg command did.
func (r rule) netshTwin() string {
	if len(r.C.Words) < 2 {
		return ""
	}
	noun := map[string]string{"ssl": "sslcert", "urlacl": "urlacl", "iplisten": "iplisten"}[strings.ToLower(r.C.Words[1])]
	if noun == "" {
		return ""
	}
	about := r.C.Option("u", "i")
	pair := ""
	if about != "" {
		pair = " " + map[string]string{"sslcert": "ipport", "urlacl": "url", "iplisten": "ipaddress"}[noun] + "=" + about
	}
	switch strings.ToLower(r.C.Words[0]) {
	case "query":
		return "netsh http show " + noun
	case "delete":
		return "netsh http delete " + noun + pair
	case "set":
		if sddl := r.C.Option("a"); noun == "urlacl" && sddl != "" {
			pair += ` sddl="` + sddl + `"`
		}
		return "netsh http add " + noun + pair
	}
	return ""
}

// httpcfgTwin is the httpcfg command that does what a netsh command would.
func (r rule) httpcfgTwin() string {
	switch r.V.Rule {
	case known.ListenListAdd:
		return "httpcfg set iplisten -i " + r.given(3, "ipaddress", "address")
	case known.ListenListDelete:
		return "httpcfg delete iplisten -i " + r.given(3, "ipaddress", "address")
	case known.ReservationDelete:
		return "httpcfg delete urlacl -u " + r.given(3, "url")
	case known.CertificateDelete:
		return "httpcfg delete ssl -i " + r.given(3, "ipport")
	}
	return ""
}
