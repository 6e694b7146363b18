package host

import (
	"net"
	"net/netip"

	"github.com/berthd/berth/internal/fact"
)

// netAddr is an address as package net lists it. Whether duplicate address detection
// has ended it does not tell.
func netAddr(a net.Addr, device string) (fact.Addr, bool) {
	n, ok := a.(*net.IPNet)
	if !ok {
		return fact.Addr{}, false
	}
	ip, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return fact.Addr{}, false
	}
	ip = ip.Unmap()
	ones, bits := n.Mask.Size()
	if bits != ip.BitLen() { // a mask with holes, or of the other family
		ones = ip.BitLen()
	}
	return fact.Addr{Prefix: netip.PrefixFrom(ip, ones), Device: device}, true
}
