// Package ways lists every way out of an answer that a plan is made for, gentlest
// first: those that remedy suggests to everybody, and those that one has to want.
//
// It is pure. Whether a way can be gone, and what it costs, planning says.
package ways

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/docroot"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// Targets of ways that act on no row of the facts.
const (
	DynamicRange = "dynamic-range" // exclude: advice on a dynamic range that begins too low
	Reservations = "reservations"  // startup: Windows' own reservations are put back
	ListenList   = "repair"        // iplisten: what is damaged in the list is taken out
	// NetworkOnline is of order: the newcomer starts when its address is there.
	NetworkOnline = "network-online"
)

// Wanted is what is known beside the answer. The zero value is nothing.
type Wanted struct {
	// Newcomer is the unit or service that wants the port, nil where it is none.
	Newcomer *fact.Unit
	// Roots are the document roots of the newcomer's server.
	Roots []fact.DocRoot
	// Sites are the sites of IIS that are bound to the port.
	Sites []string
}

// List returns the ways out of a, gentlest first. For a port that is free there are
// only those of a newcomer that stands in its own way.
func List(x *chain.Index, a diagnose.Answer, w Wanted) []remedy.Remedy {
	l := &lister{x: x, a: a, w: w, out: remedy.Suggest(a, x)}
	l.own()
	if a.Status == diagnose.Free || a.Status == diagnose.Unknown {
		return Sort(x, a, w, l.out)
	}
	l.share()
	for _, h := range a.Holders {
		l.holder(h)
	}
	l.httpSys()
	l.out = slices.DeleteFunc(l.out, l.stranger)
	return Sort(x, a, w, l.out)
}

// Sort puts ways in their order again, for when more is known than when they were
// listed: document roots are read together with a server's configuration, which a
// plan asks for.
func Sort(x *chain.Index, a diagnose.Answer, w Wanted, list []remedy.Remedy) []remedy.Remedy {
	l := &lister{x: x, a: a, w: w}
	slices.SortStableFunc(list, func(p, q remedy.Remedy) int { return cmp.Compare(l.place(p), l.place(q)) })
	return list
}

type lister struct {
	x   *chain.Index
	a   diagnose.Answer
	w   Wanted
	out []remedy.Remedy
}

// add adds a way unless it is there; the catalog writes kernel:http.
func (l *lister) add(r remedy.Remedy) {
	if !slices.ContainsFunc(l.out, func(o remedy.Remedy) bool { return strings.EqualFold(o.ID(), r.ID()) }) {
		l.out = append(l.out, r)
	}
}

// own: what a newcomer has to put right in itself, whoever else is there. A unit that
// asks for the port twice keeps one of its lines; one that was too early for its
// address waits for the network.
func (l *lister) own() {
	for _, f := range l.a.Findings {
		u := l.x.Unit(first(f.About))
		switch {
		case u == nil:
		case f.Rule == diagnose.RuleConfigTwice:
			l.add(remedy.Remedy{Kind: catalog.Move, Target: u.Name, About: u.ID, Args: map[string]string{"twice": "yes"}})
		case f.Rule == diagnose.RuleNewcomerRefused && f.Args["errno"] == "EADDRNOTAVAIL" && u.Manager == "systemd":
			l.add(remedy.Remedy{Kind: catalog.Order, Target: NetworkOnline, About: u.ID})
		}
	}
}

func first(ids []fact.ID) fact.ID {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}

// share: where HTTP is spoken, both can have the port.
func (l *lister) share() {
	if l.a.Endpoint.Proto == fact.UDP || len(l.a.Holders) == 0 || slices.ContainsFunc(l.out, func(r remedy.Remedy) bool { return r.Kind == catalog.Share }) {
		return
	}
	switch p := l.a.Endpoint.Port; {
	case p == 80, p == 443, p == 81, p == 3000, p == 5000, p >= 8000 && p < 9000, l.behindHTTPSys():
		l.add(remedy.Remedy{Kind: catalog.Share})
	}
}

func (l *lister) behindHTTPSys() bool {
	return slices.ContainsFunc(l.a.Holders, func(h chain.Holder) bool { return h.Owner.Kind == chain.OwnerHTTPSys })
}

func (l *lister) holder(h chain.Holder) {
	switch h.Owner.Kind {
	case chain.OwnerContainer:
		if c := l.x.Container(h.Owner.ID); c != nil && c.Restart == "always" { // any other policy keeps a stopped one down
			l.add(remedy.Remedy{Kind: catalog.Startup, Target: cmp.Or(c.Name, c.Full), About: c.ID})
		}
	case chain.OwnerUnit:
		l.unit(h, l.x.Unit(h.Owner.ID))
	case chain.OwnerProcess:
		l.process(h)
	}
}

// unit: it may keep one address, or lose the race at boot.
func (l *lister) unit(h chain.Holder, u *fact.Unit) {
	wide := slices.ContainsFunc(h.Sockets, func(id fact.ID) bool { return l.x.Socket(id).Wildcard() })
	systemd := u.Manager == "systemd"
	if wide && systemd && u.Type != "socket" && l.a.Endpoint.Proto != fact.UDP {
		l.add(remedy.Remedy{Kind: catalog.Address, Target: u.Name, About: u.ID})
	}
	atBoot := u.FileState == "enabled" || u.Manager == "scm" && u.Windows.StartWord() == "automatic" && !u.Windows.Delayed
	if n := l.w.Newcomer; n != nil && n.Name != u.Name && n.Manager == u.Manager && atBoot {
		l.add(remedy.Remedy{Kind: catalog.Order, Target: u.Name, About: u.ID})
	}
}

// process: what may be ended may be killed, last of all.
func (l *lister) process(h chain.Holder) {
	p := l.x.Process(h.Owner.ID)
	if p == nil {
		return
	}
	asked := slices.ContainsFunc(l.out, func(r remedy.Remedy) bool { return r.Kind == catalog.Stop && r.Target == "pid-"+strconv.Itoa(p.PID) })
	if asked {
		l.add(remedy.Remedy{Kind: catalog.Kill, Target: "pid-" + strconv.Itoa(p.PID), About: p.ID})
	}
}

// httpSys: the one site, and what narrows or stops the kernel's listener.
func (l *lister) httpSys() {
	if !l.behindHTTPSys() && !slices.ContainsFunc(l.a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleHTTPSysUnnamed }) {
		return
	}
	for _, s := range l.w.Sites {
		l.add(remedy.Remedy{Kind: catalog.Stop, Target: "site:" + s})
	}
	if !slices.ContainsFunc(l.out, func(r remedy.Remedy) bool { return r.Kind == catalog.IPListen }) {
		l.add(remedy.Remedy{Kind: catalog.IPListen})
	}
	l.add(remedy.Remedy{Kind: catalog.Split})
	l.add(remedy.Remedy{Kind: catalog.Kernel, Target: "HTTP", About: fact.UnitID("scm", "HTTP")})
}

// stranger: while another copy of the newcomer has the port, or the newcomer asks for
// it twice itself, nobody else is to be killed.
func (l *lister) stranger(r remedy.Remedy) bool {
	if r.Kind != catalog.Kill {
		return false
	}
	return slices.ContainsFunc(l.a.Findings, func(f diagnose.Finding) bool {
		return f.Rule == diagnose.RuleConfigTwice || f.Rule == diagnose.RuleSecondCopy && f.About[0] != r.About
	})
}

// place is where a way stands. A holder that keeps one address is out of the others'
// reach, so that stands behind moving it. A network of WordPress sites cannot live on
// another port, so that sharing stands before giving it one.
func (l *lister) place(r remedy.Remedy) int {
	at := 10 * r.Kind.Rank()
	switch {
	case r.Kind == catalog.Address && r.Target != "":
		at = 10*catalog.Move.Rank() + 5
	case r.Kind == catalog.Port && docroot.HasNetwork(l.w.Roots):
		at = 10*catalog.Move.Rank() + 6
	case r.Kind == catalog.Stop && strings.HasPrefix(r.Target, "site:"):
		at--
	case r.Kind == catalog.Stop && l.ownCopy(r):
		at -= 2
	}
	return at
}

// ownCopy tells that a way ends the other copy of the newcomer itself.
func (l *lister) ownCopy(r remedy.Remedy) bool {
	return slices.ContainsFunc(l.a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleSecondCopy && f.About[0] == r.About })
}

// Repairs puts damage right that popular cures have done: one way for each sort of
// damage. It needs no conflict.
func Repairs(x *chain.Index) []remedy.Remedy {
	var out []remedy.Remedy
	add := func(r remedy.Remedy) {
		if !slices.ContainsFunc(out, func(o remedy.Remedy) bool { return o.ID() == r.ID() }) {
			out = append(out, r)
		}
	}
	for _, f := range diagnose.Damage(x) {
		if r, ok := Repair(f); ok {
			add(r)
		}
	}
	return out
}

// Repair is the remedy that puts one finding of damage right, false where none does.
func Repair(f diagnose.Finding) (remedy.Remedy, bool) {
	switch f.Rule {
	case diagnose.RuleHTTPDisabled:
		return remedy.Remedy{Kind: catalog.Startup, Target: "HTTP", About: f.About[0], Args: map[string]string{"back": "yes"},
			Command: [][]string{{"sc.exe", "config", "http", "start=", "demand"}}}, true
	case diagnose.RuleListenListStarves, diagnose.RuleListenAddrGone:
		return remedy.Remedy{Kind: catalog.IPListen, Target: ListenList}, true
	case diagnose.RuleReservationsWiped:
		return remedy.Remedy{Kind: catalog.Startup, Target: Reservations}, true
	case diagnose.RuleAccountGone:
		return remedy.Remedy{Kind: catalog.Startup, Target: f.Args["url"], About: f.About[0], Args: map[string]string{"sid": f.Args["sid"]},
			Command: [][]string{{"netsh", "http", "delete", "urlacl", "url=" + f.Args["url"]}}}, true
	case diagnose.RuleLowDynamic:
		return remedy.Remedy{Kind: catalog.Exclude, Target: DynamicRange, Command: dynamicCommands()}, true
	}
	return remedy.Remedy{}, false
}

// dynamicCommands are Windows' own values, for both protocols and families.
func dynamicCommands() [][]string {
	var out [][]string
	for _, family := range []string{"ipv4", "ipv6"} {
		for _, proto := range []string{"tcp", "udp"} {
			out = append(out, []string{"netsh", "int", family, "set", "dynamicport", proto, "start=49152", "num=16384"})
		}
	}
	return out
}

// Asked finds what --remedy names among the ways of list: KIND, where there is one of
// it, or KIND:TARGET. Windows' names compare without case, and pid:412 is pid-412.
// What is never suggested and may be asked for all the same (startup:HTTP, switching
// the driver off) is found too. None, or more than one, is for the caller to say.
func Asked(x *chain.Index, list []remedy.Remedy, id string) []remedy.Remedy {
	kind, target, exact := strings.Cut(id, ":")
	target = strings.Replace(target, "pid:", "pid-", 1)
	var out []remedy.Remedy
	for _, r := range list {
		same := strings.EqualFold(r.Target, target) || strings.TrimPrefix(r.Target, "pid-") == strings.TrimPrefix(target, "pid-") && digits(strings.TrimPrefix(target, "pid-"))
		if string(r.Kind) == kind && (!exact || same) {
			out = append(out, r)
		}
	}
	if len(out) > 0 || !exact {
		return out
	}
	if kind == string(catalog.Startup) && strings.EqualFold(target, "HTTP") && x.Set.Machine.OS == "windows" {
		return []remedy.Remedy{{Kind: catalog.Startup, Target: "HTTP", About: fact.UnitID("scm", "HTTP")}}
	}
	return nil
}

func digits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil
}
