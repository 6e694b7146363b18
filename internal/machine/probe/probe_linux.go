package probe

import (
	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
)

func notHere(Request) string { return "" }

func protocol(p fact.Proto) int {
	switch p {
	case fact.UDP:
		return unix.IPPROTO_UDP
	case fact.UDPLite:
		return unix.IPPROTO_UDPLITE
	case fact.SCTP:
		return unix.IPPROTO_SCTP
	}
	return unix.IPPROTO_TCP
}

func ownOptions(r Request) []option {
	var list []option
	if r.Freebind {
		// The IPv4 option governs both families.
		list = append(list, flag("IP_FREEBIND", unix.IPPROTO_IP, unix.IP_FREEBIND, true))
	}
	if r.Device != "" {
		list = append(list, option{"SO_BINDTODEVICE", func(fd int) error { return unix.BindToDevice(fd, r.Device) }})
	}
	return list
}
