//go:build !linux

package kernelsock

import (
	"runtime"

	"github.com/berthd/berth/internal/fact"
)

// read has nothing to look for on Windows, where the kernel is a process like any
// other, with PID 4.
func read([]fact.Socket) fact.Set {
	if runtime.GOOS == "windows" {
		return fact.Set{}
	}
	return fact.Set{Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "kernel sockets"}}}
}
