package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// AnyProgram is the entry for programs behind HTTP.sys that the catalog does not know
// by name.
const AnyProgram = "http-sys-program"

// Guess is one likely owner of a port that HTTP.sys holds.
type Guess struct {
	Entry   *Entry
	Because []Reason // the strongest first; never empty
	weight  int
}

// Reason is one ground of a [Guess].
type Reason struct {
	Kind  ReasonKind
	Value string
}

// ReasonKind says what speaks for a guess.
type ReasonKind string

// Grounds of a guess, the strongest first.
const (
	ServiceRuns ReasonKind = "service-runs" // Value: the running service, as the caller spelled it
	URLReserved ReasonKind = "url-reserved" // Value: the reservation, as the caller spelled it
	UsesPort    ReasonKind = "uses-port"    // Value: the URL that it registers on this port unless told otherwise
	AnyPort     ReasonKind = "any-port"     // it takes whatever port it is told to; no Value
)

// LikelyBehindHTTP ranks who may be behind a port that the Windows kernel holds
// while nobody tells which URLs are registered: first a running service that has a
// reservation on the port, then running services that register there, then what is
// merely common on it. reservations are the URLs that are reserved on this machine
// (netsh: urlacl), of any port; runningServices are all services that run, by
// name: one that is not among them is ruled out, so a part of the list will not do.
// Either may be nil for "not known", and then speaks neither for nor against anybody.
//
// Every answer is a guess: only the list of registrations tells.
func LikelyBehindHTTP(port uint16, reservations, runningServices []string) []Guess {
	var out []Guess
	claimed := claims(port, reservations)
	for i := range table {
		e := &table[i]
		service := runningOne(e, runningServices)
		if service == "" && runningServices != nil && len(e.Services) > 0 {
			continue
		}
		if g := guess(e, port, claimed, service); len(g.Because) > 0 {
			out = append(out, g)
		}
	}
	slices.SortStableFunc(out, func(a, b Guess) int { return cmp.Compare(b.weight, a.weight) })
	return out
}

// claim is a reservation on the port and the entry that it belongs to.
type claim struct {
	entry      *Entry
	url        string
	everywhere bool
}

func claims(port uint16, reservations []string) []claim {
	var out []claim
	for _, url := range reservations {
		if _, at, path, ok := SplitPrefix(url); ok && at == port {
			out = append(out, claimant(url, path))
		}
	}
	return out
}

// claimant finds whose reservation url is: by the whole prefix, else by its path,
// which says much except for the root.
func claimant(url, path string) claim {
	if e, p := reservedAs(func(own string) bool { return samePrefix(own, url) }); p != nil {
		return claim{e, url, p.Everywhere}
	}
	if e, p := reservedAs(func(own string) bool {
		_, _, at, _ := SplitPrefix(own)
		return at != "/" && samePrefix(at, path)
	}); p != nil {
		return claim{entry: e, url: url}
	}
	e, _ := ByID(AnyProgram)
	return claim{entry: e, url: url}
}

// Weights: each ground outweighs all below it.
const (
	runs     = 32
	reserved = 16
	usual    = 4 // once, twice or three times
	onPort   = 2
	idle     = 1 // a reservation that every Windows has
)

// guess weighs what speaks for e. A service that runs does so only on a port that
// is known to be its.
func guess(e *Entry, port uint16, claimed []claim, service string) Guess {
	g := Guess{Entry: e}
	for _, c := range claimed {
		switch {
		case c.entry != e:
		case c.everywhere && service == "":
			g.add(idle, URLReserved, c.url)
		default:
			g.add(reserved, URLReserved, c.url)
		}
	}
	g.ports(port)
	if service != "" && len(g.Because) > 0 {
		g.weight += runs
		g.Because = slices.Insert(g.Because, 0, Reason{ServiceRuns, service})
	}
	return g
}

// ports adds what e registers on port, or on any port.
func (g *Guess) ports(port uint16) {
	anyPort := -1
	for i := range g.Entry.HTTP {
		p := &g.Entry.HTTP[i]
		switch _, at, _, _ := SplitPrefix(p.URL); at {
		case port:
			g.add(onPort+usual*int(p.Usual), UsesPort, p.URL)
			return
		case 0:
			anyPort = max(anyPort, int(p.Usual))
		}
	}
	if anyPort >= 0 {
		g.add(usual*anyPort, AnyPort, "")
	}
}

// add notes a reason. A second one of its kind adds nothing to the weight.
func (g *Guess) add(weight int, kind ReasonKind, value string) {
	if !slices.ContainsFunc(g.Because, func(r Reason) bool { return r.Kind == kind }) {
		g.weight += weight
	}
	g.Because = append(g.Because, Reason{kind, value})
}

// runningOne is the first of e's services that runs, as running spells it.
func runningOne(e *Entry, running []string) string {
	for _, s := range e.Services {
		i := slices.IndexFunc(running, func(name string) bool { return glob(s.Name, strings.TrimSpace(name), true) })
		if i >= 0 {
			return running[i]
		}
	}
	return ""
}
