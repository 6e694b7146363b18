// Package reach says from where a socket can be reached, as far as its address
// tells. It is pure.
package reach

import (
	"net/netip"

	"github.com/berthd/berth/internal/fact"
)

// Reach says from where a socket can be reached, as far as its address tells;
// packet filters are never evaluated.
type Reach struct {
	Scope Scope
	// Nets are the networks of the address (or, for a wildcard, of every address
	// of this machine) beyond loopback, where they are known.
	Nets []netip.Prefix
}

// Scope is the widest circle that can reach a socket.
type Scope string

// Circles of reach.
const (
	Machine Scope = "machine" // loopback: programs on this machine only
	Network Scope = "network" // any network this machine is on
	Address Scope = "address" // through one address
	Link    Scope = "link"    // link-local: the same cable
	Netns   Scope = "netns"   // another network namespace
	None    Scope = "none"    // it takes no traffic
)

// Of tells from where s can be reached on machine m.
func Of(s *fact.Socket, m *fact.Machine) Reach {
	a := s.Local.Addr().Unmap().WithZone("")
	switch {
	case !s.State.Serves():
		return Reach{Scope: None}
	case s.Netns != "":
		return Reach{Scope: Netns}
	case a.IsLoopback():
		return Reach{Scope: Machine}
	case a.IsUnspecified():
		return Reach{Scope: Network, Nets: networks(s, m)}
	case a.IsLinkLocalUnicast():
		return Reach{Scope: Link}
	}
	return Reach{Scope: Address, Nets: []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}}
}

func networks(s *fact.Socket, m *fact.Machine) []netip.Prefix {
	only, _ := s.V6Only()
	v4 := s.Local.Addr().Is4() || !only
	v6 := !s.Local.Addr().Is4()
	var out []netip.Prefix
	for _, a := range m.Addrs {
		ip := a.Prefix.Addr()
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.Is4() && !v4 || ip.Is6() && !v6 {
			continue
		}
		out = append(out, a.Prefix.Masked())
	}
	return out
}

// Fit says how closely a socket's address matches addr; 0 is not at all.
func Fit(s *fact.Socket, addr netip.Addr) int {
	local := s.Local.Addr()
	switch only, _ := s.V6Only(); {
	case local.Unmap() == addr:
		return 3
	case !local.IsUnspecified():
		return 0
	case local.Is4() == addr.Is4():
		return 2
	case local.Is6() && addr.Is4() && !only:
		return 1
	}
	return 0
}
