package paste

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// end is one end of a connection as a tool printed it.
type end struct {
	at     netip.AddrPort // Addr is invalid where the tool printed a name
	device string         // behind a percent sign, where it is no IPv6 zone
	any    bool           // no port: the other end of a listener
}

// cutEnd splits "host<sep>port" at the last separator.
func cutEnd(s string, sep byte) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 || i == len(s)-1 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// end reads one end. wild is what "*" means in its place.
func (r Reader) end(s string, sep byte, proto fact.Proto, wild netip.Addr) (end, bool) {
	host, port, ok := cutEnd(s, sep)
	if !ok || len(s) > 256 {
		return end{}, false
	}
	number, anyPort, ok := r.port(port, proto)
	if !ok {
		return end{}, false
	}
	addr, device, ok := hostAddr(host, wild)
	if !ok && !hostName(host) {
		return end{}, false
	}
	return end{at: netip.AddrPortFrom(addr, number), device: device, any: anyPort || number == 0}, true
}

func (r Reader) port(s string, proto fact.Proto) (number uint16, anyPort, ok bool) {
	if s == "*" {
		return 0, true, true
	}
	if n, err := strconv.ParseUint(s, 10, 16); err == nil {
		return uint16(n), false, true
	}
	if r.PortNumber == nil || len(s) > 32 {
		return 0, false, false
	}
	number, ok = r.PortNumber(proto, s)
	return number, false, ok
}

// hostAddr reads an address with or without brackets, with or without a zone or device.
func hostAddr(host string, wild netip.Addr) (addr netip.Addr, device string, ok bool) {
	host, device, _ = strings.Cut(host, "%")
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	device = strings.TrimSuffix(device, "]")
	switch host {
	case "*":
		return wild, device, true
	case "localhost":
		if wild.Is6() {
			return netip.IPv6Loopback(), device, true
		}
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), device, true
	case "ip6-localhost":
		return netip.IPv6Loopback(), device, true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, device, false
	}
	if addr.IsLinkLocalUnicast() && addr.Is6() && device != "" {
		return addr.WithZone(device), "", true
	}
	return addr, device, true
}

// hostName tells whether s may be a host's name.
func hostName(s string) bool {
	for _, r := range s {
		if r == '-' || r == '.' || r == '_' || '0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z' {
			continue
		}
		return false
	}
	return s != ""
}

func decimal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// pid reads a process ID; 0 is one here: Windows prints it for sockets that
// nobody owns any more.
func pid(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

// protocol reads "TCP", "tcp6", "UDPv6"; wild is what "*" means beside it.
func protocol(s string) (p fact.Proto, wild netip.Addr, ok bool) {
	s = strings.ToLower(s)
	base, six := strings.CutSuffix(s, "6")
	base = strings.TrimSuffix(strings.TrimSuffix(base, "4"), "v")
	wild = netip.IPv4Unspecified()
	if six {
		wild = netip.IPv6Unspecified()
	}
	switch base {
	case "tcp":
		return fact.TCP, wild, true
	case "udp":
		return fact.UDP, wild, true
	}
	return "", wild, false
}
