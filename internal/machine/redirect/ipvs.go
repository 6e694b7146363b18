package redirect

import (
	"bytes"
	"net/netip"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// maxServices bounds the rows of one listing.
const maxServices = 20_000

// decodeIPVS reads the kernel's own listing of virtual services, with one row for
// each server behind a service. marked counts the services chosen by a firewall
// mark, which name no port.
func decodeIPVS(b []byte, ports []uint16) (rows []fact.Redirect, marked int) {
	var service fact.Redirect
	open, bare := false, false
	flush := func() {
		if open && bare {
			rows = append(rows, service)
		}
	}
	for line := range bytes.Lines(b) {
		words := bytes.Fields(line)
		switch {
		case len(words) >= 2 && string(words[0]) == "->":
			if to, ok := ipvsEnd(words[1]); ok && open {
				bare = false
				rows = append(rows, ipvsServer(service, to))
			}
		case len(words) >= 2:
			flush()
			service, open = ipvsService(words)
			open = open && (len(ports) == 0 || slices.ContainsFunc(ports, func(p uint16) bool { return service.Takes(service.Proto, p) }))
			bare = true
			if string(words[0]) == "FWM" {
				marked++
			}
		}
		if len(rows) >= maxServices {
			return rows, marked
		}
	}
	flush()
	return rows, marked
}

func ipvsService(words [][]byte) (r fact.Redirect, ok bool) {
	switch string(words[0]) {
	case "TCP":
		r.Proto = fact.TCP
	case "UDP":
		r.Proto = fact.UDP
	case "SCTP":
		r.Proto = fact.SCTP
	default:
		return r, false
	}
	end, ok := ipvsEnd(words[1])
	if !ok {
		return r, false
	}
	r.Kind, r.Chain, r.Evidence = "ipvs", "ipvs", "/proc/net/ip_vs"
	r.Dst = netip.PrefixFrom(end.Addr(), end.Addr().BitLen())
	r.From, r.Last = end.Port(), end.Port()
	if end.Port() == 0 {
		r.Last = 65535
	}
	r.ID = fact.ID("redirect:ipvs:" + string(r.Proto) + ":" + end.String())
	return r, true
}

func ipvsServer(service fact.Redirect, to netip.AddrPort) fact.Redirect {
	r := service
	r.To = to.String()
	if to.Port() == 0 {
		r.To = to.Addr().String()
	}
	r.ID += fact.ID(">" + to.String())
	return r
}

// ipvsEnd reads 0A000001:0050 or [2001:0db8:...]:0050.
func ipvsEnd(b []byte) (end netip.AddrPort, ok bool) {
	at := bytes.LastIndexByte(b, ':')
	if at < 0 {
		return end, false
	}
	port, err := strconv.ParseUint(string(b[at+1:]), 16, 16)
	if err != nil {
		return end, false
	}
	addr, ok := ipvsAddr(b[:at])
	return netip.AddrPortFrom(addr, uint16(port)), ok
}

func ipvsAddr(b []byte) (netip.Addr, bool) {
	if len(b) > 2 && b[0] == '[' {
		addr, err := netip.ParseAddr(string(bytes.Trim(b, "[]")))
		return addr, err == nil && addr.Is6()
	}
	n, err := strconv.ParseUint(string(b), 16, 32)
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), err == nil && len(b) == 8
}
