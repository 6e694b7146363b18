package diagnose

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
)

// redirected: rules that take the traffic before, or without, a listener.
func (w *who) redirected() {
	for _, p := range w.a.Protos {
		var about []fact.ID
		partial := true
		for _, r := range w.redirects {
			if (r.Proto == p.Proto || r.Proto == "") && r.Kind != "portproxy" {
				about = append(about, r.ID)
				partial = partial && r.Partial
			}
		}
		if len(about) == 0 || w.ownForward(about) {
			continue
		}
		rule, sure := RuleNATShadow, Certain
		if p.Status != Held {
			rule = RuleNATOnly
		}
		if partial {
			sure = Likely
		}
		w.say(rule, sure, map[string]string{"proto": string(p.Proto)}, about...)
	}
}

// ownForward: the redirects lead to the very container that a holder's forwarder
// serves. That is how a published port works, no shadow.
func (w *who) ownForward(redirects []fact.ID) bool {
	for _, id := range redirects {
		to := w.x.Links(id, fact.ForwardsTo)
		if len(to) == 0 || !slices.ContainsFunc(w.a.Holders, func(h chain.Holder) bool { return h.Owner.ID == to[0].To }) {
			return false
		}
	}
	return true
}

// blocked: sockets that hold the port without serving it.
func (w *who) blocked() {
	if len(w.serving) > 0 {
		return
	}
	var wait, left, out []fact.ID
	for _, s := range w.waiting {
		switch {
		case s.State == fact.TimeWait:
			wait = append(wait, s.ID)
		case w.outgoing(s):
			out = append(out, s.ID)
		default:
			left = append(left, s.ID)
		}
	}
	if len(wait) > 0 {
		w.say(RuleTimeWait, Certain, map[string]string{"count": strconv.Itoa(len(wait)), "ms": strconv.Itoa(w.longest(wait))}, wait...)
	}
	if len(left) > 0 {
		w.say(RuleLeftover, Certain, map[string]string{"count": strconv.Itoa(len(left))}, left...)
	}
	if len(out) > 0 {
		w.say(RuleOutgoing, Likely, nil, out...)
	}
}

func (w *who) longest(ids []fact.ID) int {
	most := 0
	for _, id := range ids {
		if l := w.x.Socket(id).Linux; l != nil {
			most = max(most, int(l.ExpiresMS))
		}
	}
	return most
}

// outgoing: the port lies where the system takes ports for outgoing connections,
// and the far end's does not.
func (w *who) outgoing(s *fact.Socket) bool {
	switch s.State {
	case fact.Established, fact.SynSent, fact.CloseWait, fact.Unconnected:
	default:
		return false
	}
	if !s.Remote.IsValid() || s.Remote.Port() == 0 {
		return false
	}
	ranges := 0
	for _, r := range w.x.Set.Ranges {
		if r.Kind != fact.Ephemeral {
			continue
		}
		ranges++
		if r.Holds(s.Proto, s.Local.Port()) && !r.Holds(s.Proto, s.Remote.Port()) {
			return true
		}
	}
	return ranges == 0 && s.Local.Port() >= 32768 && s.Remote.Port() < 32768 || s.State == fact.SynSent
}

// newcomers: units that failed because of this port, and what that says.
func (w *who) newcomers() {
	for i := range w.x.Set.Units {
		u := &w.x.Set.Units[i]
		r, ok := w.refused(u)
		if !ok {
			continue
		}
		if r.errno != inUse {
			w.otherwise(u, r)
			continue
		}
		args := map[string]string{"line": r.line.Text}
		if h := w.orphanMaster(u); h != "" {
			w.say(RuleOrphanMaster, Likely, args, h, u.ID)
			continue
		}
		if w.heldBy(u) {
			continue
		}
		if len(w.serving) == 0 && !w.anyElse() {
			w.say(RuleConfigTwice, Likely, args, u.ID)
			continue
		}
		about := []fact.ID{u.ID}
		for _, h := range w.a.Holders {
			about = append(about, h.Owner.ID)
		}
		w.say(RuleNewcomerFailed, Certain, args, about...)
	}
}

// anyElse: something other than a listener explains the refusal.
func (w *who) anyElse() bool { return len(w.waiting) > 0 || len(w.redirects) > 0 }

func (w *who) heldBy(u *fact.Unit) bool {
	return slices.ContainsFunc(w.a.Holders, func(h chain.Holder) bool { return h.Owner.ID == u.ID })
}

// orphanMaster: a holder outside the failed unit runs the program that the unit
// would start.
func (w *who) orphanMaster(u *fact.Unit) fact.ID {
	for _, h := range w.a.Holders {
		for _, n := range h.Nodes {
			p := w.x.Process(n.ID)
			if p == nil || h.Owner.ID == u.ID || w.inUnit(p) {
				continue
			}
			if startsProgram(u, p) {
				return p.ID
			}
		}
	}
	return ""
}

// startsProgram tells whether a unit would start what p runs: by its ExecStart, or,
// where that is a script around the program (apachectl), by the unit's name.
func startsProgram(u *fact.Unit, p *fact.Process) bool {
	exe, _, _ := strings.Cut(u.ExecStart, " ")
	if exe != "" && (p.Exe == exe || p.Exe == "/usr"+exe || "/usr"+p.Exe == exe) {
		return true
	}
	return p.Name != "" && strings.TrimSuffix(u.Name, ".service") == p.Name
}

// books: what an engine has written down for the port, where no socket says so.
func (w *who) books() {
	for i := range w.x.Set.Containers {
		c := &w.x.Set.Containers[i]
		for _, b := range c.Ports {
			if b.Host.Port() != w.q.Endpoint.Port || !w.asked(b.Proto) || w.holds(c.ID) {
				continue
			}
			w.once(RuleAllocated, Certain, map[string]string{"state": c.State}, c.ID)
		}
	}
}

func (w *who) holds(id fact.ID) bool {
	return slices.ContainsFunc(w.a.Holders, func(h chain.Holder) bool { return h.Owner.ID == id || chain.Mentions(h.Nodes, id) })
}
