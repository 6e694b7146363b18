//go:build !darwin

package launchd

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

func read(ctx context.Context, _ Query) (fact.Set, error) {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "services"}}}, ctx.Err()
}
