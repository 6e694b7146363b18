package nginx

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// endpoint is what the first argument of listen says. The offsets are in its value.
type endpoint struct {
	addr        string // "" for every address
	port, last  uint16 // last: of a range, else port
	bare        bool   // no port is written
	addrTo      int    // behind the address; 0 where there is none
	from, until int    // the digits of the port or the range
}

// parseEndpoint reads PORT, ADDR, ADDR:PORT, [ADDR], [ADDR]:PORT, with ranges.
func parseEndpoint(s string) (endpoint, bool) {
	var e endpoint
	if first, last, ok := ports(s); ok {
		return endpoint{port: first, last: last, until: len(s)}, true
	}
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return e, false
		}
		addr, err := netip.ParseAddr(s[1:end])
		if err != nil || !addr.Is6() {
			return e, false
		}
		e.addr, e.addrTo = addr.String(), end+1
	} else {
		e.addrTo = len(s)
		if i := strings.IndexByte(s, ':'); i >= 0 {
			e.addrTo = i
		}
		e.addr = strings.ToLower(s[:e.addrTo])
		if e.addr == "" || e.addr != "*" && strings.Trim(e.addr, hostBytes+".-") != "" {
			return e, false
		}
		if e.addr == "*" {
			e.addr = ""
		}
	}
	e.from, e.until = e.addrTo, len(s)
	if e.addrTo == len(s) {
		e.bare = true
		return e, true
	}
	e.from++
	var ok bool
	e.port, e.last, ok = ports(s[e.from:])
	return e, ok && s[e.addrTo] == ':'
}

// ports reads PORT or FIRST-LAST.
func ports(s string) (first, last uint16, ok bool) {
	a, b, isRange := strings.Cut(s, "-")
	if !isRange {
		b = a
	}
	first, ok1 := port(a)
	last, ok2 := port(b)
	return first, last, ok1 && ok2 && first <= last
}

func port(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}

// has returns the value of a parameter of listen: NAME or NAME=VALUE.
func (d *directive) has(name string) (string, bool) {
	for _, w := range d.words[min(2, len(d.words)):] {
		k, v, _ := strings.Cut(w.value, "=")
		if k == name {
			return v, true
		}
	}
	return "", false
}

func (r *reader) listen(doc *Doc, d *directive, s scope) {
	s.server.listens = true
	if len(d.words) < 2 || strings.HasPrefix(d.arg(1), "unix:") {
		return
	}
	for _, p := range []string{"quic", "udp"} {
		if _, ok := d.has(p); ok {
			r.note(doc, d, fmt.Sprintf("listen %s %s is UDP", short(d.arg(1)), p))
			return
		}
	}
	e, ok := parseEndpoint(d.arg(1))
	if ok && e.bare && s.module != "http" {
		ok = false
	}
	if !ok {
		r.note(doc, d, fmt.Sprintf("listen %s: the port cannot be read", short(d.arg(1))))
		return
	}
	if e.bare {
		e.port, e.last = 80, 80
	}
	if _, err := netip.ParseAddr(e.addr); err != nil && e.addr != "" {
		r.note(doc, d, short(e.addr)+" is a name, and may be several addresses")
	}
	if e.last-e.port >= maxRange {
		r.note(doc, d, fmt.Sprintf("listen %s: a range of %d ports", short(d.arg(1)), int(e.last-e.port)+1))
		return
	}
	w := d.words[1]
	p := confedit.Place{File: doc.Name, Line: doc.line(d.from), From: w.from, To: w.to, Role: confedit.Listens, Addr: e.addr, Implied: e.bare}
	if e.bare {
		p.From = p.To
	}
	for n := int(e.port); n <= int(e.last); n++ {
		p.Port = uint16(n)
		r.listens = append(r.listens, listen{doc, d, s.module, s.server.id, p})
	}
}
