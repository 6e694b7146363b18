package freeing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
)

// findStarters looks for those who have started again what had just ended, so that a
// person knows what to stop in its place.
func (s *session) findStarters(ctx context.Context, err error) {
	var m *apply.Missed
	if !errors.As(err, &m) || !m.Again {
		return
	}
	set, err := s.Facts(ctx, snapshot.Query{Ports: []uint16{m.Bind.Port}, Owners: true})
	if err != nil {
		return
	}
	x := chain.NewIndex(&set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: m.Bind.Port, Proto: m.Bind.Proto}})
	for _, h := range a.Holders {
		p := x.Process(h.Owner.ID)
		if p == nil || h.Owner.Kind != chain.OwnerProcess {
			continue
		}
		for _, up := range x.Ancestors(p) {
			by := fmt.Sprintf("%s (PID %d): %s", up.Name, up.PID, strings.Join(fact.RedactArgs(up.Args), " "))
			if up.PID > 1 && !slices.Contains(m.Starters, by) {
				m.Starters = append(m.Starters, by)
			}
			break
		}
	}
}
