package fact

import (
	"cmp"
	"slices"
)

// CompareSockets is the order in which sockets are told: TCP before the rest,
// listeners before bound sockets, IPv4 before IPv6, wildcards before addresses.
func CompareSockets(a, b *Socket) int {
	return cmp.Or(
		cmp.Compare(protoOrder(a.Proto), protoOrder(b.Proto)),
		cmp.Compare(stateOrder(a.State), stateOrder(b.State)),
		a.Local.Addr().Compare(b.Local.Addr()),
		cmp.Compare(a.Inode(), b.Inode()),
		cmp.Compare(a.PID, b.PID),
	)
}

func protoOrder(p Proto) int {
	return slices.Index([]Proto{TCP, UDP, SCTP, UDPLite, Raw}, p)
}

func stateOrder(s State) int {
	switch s {
	case Listen, Unconnected:
		return 0
	case Bound:
		return 1
	case TimeWait:
		return 3
	}
	return 2
}
