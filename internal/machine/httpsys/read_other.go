//go:build !windows

package httpsys

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

func read(context.Context, Query) (fact.Set, error) {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "HTTP.sys"}}}, nil
}
