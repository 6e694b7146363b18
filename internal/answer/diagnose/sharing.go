package diagnose

import (
	"net/netip"
	"strconv"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/reach"
	"github.com/berthd/berth/internal/fact"
)

// sharing: several owners on one number, and what localhost makes of it.
func (w *who) sharing() {
	for _, p := range []fact.Proto{fact.TCP, fact.UDP} {
		w.sharedNumber(p)
	}
}

func (w *who) sharedNumber(p fact.Proto) {
	var about []fact.ID
	owners := 0
	for _, h := range w.a.Holders {
		ids := w.serves(h, p)
		if len(ids) > 0 {
			owners++
			about = append(about, ids...)
		}
	}
	if owners < 2 {
		return
	}
	if w.oneAddress(about) {
		w.say(RuleReusePortShared, Certain, map[string]string{"owners": strconv.Itoa(owners)}, about...)
		return
	}
	v4, v6 := w.loopback(p, netip.AddrFrom4([4]byte{127, 0, 0, 1})), w.loopback(p, netip.IPv6Loopback())
	if v4 >= 0 && v6 >= 0 && v4 != v6 {
		w.say(RuleLocalhostSplit, Certain, map[string]string{"proto": string(p)},
			w.serves(w.a.Holders[v4], p)[0], w.serves(w.a.Holders[v6], p)[0])
		return
	}
	w.say(RuleTwoServers, Certain, map[string]string{"owners": strconv.Itoa(owners), "proto": string(p)}, about...)
}

func (w *who) serves(h chain.Holder, p fact.Proto) []fact.ID {
	var ids []fact.ID
	for _, id := range h.Sockets {
		if s := w.x.Socket(id); s.Proto == p && s.State.Serves() {
			ids = append(ids, id)
		}
	}
	return ids
}

func (w *who) oneAddress(ids []fact.ID) bool {
	for _, id := range ids[1:] {
		if w.x.Socket(id).Local != w.x.Socket(ids[0]).Local {
			return false
		}
	}
	return true
}

// loopback is the index of the holder that a connection to addr reaches, or -1:
// an exact address beats a wildcard of the family, that beats a dual-stack one.
func (w *who) loopback(p fact.Proto, addr netip.Addr) int {
	best, at := 0, -1
	for i, h := range w.a.Holders {
		for _, id := range w.serves(h, p) {
			if n := reach.Fit(w.x.Socket(id), addr); n > best {
				best, at = n, i
			}
		}
	}
	return at
}
