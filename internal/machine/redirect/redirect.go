// Package redirect reads what carries the traffic of a port elsewhere before,
// or without, any listener: on Linux the NAT and transparent-proxy rules of
// nftables, of the older iptables, and the virtual services of IPVS; on Windows
// the port proxy's tables and the drivers that may interfere.
//
// A bind on such a port works and gets no traffic, so the rules have to be known
// beside the sockets. kube-proxy, klipper, Docker without its userland proxy and
// Podman all come out as rules. Programs that steer packets below these tables
// (eBPF at traffic control or XDP) are not seen.
//
// Rules are followed as the kernel follows them: from the chains hooked into
// prerouting and output, through jumps, with the conditions collected on the way.
// A rule behind one that already took the same traffic is left out. What a
// condition berth does not read would have narrowed down comes out as Partial.
//
// The port proxy is a case of its own: the service iphlpsvc, in a svchost, listens
// for it, so that a socket stands beside each of its rows. [FindPortProxy] reads
// its tables from a paste.
package redirect

import (
	"context"

	"github.com/berthd/berth/internal/fact"
)

// Query narrows what is read. With Ports set, only rules that take at least one
// of these ports are yielded, and chains that cannot lead to one are not fetched.
// The zero Query asks for everything.
type Query struct {
	Ports []uint16
}

// Read returns the redirects of the calling thread's network namespace, in the
// order in which the kernel meets them. A rule that redirects to the port it takes
// (To ":80" for port 80) leaves a listener its traffic. Several rows of one service,
// one for each server, share the traffic.
//
// On Linux it needs CAP_NET_ADMIN over that namespace, and without it the
// answer is a gap of kind GapNoNAT, unless the kernel has no NAT loaded at all.
// IPVS services need no privilege. Sources are NETLINK_NETFILTER, the iptables
// socket options and /proc/net/ip_vs; asking loads no kernel module. It blocks
// only as long as the kernel needs to answer.
//
// On Windows the port proxy's entries come from the registry, and need no
// privilege. The static mappings of WinNAT, behind which Windows containers
// answer without a listener, no documented call lists: they are a gap of kind
// GapNoNAT while that driver runs. Rows of [fact.Filter] are those of package
// filter.
//
// On macOS the rules of pf that are in force are a gap of kind GapNoNAT, which quotes
// the lines of its configuration that redirect a port in question; it was never run
// there. On other OSes the answer is a gap.
func Read(ctx context.Context, q Query) (fact.Set, error) {
	return read(ctx, q)
}
