package wsl

import (
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// outside is what a Linux with this kernel release has to say of a Windows around
// it; mirrored tells that its network is a mirror of Windows'.
func outside(release string, mirrored bool) fact.Set {
	release = strings.ToLower(release)
	if !strings.Contains(release, "microsoft") {
		return fact.Set{}
	}
	var set fact.Set
	g := fact.Gap{Kind: fact.GapOtherSide, Subject: "listeners of the Windows outside", Hint: "netstat.exe -ano"}
	switch {
	case mirrored:
		g.Err = "mirrored network: a port that Windows has, or has set aside, is in use here too, and no process here holds it"
		set.Machine.Settings = []fact.Setting{{Name: "WSL networkingMode", Value: "mirrored", Evidence: "interface loopback0"}}
	case !strings.Contains(release, "wsl2") && !strings.Contains(release, "standard"):
		g.Err = "WSL 1: the sockets here are Windows' own, and /proc/net does not list them"
	}
	set.AddGaps(g)
	return set
}
