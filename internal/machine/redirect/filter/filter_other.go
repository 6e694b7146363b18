//go:build !windows

package filter

import "github.com/berthd/berth/internal/fact"

func read() fact.Set {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "filter drivers"}}}
}
