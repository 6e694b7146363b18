// Package kernelsock names the part of the kernel that holds a socket without any
// descriptor: a tunnel, a VPN, a file or block server that lives in the kernel.
package kernelsock

import (
	"context"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Read returns a unit of manager "kernel" for each part that holds one of the
// sockets, with HeldBy links to them. Give it the sockets of the calling thread's
// network namespace for which no process was found; without any it reads nothing.
//
// A unit's name is the part and, where there is one, its own name: "vxlan vxlan0",
// "wireguard wg0", "nfsd". Several devices on one port are one unit, listed in its
// Description. A socket whose holder does not show stays without a link: lockd and
// NFS callbacks on random ports, and tunnels whose device was moved to another
// network namespace.
//
// Linux only. Devices are read over rtnetlink without privilege, WireGuard, L2TP
// and FOU over generic netlink with CAP_NET_ADMIN (else a gap), servers from the
// files of nfsd, configfs and the sysctls. It loads no module and does not block.
func Read(ctx context.Context, sockets []fact.Socket) (fact.Set, error) {
	if err := ctx.Err(); err != nil || len(sockets) == 0 {
		return fact.Set{}, err
	}
	return read(sockets), nil
}

// part is something in the kernel that holds a port.
type part struct {
	kind     string
	name     string // of a device; "" for what is there once
	proto    fact.Proto
	port     uint16
	evidence string
}

// join ties the sockets to the first part that holds their protocol and port.
func join(sockets []fact.Socket, parts []part) fact.Set {
	var set fact.Set
	for _, s := range sockets {
		first, names := holder(s, parts)
		if first == nil {
			continue
		}
		u := unit(*first, names)
		set.Add(fact.Set{
			Units: []fact.Unit{u},
			Links: []fact.Link{{From: s.ID, To: u.ID, Kind: fact.HeldBy, Evidence: first.evidence}},
		})
	}
	return set
}

// holder finds the part that holds s, and the names of all of its kind on the same
// port: they share the socket.
func holder(s fact.Socket, parts []part) (first *part, names []string) {
	for i, p := range parts {
		if p.proto != s.Proto || p.port != s.Local.Port() {
			continue
		}
		if first == nil {
			first = &parts[i]
		}
		if p.kind == first.kind && p.name != "" {
			names = append(names, p.name)
		}
	}
	return first, names
}

func unit(p part, names []string) fact.Unit {
	name := strings.TrimSpace(p.kind + " " + p.name)
	u := fact.Unit{ID: fact.UnitID("kernel", name), Manager: "kernel", Name: name, Type: p.kind, Evidence: p.evidence}
	if len(names) > 1 {
		const most = 32
		u.Description = strings.Join(names[:min(len(names), most)], " ")
	}
	return u
}
