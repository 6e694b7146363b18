//go:build !linux

package unit

import (
	"context"
	"fmt"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
)

func (d Driver) read(context.Context, plan.Subject) (plan.State, error) { return nil, ErrNoSystemd }

func (d Driver) set(context.Context, plan.Subject, plan.State, plan.State) error {
	return ErrNoSystemd
}

// Later needs Linux.
func (d Driver) Later(_ context.Context, name string, _ time.Duration, _ []string, _ string) error {
	return fmt.Errorf("timer %s: %w", name, ErrNoSystemd)
}

// CancelLater needs Linux.
func (d Driver) CancelLater(_ context.Context, name string) error {
	return fmt.Errorf("timer %s: %w", name, ErrNoSystemd)
}
