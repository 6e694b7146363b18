// Package nextport hands out a port that nobody has, wants or may be given by
// accident. It is pure.
package nextport

import "github.com/berthd/berth/internal/fact"

// Next is the port to use in place of from: one that people expect there (8080 for
// 80, 8443 for 443), else the next one that is free. Free is a port that nothing in
// set listens on, is bound to or is connected from, that no rule, container, socket
// unit or URL has, that lies outside the ranges for outgoing connections and outside
// all that is excluded or reserved, that is not promised, and that browsers open.
//
// set must hold every socket of the machine. ok is false where no port is left.
func Next(set *fact.Set, from uint16, proto fact.Proto, promised []uint16) (port uint16, ok bool) {
	b := open(set, proto, promised)
	free := func(p uint16) bool { return p != from && b.why(p) == "" }
	for _, p := range familiar(from) {
		if free(p) {
			return p, true
		}
	}
	for p := max(int(from)+1, 1024); p <= 65535; p++ {
		if free(uint16(p)) {
			return uint16(p), true
		}
	}
	for p := int(from); p >= 1024; p-- {
		if free(uint16(p)) {
			return uint16(p), true
		}
	}
	return 0, false
}

// Why says what stands against a port, "" for nothing: "promised", "listening" (or
// connected), "ephemeral", "excluded", "reserved", "taken" (by a rule, a container, a
// socket unit or a URL), "unsafe" (browsers refuse it).
func Why(set *fact.Set, port uint16, proto fact.Proto, promised []uint16) string {
	return open(set, proto, promised).why(port)
}

// book is what is known against single ports, and against ranges.
type book struct {
	ports  map[uint16]string
	ranges []fact.Range
}

func (b book) why(port uint16) string {
	if w := b.ports[port]; w != "" {
		return w
	}
	for _, r := range b.ranges {
		if r.From <= port && port <= r.To {
			return string(r.Kind)
		}
	}
	if port == 0 || unsafePort(port) {
		return "unsafe"
	}
	return ""
}

func open(set *fact.Set, proto fact.Proto, promised []uint16) book {
	b := book{ports: map[uint16]string{}}
	b.ranged(set, proto)
	b.taken(set, proto)
	for _, s := range set.Sockets {
		if s.Netns == "" && s.Proto == proto {
			b.ports[s.Local.Port()] = "listening"
		}
	}
	for _, p := range promised {
		b.ports[p] = "promised"
	}
	return b
}

// taken are the ports that somebody has without a socket of the asker's machine.
func (b *book) taken(set *fact.Set, proto fact.Proto) {
	for _, r := range set.Redirects {
		if (r.Proto == "" || r.Proto == proto) && r.Last-r.From < 65535 { // one for every port speaks of addresses
			b.ranges = append(b.ranges, fact.Range{Kind: "taken", From: r.From, To: r.Last})
		}
	}
	for _, c := range set.Containers {
		for _, p := range c.Ports {
			b.ports[p.Host.Port()] = "taken"
		}
	}
	for _, u := range set.Units {
		for _, l := range u.Listens {
			b.ports[l.Local.Port()] = "taken"
		}
	}
	for _, r := range set.Registrations {
		b.ports[r.Port] = "taken"
	}
	for _, r := range set.Reservations {
		b.ports[r.Port] = "taken"
	}
}

// ranged are the ranges that keep ports back; where the one for outgoing connections
// is not known, it is the system's usual one.
func (b *book) ranged(set *fact.Set, proto fact.Proto) {
	known := false
	for _, r := range set.Ranges {
		if r.Proto == "" || r.Proto == proto {
			known = known || r.Kind == fact.Ephemeral
			if r.Kind == fact.Ephemeral || r.Kind == fact.Excluded || r.Kind == fact.Reserved {
				b.ranges = append(b.ranges, r)
			}
		}
	}
	if known {
		return
	}
	from := uint16(49152) // IANA's, Windows' and macOS'
	if set.Machine.OS == "linux" || set.Machine.OS == "" {
		from = 32768
	}
	b.ranges = append(b.ranges, fact.Range{Kind: fact.Ephemeral, From: from, To: 65535})
}

// familiar are the ports that people try first in place of another.
func familiar(port uint16) []uint16 {
	switch port {
	case 80:
		return []uint16{8080, 8081, 8000, 8008, 8888, 8088, 8880}
	case 443:
		return []uint16{8443, 9443, 4443, 10443}
	case 8080:
		return []uint16{8081, 8082, 8000, 8888, 9080}
	case 8443:
		return []uint16{9443, 4443, 10443}
	case 22:
		return []uint16{2222, 2022, 2200}
	case 21:
		return []uint16{2121}
	case 25:
		return []uint16{2525, 1025}
	case 53:
		return []uint16{5300, 1053, 5301}
	case 3389:
		return []uint16{3390, 3391}
	}
	if port < 1024 {
		return []uint16{8000 + port, 10000 + port}
	}
	if port < 5535 {
		return []uint16{port + 1, port + 2, port + 10000}
	}
	return nil
}

// unsafePort tells the ports above 1023 that browsers open no connection to, as the
// Fetch standard lists them.
func unsafePort(p uint16) bool {
	switch p {
	case 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080:
		return true
	}
	return false
}
