// Package portrange tells which ports are set aside: for outgoing connections,
// for programs with privilege, by the administrator, by a security policy.
//
// On Linux it reads the settings of the asker's network namespace. Elsewhere
// there is no reader yet, only a gap.
package portrange

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Read returns the ranges of the network namespace that the calling thread is
// in. It needs no privilege and does not block. A setting that could not be read
// is a gap; the error is for a context that ended.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read("/"), nil
}
