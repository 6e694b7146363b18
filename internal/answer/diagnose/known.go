package diagnose

import (
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/subject"
	"github.com/berthd/berth/internal/fact"
)

// known asks the catalog about each holder and says the most specific entry
// once. A match on numbers alone is a guess, and said to be one.
func (w *who) known(h *chain.Holder) {
	for _, id := range h.Sockets {
		for _, s := range subject.Of(w.x, w.x.Socket(id), h) {
			found := catalog.Match(s.Subject)
			if len(found) == 0 || found[0].Kind == catalog.Holder && len(w.x.Links(s.Row, fact.ForwardsTo)) > 0 {
				continue // what the program is for says nothing of a port it keeps for another
			}
			sure := Certain
			if s.Nameless() {
				sure = Possible
			}
			w.know(found[0].ID, sure, s.Row)
			if w.x.Registration(s.Row) == nil {
				break // every URL has a program of its own, a socket one
			}
		}
	}
}

func (w *who) know(entry string, sure Confidence, about fact.ID) {
	for _, f := range w.a.Findings {
		if f.Rule == RuleKnown && f.Args["entry"] == entry {
			return
		}
	}
	w.say(RuleKnown, sure, map[string]string{"entry": entry}, about)
}
