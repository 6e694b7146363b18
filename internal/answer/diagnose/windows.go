package diagnose

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/rangeauthor"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

// windows runs the rules that only Windows has.
func (w *who) windows() {
	if w.x.Set.Machine.OS != "windows" {
		return
	}
	w.excluded()
	w.denied()
	w.portproxy()
	for _, f := range Damage(w.x) {
		if w.concerns(f) {
			w.a.Findings = append(w.a.Findings, f)
		}
	}
}

// concerns tells whether damage to the machine belongs to the answer for a port:
// a URL or a reservation of it, or HTTP itself on a web port.
func (w *who) concerns(f Finding) bool {
	port := w.q.Endpoint.Port
	if f.Args["outside"] == "none" {
		return w.kernelHolds() || slices.ContainsFunc(w.a.Holders, func(h chain.Holder) bool { return h.Owner.Kind == chain.OwnerHTTPSys })
	}
	if f.Rule == RuleHTTPDisabled {
		return port == 80 || port == 443
	}
	return slices.ContainsFunc(f.About, func(id fact.ID) bool {
		if r := w.x.Registration(id); r != nil {
			return r.Port == port
		}
		return slices.ContainsFunc(w.x.Set.Reservations, func(r fact.Reservation) bool { return r.ID == id && r.Port == port })
	})
}

// keeps tells whether Windows keeps the port back from everybody.
func (w *who) keeps(p fact.Proto) bool {
	r, ok := rangeauthor.Find(w.x.Set, p, w.q.Endpoint.Port)
	blocks := rangeauthor.Judge(w.x.Set, r).Blocks
	return ok && (blocks == rangeauthor.Certain || blocks == rangeauthor.Likely)
}

// excluded: the port lies in a range that Windows keeps back, or that an
// administrator keeps out of dynamic assignment.
func (w *who) excluded() {
	for _, p := range w.a.Protos {
		r, ok := rangeauthor.Find(w.x.Set, p.Proto, w.q.Endpoint.Port)
		if !ok {
			continue
		}
		by := rangeauthor.Judge(w.x.Set, r)
		args := map[string]string{"proto": string(p.Proto), "from": strconv.Itoa(int(r.From)), "to": strconv.Itoa(int(r.To)),
			"author": string(by.Kind), "authorConfidence": string(by.Confidence)}
		switch {
		case by.Blocks == rangeauthor.Possible:
			w.say(RuleExcludedStarred, Certain, args)
		case by.Blocks == "" || p.Status == Held:
			continue // the holder is the better answer
		default:
			w.say(RuleExcluded, Confidence(by.Blocks), args, by.About...)
		}
		if by.LowDynamic == rangeauthor.Likely {
			w.lowDynamic()
		}
	}
}

// lowDynamic: the range stands here because dynamic ports begin too low.
func (w *who) lowDynamic() {
	if f, ok := lowDynamic(w.x.Set); ok {
		w.a.Findings = append(w.a.Findings, f)
	}
}

func lowDynamic(set *fact.Set) (Finding, bool) {
	r, ok := rangeauthor.LowDynamic(set)
	if !ok {
		return Finding{}, false
	}
	args := map[string]string{"from": strconv.Itoa(int(r.From)), "to": strconv.Itoa(int(r.To)), "proto": string(r.Proto)}
	return Finding{Rule: RuleLowDynamic, Confidence: Certain, Args: args, About: rangeauthor.LowServices(set, r)}, true
}

// denied tells the causes of Windows' 10013 apart, as far as the facts go.
func (w *who) denied() {
	i := slices.IndexFunc(w.q.Refusals, func(r refusal.Refusal) bool {
		return r.Cause == refusal.Reserved && r.Port == w.q.Endpoint.Port
	})
	if i < 0 {
		return
	}
	tcp := w.q.Endpoint.Protos(fact.TCP)[0]
	ranges := slices.ContainsFunc(w.x.Set.Ranges, func(r fact.Range) bool { return r.Kind == fact.Excluded })
	listed := Blindness(w.x.Set.Gaps) == nil && len(w.x.Set.Sockets) > 0
	why, sure := "", Likely
	switch {
	case w.keeps(tcp):
		why, sure = "range", Certain
	case len(w.a.Holders) > 0 && w.a.Holders[0].Owner.Kind == chain.OwnerHTTPSys || w.kernelHolds():
		why = "kernel"
	case len(w.a.Holders) > 0:
		why = "holder"
	case ranges && listed:
		why, sure = "filter", Possible
	default:
		return
	}
	w.say(RuleDenied, sure, map[string]string{"why": why, "filters": w.filters()})
}

// filters names the products that see binds on this machine.
func (w *who) filters() string {
	var names []string
	for _, f := range w.x.Set.Filters {
		if name := cmp.Or(f.Provider, f.Name, f.Service); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names[:min(len(names), maxGuesses)], ", ")
}

func (w *who) kernelHolds() bool {
	return slices.ContainsFunc(w.a.Holders, func(h chain.Holder) bool { return h.Owner.Kind == chain.OwnerKernel })
}

// portproxy: an entry of the port proxy takes the port. IP Helper listens for it
// where the entry works.
func (w *who) portproxy() {
	for _, r := range w.redirects {
		if r.Kind == "portproxy" {
			w.say(RulePortProxy, Certain, map[string]string{"to": r.To, "listening": strconv.FormatBool(len(w.serving) > 0)}, r.ID)
		}
	}
}

// kernelPart tells whether the kernel's socket on the endpoint's port is a part's
// other than HTTP.sys, as file sharing's on 445 is: HTTP.sys's own listing was read
// and has no URL on it, or the catalog knows the port, and not as one that programs
// register URLs on. Two pasted texts may be of two moments, or of two machines, and
// prove nothing together.
func (w *who) kernelPart(h *chain.Holder) bool {
	s := w.x.Socket(h.Sockets[0])
	open := slices.ContainsFunc(w.x.Set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapNotInPaste && g.About == s.ID })
	if m := w.x.Set.Machine.Windows; s.Proto != fact.TCP || m != nil && m.Registrations && !open {
		return true
	}
	found := catalog.Match(catalog.Subject{OS: "windows", Proto: s.Proto, Port: s.Local.Port(), Addr: s.Local.Addr(), Comm: "System", Kernel: "System"})
	return len(found) > 0 && !slices.ContainsFunc(found[0].Match, func(p catalog.Pattern) bool { return slices.Contains(p.Kernel, "http.sys") })
}

// maxGuesses bounds those who may stand behind the kernel's listener: more are no
// help.
const maxGuesses = 4

// likelyBehind ranks who may have registered a URL on the port, where nobody told.
func (w *who) likelyBehind() {
	if w.listed() {
		return // the listing is there, and names nobody on this port
	}
	guesses := w.guesses()
	for _, g := range guesses[:min(len(guesses), maxGuesses)] {
		sure, args := Possible, map[string]string{"entry": g.Entry.ID}
		for _, r := range g.Because {
			args[string(r.Kind)] = r.Value
			if r.Kind == catalog.ServiceRuns {
				sure = Likely
			}
		}
		w.say(RuleLikelyBehind, sure, args)
	}
}

// guesses ranks by what is known of reservations and services. Where only some
// services are known the others are not ruled out.
func (w *who) guesses() []catalog.Guess {
	var urls, running, stopped []string
	for _, r := range w.x.Set.Reservations {
		urls = append(urls, r.URL)
	}
	lives := map[fact.ID]bool{} // in a process
	for _, l := range w.x.Set.Links {
		lives[l.To] = lives[l.To] || l.Kind == fact.PartOf
	}
	for _, u := range w.x.Set.Units {
		switch {
		case u.Manager != "scm":
		case u.Active == "running" || u.Active == "" && lives[u.ID]:
			running = append(running, u.Name)
		case u.Active == "stopped":
			stopped = append(stopped, u.Name)
		}
	}
	port := w.q.Endpoint.Port
	if slices.ContainsFunc(running, func(s string) bool { return strings.EqualFold(s, everyWindows) }) {
		return catalog.LikelyBehindHTTP(port, urls, running)
	}
	var out []catalog.Guess
	if len(running) > 0 {
		out = slices.DeleteFunc(catalog.LikelyBehindHTTP(port, urls, running), func(g catalog.Guess) bool { return g.Because[0].Kind != catalog.ServiceRuns })
	}
	for _, g := range catalog.LikelyBehindHTTP(port, urls, nil) {
		same := func(o catalog.Guess) bool { return o.Entry == g.Entry }
		off := func(s catalog.Service) bool {
			return slices.ContainsFunc(stopped, func(name string) bool { return strings.EqualFold(name, s.Name) })
		}
		if !slices.ContainsFunc(out, same) && !slices.ContainsFunc(g.Entry.Services, off) {
			out = append(out, g)
		}
	}
	return out
}

// everyWindows is a service that runs on every Windows and has no port: a list without
// it is not the whole list, but of some processes, or of those that listen.
const everyWindows = "DcomLaunch"

// reserved: URLs that somebody may listen on and nobody does, and what that does to
// requests of others.
func (w *who) reserved() {
	if !w.listed() {
		return
	}
	live := map[string]bool{}
	for _, r := range w.x.Set.Registrations {
		live[bareURL(r.URL)] = true
	}
	for _, r := range w.x.Set.Reservations {
		if r.Port != w.q.Endpoint.Port || live[bareURL(r.URL)] {
			continue
		}
		args := map[string]string{"url": r.URL, "for": listeners(r), "shadows": shadows(r.URL)}
		if e, ok := catalog.Reserved(r.URL); ok {
			args["entry"] = e.ID
		}
		w.say(RuleReservedOnly, Certain, args, r.ID)
	}
}

// listed tells whether it is known who listens behind the port's URLs: a listing
// was read, or nobody listens on the port at all.
func (w *who) listed() bool {
	m := w.x.Set.Machine.Windows
	return len(w.serving) == 0 || len(w.x.Set.Registrations) > 0 || m != nil && m.Registrations
}

// bareURL is a URL as it compares: without case and without its last slash.
func bareURL(url string) string { return strings.TrimSuffix(strings.ToLower(url), "/") }

// listeners are the accounts that may register under a reservation.
func listeners(r fact.Reservation) string {
	var out []string
	for _, p := range r.Rights {
		if p.Listen && !p.Deny {
			out = append(out, cmp.Or(p.Account, p.SID))
		}
	}
	return strings.Join(out, ", ")
}

// shadows tells whose requests a reservation without a registration turns away:
// "all" for a strong wildcard, "weaker" for a host name, "" for a weak wildcard.
func shadows(url string) string {
	switch host, _, _, _ := catalog.SplitPrefix(url); host {
	case "+":
		return "all"
	case "*", "":
		return ""
	}
	return "weaker"
}

// gone tells whether the process that the system names as a socket's owner has ended.
func (w *who) gone(h *chain.Holder) bool {
	return slices.ContainsFunc(w.x.Set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapOwnerEnded && slices.Contains(h.Sockets, g.About) })
}

func (w *who) ownerGone(h *chain.Holder) {
	if w.gone(h) {
		w.say(RuleOwnerGone, Certain, map[string]string{"pid": strconv.Itoa(w.x.Socket(h.Sockets[0]).PID)}, h.Sockets...)
	}
}
