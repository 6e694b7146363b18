//go:build !linux && !windows && !darwin

package service

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

func managed(context.Context, Query) fact.Set {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "services"}}}
}
