package keeping

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/keep/ledger"
)

// Changer changes this machine, each change with its entry in the journal.
type Changer interface {
	// Start starts a unit or a service for the sake of an endpoint, and returns when it
	// runs.
	Start(ctx context.Context, s plan.Subject, e fact.Endpoint) error
	// Free applies a remedy to whoever has an endpoint.
	Free(ctx context.Context, e fact.Endpoint, remedy string) error
}

// Restoring is the [Restorer] that asks c.
func Restoring(c Changer) Restorer {
	return func(ctx context.Context, p ledger.Promise, a guard.Action) error {
		if a.Remedy != "" {
			return c.Free(ctx, freed(p, a), a.Remedy)
		}
		s, err := subject(a.Start, runtime.GOOS)
		if err != nil {
			return err
		}
		return c.Start(ctx, s, freed(p, a))
	}
}

// freed is the endpoint that something is done for. A remedy is for one port, of a
// range the one that is taken.
func freed(p ledger.Promise, a guard.Action) fact.Endpoint {
	e := fact.Endpoint{Port: cmp.Or(a.Port, p.From), Proto: p.Proto}
	if p.Addr.IsValid() {
		e.Host, e.Addrs = p.Addr.String(), []netip.Addr{p.Addr}
	}
	return e
}

// subject is what is started for an owner.
func subject(o ledger.Owner, os string) (plan.Subject, error) {
	switch {
	case o.Kind == ledger.Service && os == "windows":
		return plan.Subject{Kind: plan.Service, Name: o.Name}, nil
	case o.Kind == ledger.Unit && os == "windows":
		return plan.Subject{}, fmt.Errorf("there are no units on Windows: promise the port to service:%s", o.Name)
	case o.Kind == ledger.Unit || o.Kind == ledger.Service:
		name := o.Name
		if !strings.Contains(name, ".") {
			name += ".service"
		}
		return plan.Subject{Kind: plan.Unit, Name: name, Of: map[string]string{"manager": "system"}}, nil
	}
	return plan.Subject{}, fmt.Errorf("%s cannot be started by berth", o)
}
