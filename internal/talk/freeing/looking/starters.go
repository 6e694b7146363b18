package looking

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

// Starters puts those who have started again what had just ended into the *apply.Missed
// that err is, so that a person knows what to stop in its place. facts reads the machine.
func Starters(ctx context.Context, facts func(context.Context, snapshot.Query) (fact.Set, error), err error) {
	var m *apply.Missed
	if !errors.As(err, &m) || !m.Again {
		return
	}
	set, err := facts(ctx, snapshot.Query{Ports: []uint16{m.Bind.Port}, Owners: true})
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
