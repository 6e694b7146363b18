package apply

import (
	"context"

	"github.com/berthd/berth/internal/answer/plan"
)

// Driver reads and sets the state of one kind of subject; internal/change/drive has
// them. Drivers keep nothing: all that undo needs is in the states.
type Driver interface {
	// Read returns what the subject is like now. A thing that is not there is a state
	// ("exists": "no", "state": "gone"), not an error; errors are for what could not
	// be looked at. It changes nothing.
	Read(ctx context.Context, s plan.Subject) (plan.State, error)
	// Set makes the fields of to true, from whatever the subject is like now, and
	// returns when they are, or with the error that stopped it. It may be called
	// again after a crash half-way and must then end in the same place. before is
	// the state that was read when the plan was made: identity (a process's start)
	// must be checked against it right before acting.
	Set(ctx context.Context, s plan.Subject, before, to plan.State) error
}
