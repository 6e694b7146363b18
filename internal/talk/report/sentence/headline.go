package sentence

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// Headline is the sentence that answers.
func (n Names) Headline(a diagnose.Answer) string {
	switch a.Status {
	case diagnose.Held:
		return n.heldLine(a)
	case diagnose.Redirected:
		return n.redirectedLine(a)
	case diagnose.Blocked:
		return n.blockedLine(a)
	case diagnose.Unknown:
		if s := n.refusedLine(a); s != "" {
			return s
		}
		return "Whether port " + Itoa(int(a.Endpoint.Port)) + " is held could not be learned."
	}
	return n.freeLine(a)
}

// port names the endpoint with the protocols of one status: "TCP port 80".
func (n Names) port(a diagnose.Answer, st diagnose.Status) string {
	var protos []string
	for _, p := range a.Protos {
		if p.Status == st {
			protos = append(protos, strings.ToUpper(string(p.Proto)))
		}
	}
	s := List(protos) + " port " + Itoa(int(a.Endpoint.Port))
	if a.Endpoint.Host != "" {
		s += " on " + a.Endpoint.Host
	}
	return strings.TrimSpace(s)
}

func (n Names) heldLine(a diagnose.Answer) string {
	s := n.port(a, diagnose.Held) + " is held by "
	var who []string
	for _, h := range a.Holders {
		w := n.Holder(h)
		switch h.Owner.Kind {
		case chain.OwnerHTTPSys:
			w = n.product(a, h, w)
		case chain.OwnerKernel:
			w += n.unnamed(a, h)
		}
		if len(a.Holders) > 1 {
			w += " on " + n.Addresses(h)
		}
		who = append(who, w)
	}
	return s + List(who) + "."
}

// unnamed is what is said of the kernel where its HTTP listener is likely meant.
func (n Names) unnamed(a diagnose.Answer, h chain.Holder) string {
	if slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool {
		return f.Rule == diagnose.RuleHTTPSysUnnamed && slices.Contains(f.About, h.Sockets[0])
	}) {
		return ", most likely its HTTP listener HTTP.sys, for a program still to be named"
	}
	return ""
}

// product puts what the one service behind the kernel's HTTP listener is for before
// its name: people know Reporting Services, and not what its service is called.
func (n Names) product(a diagnose.Answer, h chain.Holder, said string) string {
	who, sure := n.Behind(h)
	if len(who) != 1 || !sure || !strings.HasPrefix(who[0], "service ") {
		return said
	}
	var names []string
	for _, f := range a.Findings {
		if f.Rule != diagnose.RuleKnown || f.Confidence != diagnose.Certain || n.X.Registration(f.About[0]) == nil || !chain.Mentions(h.Nodes, f.About[0]) {
			continue
		}
		if e, ok := catalog.ByID(f.Args["entry"]); ok {
			names = append(names, e.Name)
		}
	}
	if len(names) != 1 {
		return said
	}
	return strings.Replace(said, who[0], names[0]+" ("+strings.Replace(strings.TrimSuffix(who[0], ")"), " (PID ", ", PID ", 1)+")", 1)
}

// Addresses are the endpoints that a holder has.
func (n Names) Addresses(h chain.Holder) string {
	var out []string
	for _, id := range h.Sockets {
		if s := n.Socket(n.X.Socket(id)); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return List(out)
}

// Holder is a holder in a few words: the owner and the process behind it.
func (n Names) Holder(h chain.Holder) string {
	switch h.Owner.Kind {
	case chain.OwnerUnknown:
		return n.hidden(h)
	case chain.OwnerNobody:
		return "nobody"
	case chain.OwnerHTTPSys:
		return n.httpSys(h)
	case chain.OwnerKernel:
		return n.kernel(h)
	case chain.OwnerProcess:
		return n.processWithUser(h)
	}
	if k := n.X.Container(h.Owner.ID); k != nil {
		return n.Container(k) + n.through(h)
	}
	return n.Row(h.Owner.ID) + n.through(h)
}

// through is the process that holds the socket for a unit or a container.
func (n Names) through(h chain.Holder) string {
	for _, nd := range h.Nodes {
		p := n.X.Process(nd.ID)
		switch {
		case p == nil:
		case h.Owner.Kind == chain.OwnerUnit && p.Name != "":
			return " (" + Name(p.Name) + ", PID " + Itoa(p.PID) + ")"
		default:
			return ", through " + n.Process(p)
		}
	}
	return ""
}

func (n Names) processWithUser(h chain.Holder) string {
	p := n.X.Process(h.Owner.ID)
	s := n.Process(p)
	for _, nd := range h.Nodes {
		if us := n.X.Candidates(nd); nd.ID == h.Owner.ID && len(us) > 1 {
			return OneOf(us) + " (" + cmp.Or(Name(p.Name), "svchost.exe") + ", PID " + Itoa(p.PID) + ")"
		}
	}
	if p.User != "" {
		s += " of user " + Name(p.User)
	}
	if len(h.Nodes) > 0 && h.Nodes[0].Link == fact.InheritedBy {
		s += ", which only inherited it"
	}
	return s
}

// OneOf names services of which any one may be meant.
func OneOf(us []*fact.Unit) string {
	var names []string
	for _, u := range us {
		names = append(names, Name(u.Name))
	}
	return "one of the services " + List(names)
}

func (n Names) hidden(h chain.Holder) string {
	s := n.X.Socket(h.Sockets[0])
	if s.PID != 0 {
		return "PID " + Itoa(s.PID)
	}
	if s.Linux != nil && s.Linux.UID != nil {
		if *s.Linux.UID == 0 {
			return "a program of root, hidden from this user"
		}
		return "a program of uid " + Itoa(int(*s.Linux.UID)) + ", hidden from this user"
	}
	return "someone unknown"
}

func (n Names) kernel(h chain.Holder) string {
	if u := n.X.Unit(h.Owner.ID); u != nil {
		return "the kernel itself (" + Name(u.Name) + ")"
	}
	if p := n.X.Process(h.Owner.ID); p != nil && n.X.Set.Machine.OS == "windows" {
		return "the Windows kernel (" + cmp.Or(Name(p.Name), "System") + ", PID " + Itoa(p.PID) + ")"
	}
	if p := n.X.Process(h.Owner.ID); p != nil {
		return "the kernel itself, as " + n.Process(p)
	}
	return "the kernel itself"
}

// httpSys names who stands behind the kernel's HTTP listener: services first,
// processes where no service is known, nothing where the listing is missing.
func (n Names) httpSys(h chain.Holder) string {
	s := "HTTP.sys, the Windows kernel's HTTP listener (PID 4, System)"
	who, sure := n.Behind(h)
	switch {
	case len(who) == 0:
		return s + ", for a program still to be named"
	case sure:
		return s + ", for " + List(who)
	}
	return s + ", for one of " + List(who) + ": the listing does not say which"
}

// Behind names who stands behind the kernel's HTTP listener; sure is false where
// the listing leaves several possible.
func (n Names) Behind(h chain.Holder) (who []string, sure bool) {
	sure = true
	seen := map[string]bool{}
	for _, reg := range h.Nodes {
		for _, q := range reg.Children {
			sure = sure && q.Link == fact.InQueue
			for _, w := range n.behindQueue(q) {
				if !seen[w] {
					seen[w] = true
					who = append(who, w)
				}
			}
		}
	}
	return who, sure
}

// behindQueue names who serves one queue: the service that the system itself names,
// else every process of it; one that only manages the queue is none.
func (n Names) behindQueue(q chain.Node) []string {
	var pid string
	var who, tagged []string
	for _, c := range q.Children {
		switch u, p := n.X.Unit(c.ID), n.X.Process(c.ID); {
		case u != nil:
			tagged = append(tagged, "service "+Name(u.Name))
		case c.Note == "controller" && len(q.Children) > 1:
		default:
			who = append(who, n.behindProcess(c))
			if p != nil {
				pid = " (PID " + Itoa(p.PID) + ")"
			}
		}
	}
	if len(tagged) == 1 && len(who) <= 1 {
		return []string{tagged[0] + pid}
	}
	if len(tagged) > 0 {
		return tagged
	}
	return who
}

func (n Names) behindProcess(pn chain.Node) string {
	p, us := n.X.Process(pn.ID), n.X.Candidates(pn)
	switch {
	case p == nil || len(us) == 0:
		return n.Process(p)
	case len(us) == 1:
		return "service " + Name(us[0].Name) + " (PID " + Itoa(p.PID) + ")"
	}
	return OneOf(us) + " (PID " + Itoa(p.PID) + ")"
}

func (n Names) redirectedLine(a diagnose.Answer) string {
	s := "Nothing listens on " + n.port(a, diagnose.Redirected) + ", but its traffic" + n.taken(a) + " is taken elsewhere"
	for _, f := range a.Findings {
		if f.Rule != diagnose.RuleNATOnly {
			continue
		}
		if r := n.X.Redirect(f.About[0]); r != nil && r.To != "" {
			s += ", to " + Name(r.To)
			for _, l := range n.X.Links(r.ID, fact.ForwardsTo) {
				if k := n.X.Container(l.To); k != nil {
					s += ": " + n.Container(k)
				}
			}
		}
		break
	}
	return s + "."
}

// taken says which traffic the first rule takes.
func (n Names) taken(a diagnose.Answer) string {
	for _, f := range a.Findings {
		if f.Rule == diagnose.RuleNATOnly {
			return n.hook(f)
		}
	}
	return ""
}

func (n Names) blockedLine(a diagnose.Answer) string {
	if slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleExcluded }) {
		return "Nothing listens on " + n.port(a, diagnose.Blocked) + ", and yet nobody can have it: Windows keeps the port back."
	}
	return "Nothing listens on " + n.port(a, diagnose.Blocked) + ", and yet a plain bind of it may fail: connections hold the port."
}

// free names the port once and its protocols after it.
func (n Names) free(a diagnose.Answer) string {
	var protos []string
	for _, p := range a.Protos {
		protos = append(protos, strings.ToUpper(string(p.Proto)))
	}
	s := "Port " + Itoa(int(a.Endpoint.Port))
	if a.Endpoint.Host != "" {
		s += " on " + a.Endpoint.Host
	}
	return s + " is free, " + List(protos)
}

func (n Names) freeLine(a diagnose.Answer) string {
	if n.pasted() {
		return "Nobody has " + strings.TrimSpace(n.port(diagnose.Answer{Endpoint: a.Endpoint}, diagnose.Free)) + " in the texts at hand."
	}
	s := n.port(a, diagnose.Free) + " is free"
	if len(a.Protos) > 1 {
		s = n.free(a)
	}
	if len(a.Others) > 0 {
		return s + "; only another network namespace uses the number."
	}
	return s + "."
}
