package remedy

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// windows adds the ways out that only Windows has.
func (s *suggester) windows() {
	for _, f := range s.a.Findings {
		switch f.Rule {
		case diagnose.RuleExcluded:
			s.ownRange(f.Args["proto"])
		case diagnose.RulePortProxy:
			s.portproxy(s.x.Redirect(f.About[0]))
		case diagnose.RuleHTTPDisabled:
			s.add(Remedy{Kind: Startup, Target: "HTTP", About: f.About[0], Args: map[string]string{"back": "yes"},
				Command: [][]string{{"sc.exe", "config", "http", "start=", "demand"}}})
		}
	}
	for _, h := range s.a.Holders {
		if h.Owner.Kind == chain.OwnerHTTPSys {
			s.behindHTTP(h)
		}
	}
}

// ownRange keeps the port for oneself while the range that has it is away: Windows
// refuses a bind inside a range, and nothing to the one who excluded the port.
func (s *suggester) ownRange(proto string) {
	port := strconv.Itoa(int(s.a.Endpoint.Port))
	s.add(Remedy{Kind: Exclude, Target: port, Args: map[string]string{"range": "yes"}, Command: [][]string{
		{"net", "stop", "winnat"},
		{"netsh", "int", "ipv4", "add", "excludedportrange", "protocol=" + proto, "startport=" + port, "numberofports=1"},
		{"net", "start", "winnat"},
	}})
}

// portproxy deletes the one entry that takes the port.
func (s *suggester) portproxy(r *fact.Redirect) {
	if r == nil {
		return
	}
	argv := []string{"netsh", "interface", "portproxy", "delete", ProxyTable(r), "listenport=" + strconv.Itoa(int(r.From))}
	if r.Dst.IsValid() && r.Dst.IsSingleIP() {
		argv = append(argv, "listenaddress="+r.Dst.Addr().String())
	} else if host, ok := strings.CutPrefix(r.Comment, "listens on "); ok {
		argv = append(argv, "listenaddress="+host)
	}
	s.add(Remedy{Kind: Move, Target: "portproxy", About: r.ID, Args: map[string]string{"to": r.To}, Command: [][]string{argv}})
}

// ProxyTable is the table of the port proxy that an entry stands in: "v4tov4",
// "v4tov6", "v6tov4" or "v6tov6", by the families of both its ends.
func ProxyTable(r *fact.Redirect) string {
	family := func(six bool) string {
		if six {
			return "v6"
		}
		return "v4"
	}
	to, err := netip.ParseAddrPort(r.To)
	return family(r.Dst.IsValid() && r.Dst.Addr().Is6()) + "to" + family(err == nil && to.Addr().Is6())
}

// behindHTTP: what stands behind the kernel's HTTP listener is stopped by its
// service, where it has one of its own; for a program the catalog says what is moved.
func (s *suggester) behindHTTP(h chain.Holder) {
	for _, reg := range h.Nodes {
		for _, q := range reg.Children {
			if q.Link == fact.InQueue {
				s.behindQueue(q, s.knows(reg.ID))
			}
		}
	}
}

// knows is the entry of the catalog that is sure of a row, nil for none: whether it
// can be moved or stopped, and how, stands there then.
func (s *suggester) knows(id fact.ID) *catalog.Entry {
	for _, f := range s.a.Findings {
		if f.Rule == diagnose.RuleKnown && f.Confidence == diagnose.Certain && f.About[0] == id && f.Args["entry"] != catalog.AnyProgram {
			e, _ := catalog.ByID(f.Args["entry"])
			return e
		}
	}
	return nil
}

// offers tells whether an entry has a remedy of a kind.
func offers(e *catalog.Entry, k Kind) bool {
	return slices.ContainsFunc(e.Remedies, func(r catalog.Remedy) bool { return r.Kind() == k })
}

func (s *suggester) behindQueue(q chain.Node, known *catalog.Entry) {
	for _, n := range q.Children {
		us := s.x.Candidates(n)
		if u := s.x.Unit(n.ID); u != nil {
			us = []*fact.Unit{u}
		}
		if controls := n.Note == "controller" && len(q.Children) > 1; len(us) == 1 && !controls {
			s.service(us[0], known == nil, known == nil || offers(known, Stop))
		}
	}
}

// windowsService: what the catalog offers neither to move nor to stop, such as the
// port proxy's service or remote management, is left alone.
func (s *suggester) windowsService(u *fact.Unit, h chain.Holder) {
	if strings.EqualFold(u.Name, "iphlpsvc") && slices.ContainsFunc(s.a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RulePortProxy }) {
		return // its one entry is what is deleted
	}
	e := s.knows(u.ID)
	for _, n := range h.Nodes {
		e = cmp.Or(e, s.knows(n.ID))
	}
	s.service(u, e == nil || offers(e, Move), e == nil || offers(e, Stop))
}

// service: move it, stop it, or keep it from starting by itself.
func (s *suggester) service(u *fact.Unit, move, stop bool) {
	if u.Manager != "scm" || strings.EqualFold(u.Name, "HTTP") {
		return
	}
	if move {
		s.add(Remedy{Kind: Move, Target: u.Name, About: u.ID})
	}
	if !stop {
		return
	}
	s.add(Remedy{Kind: Stop, Target: u.Name, About: u.ID, Args: s.dependents(u), Command: [][]string{{"sc.exe", "stop", u.Name}}})
	s.manual(u)
}

func (s *suggester) onWindows() bool { return s.x.Set.Machine.OS == "windows" }

// leftAlone tells the processes that nobody is told to end: one of which not even the
// name is known, a host of services, and a forwarder whose other end is the answer.
func (s *suggester) leftAlone(p *fact.Process) bool {
	if p.Name == "" && p.Exe == "" || strings.EqualFold(p.Name, "svchost.exe") {
		return true
	}
	e := s.knows(p.ID)
	return e != nil && e.Kind == catalog.Forwarder && !slices.ContainsFunc(e.Remedies, func(r catalog.Remedy) bool { return r.Target() == "{pid}" })
}

// unixOnly tells a remedy that cannot be done on Windows.
func unixOnly(text string) bool {
	return slices.ContainsFunc([]string{"sudo ", "systemctl", "/etc/"}, func(part string) bool { return strings.Contains(text, part) })
}

// cost takes over what a remedy costs that can only be done in a more general way.
func (s *suggester) cost(r Remedy) {
	for i, have := range s.out {
		if have.Kind == r.Kind && have.Entry == "" {
			s.out[i].Effect = cmp.Or(have.Effect, r.Effect)
			return
		}
	}
}

func (s *suggester) has(id string) bool {
	return slices.ContainsFunc(s.out, func(r Remedy) bool { return r.ID() == id })
}

// manual is the start type under which a service starts only when it is asked for.
func (s *suggester) manual(u *fact.Unit) {
	if u.Windows.StartWord() == "automatic" {
		s.add(Remedy{Kind: Startup, Target: u.Name, About: u.ID, Args: map[string]string{"was": startWord(u)},
			Command: [][]string{{"sc.exe", "config", u.Name, "start=", "demand"}}})
	}
}

// startWord is the start type of one that starts by itself, as sc config takes it.
func startWord(u *fact.Unit) string {
	if u.Windows.Delayed {
		return "delayed-auto"
	}
	return "auto"
}

// dependents names the running services that end with u.
func (s *suggester) dependents(u *fact.Unit) map[string]string {
	var names []string
	for _, d := range diagnose.Dependents(s.x, u) {
		if d.Active == "running" {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return map[string]string{}
	}
	return map[string]string{"dependents": strings.Join(slices.Compact(names), ", ")}
}

// behind is the one service behind a registration, or "".
func (s *suggester) behind(registration fact.ID) string {
	var names []string
	for _, q := range s.x.Links(registration, fact.InQueue) {
		for _, l := range s.x.Links(q.To, fact.ServedBy) {
			us := s.x.Candidates(chain.Node{Children: s.parts(l.To)})
			if u := s.x.Unit(l.To); u != nil {
				return u.Name
			}
			for _, u := range us {
				names = append(names, u.Name)
			}
		}
	}
	if len(names) != 1 {
		return ""
	}
	return names[0]
}

// server is the one process behind a registration, or nil.
func (s *suggester) server(registration fact.ID) *fact.Process {
	var found *fact.Process
	for _, q := range s.x.Links(registration, fact.InQueue) {
		for _, l := range s.x.Links(q.To, fact.ServedBy) {
			p := s.x.Process(l.To)
			if p == nil || found != nil && found != p {
				return nil
			}
			found = p
		}
	}
	return found
}

func (s *suggester) parts(process fact.ID) []chain.Node {
	var out []chain.Node
	for _, l := range s.x.Links(process, fact.PartOf) {
		out = append(out, chain.Node{ID: l.To, Link: l.Kind})
	}
	return out
}
