package prefix

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

// Step is one thing that a person can do.
type Step struct {
	// Kind is "rewrite", "localhost", "path", "port", "address", "reserve", "widen",
	// "administrator", "unreserve", "who", "start", "iplisten" or "read".
	Kind string
	Args map[string]string
	// Command is what to type, as an administrator; Undo takes it back.
	Command, Undo [][]string
}

// steps are the ways out, gentlest first.
func steps(c *checker, a *Answer) []Step {
	var out, rights []Step
	for _, v := range a.Verdicts {
		switch {
		case v.OK:
		case v.Code == urlprefix.AccessDenied:
			rights = wayOut(c, v, len(a.Verdicts) == 1)
		default:
			out = append(out, wayOut(c, v, false)...)
		}
	}
	out = append(out, rights...) // they help only where nothing else is in the way
	for _, f := range a.Findings {
		switch f.Rule {
		case RuleListStarves, RuleListLocalhost:
			addr := f.Args["address"]
			if addr == "" {
				addr = "127.0.0.1"
			}
			if c.others(addr) {
				continue // a program has the address: the list was narrowed to leave it that
			}
			out = append(out, Step{Kind: "iplisten", Args: map[string]string{"address": addr},
				Command: [][]string{netsh("add", "iplisten", "ipaddress="+addr)}, Undo: [][]string{netsh("delete", "iplisten", "ipaddress="+addr)}})
		case RuleOutranked:
			out = append(out, Step{Kind: "path"})
		case RuleShadowed:
			out = append(out, unreserve(c, f.About[0]))
		}
	}
	return out
}

// wayOut are the ways past one refusal; alone tells that there is no other.
func wayOut(c *checker, v Verdict, alone bool) []Step {
	switch v.Rule {
	case Rule(urlprefix.RuleUnreserved), Rule(urlprefix.RuleLocalhostLost):
		out := []Step{reserve(c.p, c.sid()), {Kind: "administrator"}}
		if local, ok := c.localhost(); ok && alone {
			out = append([]Step{{Kind: "localhost", Args: map[string]string{"prefix": local}}}, out...)
		}
		return out
	case Rule(urlprefix.RuleForeign):
		return foreign(c)
	case Rule(urlprefix.RuleTaken):
		return []Step{{Kind: "path"}, {Kind: "port"}}
	case Rule(urlprefix.RuleSchemeClash), RuleExcluded:
		return []Step{{Kind: "port"}}
	case RulePortTaken:
		return []Step{{Kind: "port"}, {Kind: "who", Command: [][]string{{"berth", "who", itoa(c.p.Port)}}}}
	case RuleNotLocal:
		return []Step{{Kind: "address"}}
	case RuleHTTPDisabled:
		return []Step{{Kind: "start", Command: [][]string{{"sc.exe", "config", "http", "start=", "demand"}, {"net", "start", "http"}},
			Undo: [][]string{{"sc.exe", "config", "http", "start=", "disabled"}}}}
	case RuleNotRead:
		if v.Args["what"] != "reservations" {
			return nil
		}
		return []Step{{Kind: "read", Command: [][]string{netsh("show", "urlacl")}}}
	}
	return nil
}

func netsh(words ...string) []string { return append([]string{"netsh", "http"}, words...) }

// sid is the account to reserve for; a name would be another one in every language.
func (c *checker) sid() string {
	if c.who.SID == "" {
		return "SID"
	}
	return c.who.SID
}

func reserve(p urlprefix.Prefix, sid string) Step {
	url := "url=" + p.String()
	return Step{Kind: "reserve", Args: map[string]string{"sid": sid},
		Command: [][]string{netsh("add", "urlacl", url, "sddl=D:(A;;GX;;;"+sid+")")}, Undo: [][]string{netsh("delete", "urlacl", url)}}
}

// foreign: where an administrator may reserve this very prefix, that; else the
// reservation that decides is widened.
func foreign(c *checker) []Step {
	other := []Step{{Kind: "path"}, {Kind: "port"}}
	admin := urlprefix.Who{Admin: true}
	if c.by == nil || c.table.MayReserve(c.p, admin).OK {
		return append(other, reserve(c.p, c.sid()))
	}
	url := "url=" + c.by.Prefix.String()
	old := sddl(c.set, c.by)
	del := netsh("delete", "urlacl", url)
	return append(other, Step{Kind: "widen", Args: map[string]string{"sid": c.sid(), "url": c.by.Prefix.String()},
		Command: [][]string{del, netsh("add", "urlacl", url, "sddl="+old+"(A;;GX;;;"+c.sid()+")")}, Undo: [][]string{del, netsh("add", "urlacl", url, "sddl="+old)}})
}

// unreserve takes a reservation away that nobody is registered under.
func unreserve(c *checker, id fact.ID) Step {
	s := Step{Kind: "unreserve"}
	c.table.Each(func(e *urlprefix.Entry[fact.ID]) bool {
		if e.Reserved && e.Value == id {
			url := "url=" + e.Prefix.String()
			s.Args = map[string]string{"url": e.Prefix.String()}
			s.Command, s.Undo = [][]string{netsh("delete", "urlacl", url)}, [][]string{netsh("add", "urlacl", url, "sddl="+sddl(c.set, e))}
		}
		return len(s.Command) == 0
	})
	return s
}

// sddl is a reservation's access list as the set has it, else as its rights say it.
func sddl(set *fact.Set, e *urlprefix.Entry[fact.ID]) string {
	for _, r := range set.Reservations {
		if r.ID == e.Value && strings.HasPrefix(r.SDDL, "D:") {
			return r.SDDL
		}
	}
	b := &strings.Builder{}
	b.WriteString("D:")
	for _, a := range e.ACL {
		kind, right := "A", "GX"
		switch {
		case a.Listen && a.Delegate:
			right = "GA"
		case a.Delegate:
			right = "GW"
		}
		if a.Deny {
			kind = "D"
		}
		b.WriteString("(" + kind + ";;" + right + ";;;" + a.SID + ")")
	}
	return b.String()
}

// localhost is the prefix that everybody may register in place of this one.
func (c *checker) localhost() (string, bool) {
	p := c.p
	p.Bucket, p.Host = urlprefix.Explicit, "localhost"
	v := c.table.MayRegister(p, c.who.rights())
	return p.String(), v.OK && v.Confidence != urlprefix.Possible && !c.p.Local()
}
