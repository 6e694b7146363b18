//go:build !linux && !windows && !darwin

package redirect

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

func read(context.Context, Query) (fact.Set, error) {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "redirects"}}}, nil
}
