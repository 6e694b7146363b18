package diagnose

import (
	"net/netip"

	"github.com/berthd/berth/internal/fact"
)

// Reach says from where a socket can be reached, as far as its address tells;
// packet filters are never evaluated.
type Reach struct {
	Scope ReachScope
	// Nets are the networks of the address (or, for a wildcard, of every address
	// of this machine) beyond loopback, where they are known.
	Nets []netip.Prefix
}

// ReachScope is the widest circle that can reach a socket.
type ReachScope string

// Circles of reach.
const (
	ReachMachine ReachScope = "machine" // loopback: programs on this machine only
	ReachNetwork ReachScope = "network" // any network this machine is on
	ReachAddress ReachScope = "address" // through one address
	ReachLink    ReachScope = "link"    // link-local: the same cable
	ReachNetns   ReachScope = "netns"   // another network namespace
	ReachNone    ReachScope = "none"    // it takes no traffic
)

// ReachOf tells from where s can be reached on machine m.
func ReachOf(s *fact.Socket, m *fact.Machine) Reach {
	a := s.Local.Addr().Unmap().WithZone("")
	switch {
	case !s.State.Serves():
		return Reach{Scope: ReachNone}
	case s.Netns != "":
		return Reach{Scope: ReachNetns}
	case a.IsLoopback():
		return Reach{Scope: ReachMachine}
	case a.IsUnspecified():
		return Reach{Scope: ReachNetwork, Nets: networks(s, m)}
	case a.IsLinkLocalUnicast():
		return Reach{Scope: ReachLink}
	}
	return Reach{Scope: ReachAddress, Nets: []netip.Prefix{netip.PrefixFrom(a, a.BitLen())}}
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
