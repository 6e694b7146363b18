//go:build !linux && !windows && !darwin

package host

import (
	"os"
	"runtime"

	"github.com/berthd/berth/internal/fact"
)

func read() fact.Set {
	m := fact.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Asker: &fact.Asker{PID: os.Getpid()}}
	m.Host, _ = os.Hostname() // a machine without a name stays without one
	if uid := os.Getuid(); uid >= 0 {
		m.Asker.UID = uint32(uid)
	}
	m.Asker.Elevate = "sudo"
	return fact.Set{Machine: m, Gaps: []fact.Gap{{Kind: fact.GapNotThisOS, Subject: "addresses and network settings"}}}
}
