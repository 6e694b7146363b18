package report

import (
	"strings"

	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// headline is the sentence that answers.
func (n names) headline(a diagnose.Answer) string {
	switch a.Status {
	case diagnose.Held:
		return n.heldLine(a)
	case diagnose.Redirected:
		return n.redirectedLine(a)
	case diagnose.Blocked:
		return n.blockedLine(a)
	case diagnose.Unknown:
		return "Whether port " + itoa(int(a.Endpoint.Port)) + " is held could not be learned."
	}
	return n.freeLine(a)
}

// port names the endpoint with the protocols of one status: "TCP port 80".
func (n names) port(a diagnose.Answer, st diagnose.Status) string {
	var protos []string
	for _, p := range a.Protos {
		if p.Status == st {
			protos = append(protos, strings.ToUpper(string(p.Proto)))
		}
	}
	s := list(protos) + " port " + itoa(int(a.Endpoint.Port))
	if a.Endpoint.Host != "" {
		s += " on " + a.Endpoint.Host
	}
	return strings.TrimSpace(s)
}

func (n names) heldLine(a diagnose.Answer) string {
	s := n.port(a, diagnose.Held) + " is held by "
	var who []string
	for _, h := range a.Holders {
		w := n.holder(h)
		if len(a.Holders) > 1 {
			w += " on " + n.addresses(h)
		}
		who = append(who, w)
	}
	return s + list(who) + "."
}

func (n names) addresses(h diagnose.Holder) string {
	var out []string
	for _, id := range h.Sockets {
		out = append(out, n.socket(n.x.Socket(id)))
	}
	return list(out)
}

// holder is a holder in a few words: the owner and the process behind it.
func (n names) holder(h diagnose.Holder) string {
	switch h.Owner.Kind {
	case diagnose.OwnerUnknown:
		return n.hidden(h)
	case diagnose.OwnerNobody:
		return "nobody"
	case diagnose.OwnerHTTPSys:
		return n.httpSys(h)
	case diagnose.OwnerKernel:
		return n.kernel(h)
	case diagnose.OwnerProcess:
		return n.processWithUser(h)
	}
	return n.row(h.Owner.ID) + n.through(h)
}

// through is the process that holds the socket for a unit or a container.
func (n names) through(h diagnose.Holder) string {
	for _, nd := range h.Nodes {
		p := n.x.Process(nd.ID)
		switch {
		case p == nil:
		case h.Owner.Kind == diagnose.OwnerUnit && p.Name != "":
			return " (" + name(p.Name) + ", PID " + itoa(p.PID) + ")"
		default:
			return ", through " + n.process(p)
		}
	}
	return ""
}

func (n names) processWithUser(h diagnose.Holder) string {
	p := n.x.Process(h.Owner.ID)
	s := n.process(p)
	if p.User != "" {
		s += " of user " + name(p.User)
	}
	return s
}

func (n names) hidden(h diagnose.Holder) string {
	s := n.x.Socket(h.Sockets[0])
	if s.PID != 0 {
		return "PID " + itoa(s.PID)
	}
	if s.Linux != nil && s.Linux.UID != nil {
		if *s.Linux.UID == 0 {
			return "a program of root, hidden from this user"
		}
		return "a program of uid " + itoa(int(*s.Linux.UID)) + ", hidden from this user"
	}
	return "someone unknown"
}

func (n names) kernel(h diagnose.Holder) string {
	if u := n.x.Unit(h.Owner.ID); u != nil {
		return "the kernel itself, for " + name(u.Name)
	}
	if p := n.x.Process(h.Owner.ID); p != nil && n.x.Set.Machine.OS == "windows" {
		return "the Windows kernel (" + n.process(p) + "), most likely its HTTP listener HTTP.sys, for a program still to be named"
	}
	if p := n.x.Process(h.Owner.ID); p != nil {
		return "the kernel itself, as " + n.process(p)
	}
	return "the kernel itself"
}

// httpSys names who stands behind the kernel's HTTP listener: services first,
// processes where no service is known, nothing where the listing is missing.
func (n names) httpSys(h diagnose.Holder) string {
	s := "HTTP.sys, the Windows kernel's HTTP listener (PID 4, System)"
	who, sure := n.behind(h)
	switch {
	case len(who) == 0:
		return s
	case sure:
		return s + ", for " + list(who)
	}
	return s + ", for one of " + list(who)
}

func (n names) behind(h diagnose.Holder) (who []string, sure bool) {
	sure = true
	seen := map[string]bool{}
	for _, reg := range h.Nodes {
		for _, q := range reg.Children {
			sure = sure && q.Link == fact.InQueue
			for _, pn := range q.Children {
				if w := n.behindProcess(pn); !seen[w] {
					seen[w] = true
					who = append(who, w)
				}
			}
		}
	}
	return who, sure
}

func (n names) behindProcess(pn diagnose.Node) string {
	p := n.x.Process(pn.ID)
	var units []string
	for _, c := range pn.Children {
		if u := n.x.Unit(c.ID); u != nil {
			units = append(units, name(u.Name))
		}
	}
	switch {
	case len(units) == 0:
		return n.process(p)
	case len(units) == 1 && p != nil:
		return "service " + units[0] + " (PID " + itoa(p.PID) + ")"
	case p != nil:
		return "one of the services " + list(units) + " (PID " + itoa(p.PID) + ")"
	}
	return "service " + list(units)
}

func (n names) redirectedLine(a diagnose.Answer) string {
	s := "Nothing listens on " + n.port(a, diagnose.Redirected) + ", but its traffic is taken elsewhere"
	for _, f := range a.Findings {
		if f.Rule != diagnose.RuleNATOnly {
			continue
		}
		if r := n.x.Redirect(f.About[0]); r != nil && r.To != "" {
			s += ", to " + name(r.To)
			for _, l := range n.x.Links(r.ID, fact.ForwardsTo) {
				s += ": " + n.row(l.To)
			}
		}
		break
	}
	return s + "."
}

func (n names) blockedLine(a diagnose.Answer) string {
	return "Nothing listens on " + n.port(a, diagnose.Blocked) + ", and yet a plain bind of it may fail: connections hold the port."
}

func (n names) freeLine(a diagnose.Answer) string {
	s := n.port(a, diagnose.Free) + " is free"
	if len(a.Others) > 0 {
		return s + " here; only another network namespace uses the number."
	}
	return s + "."
}
