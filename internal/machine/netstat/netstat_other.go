//go:build !linux && !windows && !darwin

package netstat

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

func read(ctx context.Context, _ Query) (fact.Set, error) {
	gap := fact.Gap{Kind: fact.GapNotThisOS, Subject: "socket table"}
	return fact.Set{Gaps: []fact.Gap{gap}}, ctx.Err()
}
