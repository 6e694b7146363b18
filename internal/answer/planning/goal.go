package planning

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning/cost"
	"github.com/berthd/berth/internal/answer/planning/draft"
	"github.com/berthd/berth/internal/fact"
)

// finish says what the plan is for, what it costs, and what there was before.
func (m maker) finish() {
	if !m.Aimless && len(m.P.Goal.Binds) == 0 {
		m.P.Goal.Binds = m.Binds(m.A.Endpoint.Port)
	}
	m.startNewcomer()
	m.P.Goal.Settle = cmp.Or(m.W.Settle, draft.DefaultSettle)
	m.P.Was = Listeners(m.X, append([]uint16{m.A.Endpoint.Port}, m.P.Ports...)...)
	m.P.Cost = cost.Of(m.Draft)
}

// Listeners are the serving sockets of the ports and who has them, sorted: what "as
// before" is compared with, and in what words.
func Listeners(x *chain.Index, ports ...uint16) []plan.Listener {
	var socks []*fact.Socket
	for _, port := range ports {
		for _, s := range x.OnPort(port) {
			if s.Netns == "" && s.State.Serves() {
				socks = append(socks, s)
			}
		}
	}
	var out []plan.Listener
	for _, h := range x.Holders(socks) {
		for _, id := range h.Sockets {
			s := x.Socket(id)
			l := plan.Listener{Proto: s.Proto, Addr: s.Local.Addr().String(), Port: s.Local.Port(), Owner: ownerName(x, h)}
			if !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	slices.SortFunc(out, func(a, b plan.Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), strings.Compare(string(a.Proto), string(b.Proto)), strings.Compare(a.Addr, b.Addr), strings.Compare(a.Owner, b.Owner))
	})
	return out
}

// ownerName names an owner in a way that outlives its PID. "" is an unknown one.
func ownerName(x *chain.Index, h chain.Holder) string {
	switch h.Owner.Kind {
	case chain.OwnerContainer:
		if c := x.Container(h.Owner.ID); c != nil {
			return "container:" + cmp.Or(c.Name, c.Full)
		}
	case chain.OwnerUnit:
		if u := x.Unit(h.Owner.ID); u != nil {
			return unitOwner(u)
		}
	case chain.OwnerProcess:
		if p := x.Process(h.Owner.ID); p != nil {
			return "process:" + p.Name
		}
	case chain.OwnerHTTPSys:
		return "http.sys"
	case chain.OwnerKernel:
		return "kernel"
	}
	return ""
}

func unitOwner(u *fact.Unit) string {
	if u.Manager == "scm" {
		return "service:" + u.Name
	}
	return "unit:" + u.Name
}
