package probe

import (
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

func notHere(r Request) string {
	switch {
	case r.Freebind:
		return "not on this system: freebind"
	case r.Device != "":
		return "not on this system: binding to a device"
	case r.Proto != fact.TCP && r.Proto != fact.UDP:
		return "not on this system: " + string(r.Proto)
	}
	return ""
}

func protocol(p fact.Proto) int {
	if p == fact.UDP {
		return unix.IPPROTO_UDP
	}
	return unix.IPPROTO_TCP
}

func ownOptions(Request) []option { return nil }
