//go:build !windows

package netsh

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

func read(_ context.Context, s Show) (string, *fact.Gap) {
	return "", &fact.Gap{Kind: fact.GapNotThisOS, Subject: s.String()}
}
