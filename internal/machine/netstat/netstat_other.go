//go:build !linux

package netstat

import (
	"context"
	"runtime"

	"github.com/berthd/berth/internal/fact"
)

func read(ctx context.Context, _ Query) (fact.Set, error) {
	gap := fact.Gap{Kind: fact.GapNotThisOS, Subject: "socket table", Err: "no reader for " + runtime.GOOS}
	return fact.Set{Gaps: []fact.Gap{gap}}, ctx.Err()
}
