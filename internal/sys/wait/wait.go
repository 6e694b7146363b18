// Package wait waits for a while, unless something ends that.
package wait

import (
	"context"
	"time"
)

// For blocks for d, or until ctx ends: then the error is ctx's. None of d is no time,
// and asks ctx alone.
func For(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
