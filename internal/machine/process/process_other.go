//go:build !linux && !windows && !darwin

package process

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Holders answers with a gap: there is no reader for this OS.
func Holders(context.Context, Query) (fact.Set, error) { return notHere("holders of sockets"), nil }

// Describe answers with a gap: there is no reader for this OS.
func Describe(context.Context, ...int) (fact.Set, error) { return notHere("processes"), nil }

func notHere(subject string) fact.Set {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: subject}}}
}
