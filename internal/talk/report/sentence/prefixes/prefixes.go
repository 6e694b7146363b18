// Package prefixes says what package answer/prefix finds out about URL prefixes: by
// which rule a registration works or fails, what requests would meet, and what can be
// done. It is pure; words from outside come out clean and cut.
package prefixes

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/answer/prefix"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

// Words says answers about one machine.
type Words struct {
	sentence.Names
	Who prefix.Who
	As  bool // judged for another account than the asker's
}

// URL is a prefix from outside, harmless and cut.
func URL(s string) string { return sentence.Clean(s, sentence.CommandWidth) }

func (w Words) you() string {
	switch {
	case w.As:
		return "account " + sentence.Name(w.Who.SID)
	case w.Who.SID == "" && !w.Who.Admin:
		return "an ordinary account"
	}
	return "you"
}

// Headline is the sentence that answers.
func (w Words) Headline(a prefix.Answer) string {
	s := URL(a.Text) + ": "
	switch a.Works {
	case prefix.Yes:
		return s + "yes, " + w.you() + " can register it."
	case prefix.No:
		v, _ := a.Refusal()
		return s + "no, HTTP.sys would refuse it to " + w.you() + " with " + Code(v.Code) + "."
	}
	if v, ok := a.Refusal(); ok && v.Rule == prefix.RuleNotRead {
		return s + "what decides could not be read."
	}
	return s + "only a try can tell."
}

// Code is an error with its constant: "5 (ERROR_ACCESS_DENIED)".
func Code(c urlprefix.Code) string {
	if c.Name() == "" {
		return c.String()
	}
	return c.String() + " (" + c.Name() + ")"
}

// hedged puts the doubt before a sentence.
func hedged(sure urlprefix.Confidence, s string) string {
	switch sure {
	case urlprefix.Likely:
		return "Probably: " + s
	case urlprefix.Possible:
		return "Possibly: " + s
	}
	return sentence.Upper(s)
}

// Verdict says one check that Windows makes.
func (w Words) Verdict(v prefix.Verdict) string {
	s := w.permission(v.Finding)
	if !v.OK {
		s = w.refusal(v.Finding)
	}
	if len(v.Also) > 0 && v.Rule == prefix.RuleExcluded {
		s += " " + Code(v.Also[0]) + " was reported for it too."
	}
	return hedged(v.Confidence, s)
}

func (w Words) permission(f prefix.Finding) string {
	switch urlprefix.Rule(f.Rule) {
	case urlprefix.RuleReserved:
		return w.reservation(f.About) + " lets " + w.you() + " register it."
	case urlprefix.RuleAdministrator:
		return "nobody has it reserved, and an administrator needs no reservation."
	case urlprefix.RuleLocalhost:
		return "on ports above 1024 everybody may register localhost without a reservation."
	}
	return "rule " + sentence.Name(string(f.Rule)) + " lets it in."
}

func (w Words) refusal(f prefix.Finding) string {
	switch f.Rule {
	case prefix.RuleMalformed:
		return fault(urlprefix.Fault(f.Args["fault"]), sentence.Name(f.Args["word"]))
	case prefix.RuleHTTPDisabled:
		return "the HTTP service (HTTP.sys) is disabled and does not run: no program can register any URL."
	case prefix.RuleNotLocal:
		return f.Args["address"] + " is no address of this machine, and HTTP.sys listens on no other."
	case prefix.RulePortTaken:
		return "the port belongs to " + w.socket(f.About) + ", outside of HTTP.sys, which shares ports among its own users only."
	case prefix.RuleExcluded:
		return "nobody listens there, and Windows keeps ports " + f.Args["from"] + " to " + f.Args["to"] + " back: HTTP.sys cannot have them either. Running as administrator does not help."
	case prefix.RuleNotRead:
		return "the " + f.Args["what"] + " of this machine are not known, and they decide."
	}
	return w.denied(f)
}

func (w Words) denied(f prefix.Finding) string {
	switch urlprefix.Rule(f.Rule) {
	case urlprefix.RuleSchemeClash:
		return "the port is registered or reserved for the other of http and https, and the two never share one. That it fails is documented, the code is not."
	case urlprefix.RuleTaken:
		return "the very same prefix is registered already" + w.behind(f.About) + ". Case and a final slash make no difference."
	case urlprefix.RuleForeign:
		return w.reservation(f.About) + " decides, and " + w.you() + " may not listen by it."
	case urlprefix.RuleUnreserved:
		return "no reservation for the same host covers it, and without one only an administrator may register it. What is reserved for another host (+, *, a name, an address) does not count."
	case urlprefix.RuleLocalhostLost:
		return "everybody may register localhost on ports above 1024, but not where the port carries a reservation, as it does here (" + w.reservation(f.About) + "). That was met once, and nobody has explained it."
	}
	return "rule " + sentence.Name(string(f.Rule)) + " refuses it."
}

// fault says what is wrong with a text.
func fault(f urlprefix.Fault, word string) string {
	switch f {
	case urlprefix.FaultEmpty:
		return "an empty text is no prefix."
	case urlprefix.FaultScheme:
		return "a prefix begins with http:// or https://."
	case urlprefix.FaultSchemeCase:
		return "the scheme is taken in lower case only, not as " + word + "."
	case urlprefix.FaultNoHost:
		return "the host is missing: + stands for every host, * for those that nobody else takes."
	case urlprefix.FaultHost:
		return word + " is no host name."
	case urlprefix.FaultWildcard:
		return "+ and * stand alone, or *. before a whole domain; " + word + " is neither."
	case urlprefix.FaultPunycode:
		return "HTTP.sys wants the name in Unicode, not as " + word + "."
	case urlprefix.FaultOddIP:
		return word + " is no address that HTTP.sys takes, and no name ends in a number."
	case urlprefix.FaultAnyIP:
		return "HTTP.sys does not take " + word + "; + and * stand for every address."
	case urlprefix.FaultNoPort:
		return "the port is missing; HTTP.sys wants it even where it is 80 or 443."
	case urlprefix.FaultPort:
		return word + " is no port number."
	case urlprefix.FaultPortRange:
		return word + " is no port: ports go from 1 to 65535."
	case urlprefix.FaultPortZeros:
		return "a port has no leading zero, as " + word + " has."
	case urlprefix.FaultNoSlash:
		return "the slash after the port is missing."
	}
	return faultyPath(f, word)
}

func faultyPath(f urlprefix.Fault, word string) string {
	switch f {
	case urlprefix.FaultQuery:
		return "a prefix has no query and no fragment: leave out " + word + "."
	case urlprefix.FaultEscape:
		return "the path is wanted as it is, without " + word + ": HTTP.sys unescapes requests before it compares."
	case urlprefix.FaultPath:
		return "no request has such a path: " + word + "."
	case urlprefix.FaultLong:
		return "it is longer than any URL that HTTP.sys takes."
	}
	return "it is no prefix (" + sentence.Name(string(f)) + ")."
}

// socket is a program's socket and who has it.
func (w Words) socket(about []fact.ID) string {
	if len(about) == 0 {
		return "a program"
	}
	s := w.X.Socket(about[0])
	if s == nil {
		return "a program"
	}
	return w.Owners(s) + " at " + w.Socket(s)
}

// reservation names a reservation and whom it is for.
func (w Words) reservation(about []fact.ID) string {
	for i := range w.X.Set.Reservations {
		r := &w.X.Set.Reservations[i]
		if len(about) == 0 || r.ID != about[0] {
			continue
		}
		return "the reservation of " + URL(r.URL) + " for " + cmp.Or(accounts(r.Rights), "nobody")
	}
	return "a reservation"
}

// accounts are those that a reservation lets listen.
func accounts(rights []fact.PrefixRight) string {
	var out []string
	for _, r := range rights {
		if r.Listen && !r.Deny {
			out = append(out, sentence.Name(cmp.Or(r.Account, r.SID)))
		}
	}
	if len(out) > maxNamed {
		out = append(out[:maxNamed], "others")
	}
	return sentence.List(out)
}

// maxNamed bounds the rows that one sentence names.
const maxNamed = 5

// behind says who serves a registration: its processes with their services, else its queue.
func (w Words) behind(about []fact.ID) string {
	var out []string
	for _, id := range about[min(1, len(about)):] {
		if p := w.X.Process(id); p != nil {
			s := w.Process(p)
			for _, l := range w.X.Links(id, fact.PartOf) {
				if u := w.X.Unit(l.To); u != nil {
					s = w.Unit(u) + ", " + s
				}
			}
			out = append(out, s)
		}
	}
	for i := 1; i < len(about) && len(out) == 0; i++ {
		if q := w.X.Queue(about[i]); q != nil && q.Name != "" {
			return ", behind request queue " + sentence.Name(q.Name)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ", by " + sentence.List(out[:min(len(out), maxNamed)])
}

// rows names registrations and reservations by their URLs.
func (w Words) rows(about []fact.ID) string {
	var out []string
	for _, id := range about[:min(len(about), maxNamed)] {
		out = append(out, w.row(id))
	}
	if n := len(about) - len(out); n > 0 {
		out = append(out, sentence.Plural(n, "other", "others"))
	}
	return sentence.List(out)
}

func (w Words) row(id fact.ID) string {
	if r := w.X.Registration(id); r != nil {
		return URL(r.URL)
	}
	for i := range w.X.Set.Reservations {
		if r := &w.X.Set.Reservations[i]; r.ID == id {
			return URL(r.URL)
		}
	}
	return sentence.Name(string(id))
}

// Finding says what requests for a prefix meet.
func (w Words) Finding(f prefix.Finding) string { return hedged(f.Confidence, w.requests(f)) }

func (w Words) requests(f prefix.Finding) string {
	switch f.Rule {
	case prefix.RuleServedToday:
		return "today such requests go to " + w.rows(f.About[:1]) + w.behind(f.About) + "."
	case prefix.RuleReservedToday:
		return "today such requests get 503: " + w.reservation(f.About) + " matches, and nobody is registered under it."
	case prefix.RuleClosedToday:
		return "today nobody is registered on this port: HTTP.sys does not listen on it, and connections are refused. It takes the port with the first registration."
	case prefix.RuleNoHostToday:
		return "today such requests get 400 (Invalid Hostname): nobody is registered for that host."
	case prefix.RuleNoPathToday:
		return "today such requests get 404: the host is served here, that path is not."
	case prefix.RuleOutranked:
		return "registered or not, its requests would all go to " + w.rows(f.About[:1]) + w.behind(f.About) + ", which is looked at first (+, then names, then addresses, then *)."
	case prefix.RuleShadowed:
		return "registered or not, its requests would get 503: " + w.reservation(f.About) + " is looked at first, and nobody is registered under it."
	case prefix.RuleOutrankedPart:
		return "part of its requests would go to " + w.rows(f.About) + "."
	case prefix.RuleShadowedPart:
		return "part of its requests would get 503, since " + w.rows(f.About) + " is reserved and nobody is registered under it."
	case prefix.RuleTakesAll:
		return "it would take every request from " + w.rows(f.About) + "."
	case prefix.RuleTakesPart:
		return "it would take some requests from " + w.rows(f.About) + "."
	}
	return w.reached(f)
}

func (w Words) reached(f prefix.Finding) string {
	switch f.Rule {
	case prefix.RuleBeside:
		return "what is sent to that address goes to " + w.socket(f.About) + " and not to HTTP.sys."
	case prefix.RuleListStarves:
		return "nobody could reach it: HTTP.sys listens only on " + f.Args["list"] + " (its listen list), and " + f.Args["address"] + " is not among them."
	case prefix.RuleListLocalhost:
		return "localhost would not reach it: HTTP.sys listens only on " + f.Args["list"] + " (its listen list)."
	case prefix.RuleListNarrow:
		return "only " + f.Args["list"] + " would reach it (HTTP.sys's listen list)."
	case prefix.RuleUnnamed:
		return "the kernel listens on this port already, most likely HTTP.sys for registrations that are not known here: who gets its requests, and whether the very prefix is taken, stays open."
	case prefix.RuleNoCertificate:
		return "no certificate is bound to port " + f.Args["port"] + ": HTTP.sys registers the prefix all the same, and no TLS handshake ends (netsh http add sslcert)."
	case prefix.RuleDisabledNext:
		return "the HTTP service runs and is disabled: after the next boot nothing of HTTP.sys works, printing included (sc.exe config http start= demand)."
	case prefix.RuleAsker:
		return "who asks is not known here: this is judged for an account without special rights (--as SID judges for another)."
	case prefix.RuleSlash:
		return "HTTP.sys adds the final slash by itself; HttpListener refuses a prefix without it."
	}
	return w.cause(f)
}

func (w Words) cause(f prefix.Finding) string {
	switch f.Rule {
	case prefix.CauseRights:
		return "the program had no right to the prefix: no reservation for its account, somebody else's reservation, or no elevated rights. Reservations of another host do not count."
	case prefix.CauseHolder:
		return "a program outside of HTTP.sys had the port at that time."
	case prefix.CauseServiceState:
		return "another site of IIS has the same binding: IIS keeps a configured port even for a stopped site."
	case prefix.CauseRegistered:
		return "somebody had the very prefix at that time, often a second copy of the same program."
	case prefix.CauseRangeAnyway:
		return "a range of ports that Windows keeps back was behind it, as one report has it."
	case prefix.CauseForm:
		return "HTTP.sys got another text than this one: the port, the slash after it, or the lower case of the scheme was missing."
	case prefix.CauseGroup:
		return "the URL group belongs to another process."
	case prefix.CauseHost:
		return "the host was of a form that HTTP.sys does not take, such as 0.0.0.0."
	case prefix.CauseAddress:
		return "the address was none of this machine at that time, or HTTP.sys's listen list names one that is not."
	}
	return w.rareCause(f)
}

func (w Words) rareCause(f prefix.Finding) string {
	switch f.Rule {
	case prefix.CauseDisabled:
		return "the HTTP service was disabled, or something that it needs did not start."
	case prefix.CauseVersion:
		return "the program asked for a version of the HTTP Server API that this Windows does not have."
	case prefix.CauseNotThere:
		return "what was to be removed was not there: only the process that registered a prefix can remove it."
	case prefix.CauseAccountName:
		return "the reservation named an account that this machine does not know: names are translated (Everyone, Jeder, Tout le monde); SIDs are not."
	case prefix.CausePrivilege:
		return "the program lacked a privilege; run it as administrator."
	case prefix.RuleMalformed, prefix.RuleHTTPDisabled, prefix.RuleNotLocal, prefix.RulePortTaken, prefix.RuleExcluded, prefix.RuleNotRead:
		return w.refusal(f)
	}
	return w.denied(f)
}

// Step says one thing to do.
func (w Words) Step(s prefix.Step) string {
	switch s.Kind {
	case "rewrite":
		return "Write it as " + URL(s.Args["prefix"]) + "."
	case "localhost":
		return "Register " + URL(s.Args["prefix"]) + " in its place, if only this machine needs it: that needs no reservation."
	case "path":
		return "Register another path."
	case "port":
		return "Use another port."
	case "address":
		return "Use an address of this machine, or + or a name."
	case "reserve":
		return "Reserve it for " + w.account(s) + ", once, as administrator."
	case "widen":
		return "Let " + w.account(s) + " listen by the reservation of " + URL(s.Args["url"]) + " too, as administrator; between the two commands it is gone."
	case "administrator":
		return "Run the program as administrator."
	case "unreserve":
		return "Take the reservation of " + URL(s.Args["url"]) + " away if nobody needs it, as administrator; or register under it."
	case "who":
		return "See who has the port."
	case "start":
		return "Let the HTTP service start again, as administrator."
	case "iplisten":
		return "Put " + s.Args["address"] + " on the listen list, as administrator; it may need a restart."
	case "read":
		return "Look at the reservations yourself."
	}
	return ""
}

func (w Words) account(s prefix.Step) string {
	if s.Args["sid"] == "SID" {
		return "the program's account (put its SID in; whoami /user tells it)"
	}
	return sentence.Name(s.Args["sid"])
}

// Lines are commands to paste into cmd or PowerShell.
func Lines(commands [][]string) []string {
	var out []string
	for _, c := range commands {
		out = append(out, windows.CommandLine(c, func(s string) string { return sentence.Clean(s, 0) }))
	}
	return out
}

// Undo says how a step is taken back; "" where there is nothing to take back.
func Undo(s prefix.Step) string {
	if len(s.Undo) == 0 {
		return ""
	}
	return "Undone by " + strings.Join(Lines(s.Undo), ", then ") + "."
}
