package diagnose

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/forward"
	"github.com/berthd/berth/internal/fact"
)

// forwards: the holder keeps the port for something that stands elsewhere. A
// container engine's forwarder without a container is a leak.
func (w *who) forwards(n chain.Node, p *fact.Process) {
	f, ok := w.forwardOf(p)
	for _, c := range n.Children {
		if c.Link == fact.ForwardsTo {
			w.forwardsTo(c.ID, cmp.Or(f.Kind, p.Name), p.ID)
			return
		}
	}
	if !ok || runs(f) {
		return
	}
	if sure := w.stale(); f.Kind == "docker" && sure != "" {
		w.say(RuleStaleForwarder, sure, map[string]string{"to": f.To}, p.ID)
		return
	}
	w.say(RuleForwarder, Likely, map[string]string{"kind": f.Kind, "to": place(f)}, p.ID)
}

// forwardsTo says once what stands behind: engines have a forwarder for each address.
func (w *who) forwardsTo(to fact.ID, kind string, by fact.ID) {
	for _, f := range w.a.Findings {
		if f.Rule == RuleForwarder && len(f.About) > 1 && f.About[1] == to {
			return
		}
	}
	w.say(RuleForwarder, Certain, map[string]string{"kind": kind}, by, to)
}

// runs: a socat that starts a program for each connection is the server itself.
func runs(f forward.Forward) bool {
	kind, _, _ := strings.Cut(f.To, ":")
	return f.Kind == "socat" && (kind == "EXEC" || kind == "SYSTEM" || kind == "SHELL")
}

// forwardOf reads the forward of the asked port from a command line.
func (w *who) forwardOf(p *fact.Process) (forward.Forward, bool) {
	for _, pr := range w.q.Endpoint.Protos(fact.TCP, fact.UDP) {
		if f, ok := forward.For(*p, pr, w.q.Endpoint.Port); ok {
			return f.Named(w.x.Set.Machine.Windows), true
		}
	}
	return forward.Forward{}, false
}

// stale tells how sure it is that a forwarder without a container is a leak:
// certain where the engine has answered, likely where there is no engine, and not
// at all ("") where it could not be asked.
func (w *who) stale() Confidence {
	for _, e := range w.x.Set.Engines {
		if e.Name != "docker" {
			continue
		}
		switch e.State {
		case "answered":
			return Certain
		case "absent":
			return Likely
		}
	}
	return ""
}

// place says where a forward leads, as far as the command line tells.
func place(f forward.Forward) string {
	parts := []string{f.To}
	if f.To == "" {
		parts = nil
	}
	if f.Host != "" {
		parts = append(parts, "at "+f.Host)
	}
	if f.Via != "" {
		parts = append(parts, "via "+f.Via)
	}
	return strings.Join(parts, " ")
}
