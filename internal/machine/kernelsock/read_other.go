//go:build !linux

package kernelsock

import "github.com/berthd/berth/internal/fact"

func read([]fact.Socket) fact.Set {
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "kernel sockets"}}}
}
