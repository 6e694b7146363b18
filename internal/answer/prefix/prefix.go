// Package prefix judges URL prefixes on a machine with HTTP.sys: whether a program
// could register one, with which Windows error it would fail and by which rule, what
// requests for it would meet, and what can be done ([Check]); and what an error of a
// registration that failed means there ([Explain]).
//
// It is pure. Rules and arguments are its answer; the sentences are report's.
package prefix

import (
	"errors"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
)

// Rule names what decided; those of package urlprefix come with its own names.
type Rule string

// Rules that refuse a registration, beside those of [urlprefix.Rule].
const (
	RuleMalformed    Rule = "malformed"         // Args: fault, word
	RuleHTTPDisabled Rule = "http-disabled"     // the HTTP service is disabled and does not run
	RuleNotLocal     Rule = "address-not-local" // Args: address
	RulePortTaken    Rule = "port-taken"        // About: the socket of a program outside HTTP.sys, its process
	RuleExcluded     Rule = "port-excluded"     // in a range that Windows keeps back; Args: from, to
	RuleNotRead      Rule = "not-read"          // Args: what ("reservations", "sockets"): it cannot be judged
)

// Rules of findings: what requests meet.
const (
	RuleServedToday   Rule = "served-today"   // About: the registration that gets them now
	RuleReservedToday Rule = "reserved-today" // About: the reservation: 503 until somebody registers
	RuleClosedToday   Rule = "closed-today"   // nobody is registered on the port: refused
	RuleNoHostToday   Rule = "no-host-today"  // 400
	RuleNoPathToday   Rule = "no-path-today"  // 404
	RuleOutranked     Rule = "outranked"      // About: a registration that gets all of them all the same
	RuleShadowed      Rule = "shadowed"       // About: a reservation before it: 503, registered or not
	RuleOutrankedPart Rule = "outranked-in-part"
	RuleShadowedPart  Rule = "shadowed-in-part"
	RuleTakesAll      Rule = "takes-all"  // About: registrations that would get nothing any more
	RuleTakesPart     Rule = "takes-part" // About: registrations that would lose some requests
	RuleBeside        Rule = "beside"     // About: a program's socket that gets the requests to its address
	RuleListStarves   Rule = "list-starves"
	RuleListLocalhost Rule = "list-lacks-localhost"
	RuleListNarrow    Rule = "list-narrows"
	RuleUnnamed       Rule = "registrations-unknown" // HTTP.sys has the port, for URLs that are not known
	RuleNoCertificate Rule = "no-certificate"
	RuleDisabledNext  Rule = "http-disabled-next" // it runs still: after the next boot it will not
	RuleAsker         Rule = "account-unknown"    // judged for an account without special rights
	RuleSlash         Rule = "slash-implied"      // the final one is missing
)

// Finding is one statement, with the rows that it rests on.
type Finding struct {
	Rule       Rule
	Confidence urlprefix.Confidence
	About      []fact.ID
	Args       map[string]string
}

// Verdict is one check that Windows makes of a registration.
type Verdict struct {
	Finding
	OK   bool
	Code urlprefix.Code   // that it fails with
	Also []urlprefix.Code // that were reported for the same cause
}

// Works is the answer in a word.
type Works int

// Answers. Unknown: only a try can tell, or what decides was not read.
const (
	Unknown Works = iota
	Yes
	No
)

// Answer is what is known of one prefix.
type Answer struct {
	Text     string
	Prefix   urlprefix.Prefix // the zero Prefix where Text is none
	Who      Who
	Works    Works
	Verdicts []Verdict // refusals in the order of the checks, else what lets it in
	Findings []Finding
	Steps    []Step
}

// Refusal is the check that fails first, and whether there is one: a sure or likely
// one where there is such, else what leaves the answer open.
func (a Answer) Refusal() (Verdict, bool) {
	for _, open := range [...]bool{false, true} {
		for _, v := range a.Verdicts {
			if !v.OK && v.open() == open {
				return v, true
			}
		}
	}
	return Verdict{}, false
}

// open tells whether a verdict decides nothing.
func (v Verdict) open() bool { return v.Rule == RuleNotRead || v.Confidence == urlprefix.Possible }

// Well-known groups that an account is in without being told.
const (
	everyone      = "S-1-1-0"
	authenticated = "S-1-5-11"
	users         = "S-1-5-32-545"
)

// Who is for whom a prefix is judged.
type Who struct {
	SID   string // "" = not known: any account without special rights
	Admin bool
	// Sure tells whether Admin is known.
	Sure bool
}

// Asker is who asked, as the set has it.
func Asker(set *fact.Set) Who {
	k := set.Machine.Asker
	if k == nil {
		return Who{}
	}
	w := Account(k.SID)
	if k.Elevated != nil {
		w.Admin, w.Sure = w.Admin || *k.Elevated, true
	}
	return w
}

// Account is who has this SID, without an administrator's rights unless it is
// LocalSystem's or the administrators' own.
func Account(sid string) Who {
	admin := sid == urlprefix.LocalSystem || sid == urlprefix.Administrators
	return Who{SID: sid, Admin: admin, Sure: admin}
}

func (w Who) rights() urlprefix.Who {
	out := urlprefix.Who{SIDs: []string{everyone, authenticated, users}, Admin: w.Admin, Partial: w.SID != urlprefix.LocalSystem}
	if w.SID != "" {
		out.SIDs = append(out.SIDs, w.SID)
	}
	return out
}

// Check tells whether who could register text on the machine of set, and what
// requests for it would meet. It never fails: a text that is no prefix is an answer,
// with the error that HTTP.sys has for it.
func Check(set *fact.Set, text string, who Who) Answer {
	a := Answer{Text: text, Who: who}
	p, err := urlprefix.Parse(text)
	if err != nil {
		a.malformed(err.(*urlprefix.Error))
		return a
	}
	a.Prefix = p
	c := checker{set: set, table: entries(set), p: p, who: who}
	if !strings.HasSuffix(text, "/") {
		c.find(RuleSlash, urlprefix.Certain, nil)
	}
	c.disabled()
	c.rights()
	c.address()
	c.port()
	c.requests()
	a.Verdicts, a.Findings = c.verdicts, c.findings
	a.Works = decide(a.Verdicts)
	if a.Works == No { // what lets it in past one check says nothing beside a refusal
		a.Verdicts = slices.DeleteFunc(a.Verdicts, func(v Verdict) bool { return v.OK })
	}
	a.Steps = steps(&c, &a)
	return a
}

// decide: a sure or likely refusal is a no, a mere possibility leaves it open.
func decide(vs []Verdict) Works {
	works := Yes
	for _, v := range vs {
		switch {
		case v.open():
			works = Unknown
		case !v.OK:
			return No
		}
	}
	return works
}

func (a *Answer) malformed(e *urlprefix.Error) {
	a.Works = No
	a.Verdicts = []Verdict{{Code: e.Code(), Finding: Finding{Rule: RuleMalformed, Confidence: e.Confidence(),
		Args: map[string]string{"fault": string(e.Fault), "word": e.Word}}}}
	if better, ok := rewritten(e); ok {
		a.Steps = []Step{{Kind: "rewrite", Args: map[string]string{"prefix": better}}}
	}
}

// rewritten is the prefix that was probably meant.
func rewritten(e *urlprefix.Error) (string, bool) {
	t := strings.TrimSpace(e.Text)
	if scheme, rest, ok := strings.Cut(t, "://"); ok {
		t = strings.ToLower(scheme) + "://" + rest
	} else {
		t = "http://" + t
	}
	if i := strings.IndexAny(t, "?#"); i >= 0 {
		t = t[:i]
	}
	scheme, rest, _ := strings.Cut(t, "://")
	authority, path, _ := strings.Cut(rest, "/")
	host, port, _ := strings.Cut(authority, ":")
	if strings.HasPrefix(authority, "[") {
		if i := strings.IndexByte(authority, ']'); i > 0 {
			host, port = authority[:i+1], strings.TrimPrefix(authority[i+1:], ":")
		}
	}
	if port = strings.TrimLeft(port, "0"); port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	p, err := urlprefix.Parse(scheme + "://" + host + ":" + port + "/" + path)
	var wild *urlprefix.Error
	if errors.As(err, &wild) && wild.Fault == urlprefix.FaultAnyIP {
		p, err = urlprefix.Parse(scheme + "://+:" + port + "/" + path)
	}
	return p.String(), err == nil && p.String() != e.Text
}
