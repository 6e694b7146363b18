package piece

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// Spelling is how a configuration writes an endpoint: "80", ":80", "*:80",
// "host:80", "[::1]:80".
type Spelling struct {
	Addr   string // without brackets; "" for every address, "*" too
	Port   uint16 // 0 where there is none
	PortAt int    // where its digits begin; the length of the text where there is none
}

// Spell reads an endpoint. It is not ok when the part behind the last colon is no
// number from 1 to 65535; a lone number is a port, any other text without a colon an
// address. A bare IPv6 address has no port, unless it is followed by one as in
// ":::80", which is :: and 80.
func Spell(s string) (Spelling, bool) {
	if p, ok := Port(s); ok {
		return Spelling{Port: p}, true
	}
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && !strings.HasPrefix(s, ":::") {
		return Spelling{Addr: strings.Trim(s, "[]"), PortAt: len(s)}, true
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return Spelling{Addr: everywhere(s), PortAt: len(s)}, s != "" && !strings.ContainsAny(s, "/$ ")
	}
	host := strings.TrimSuffix(strings.TrimPrefix(s[:i], "["), "]")
	p, ok := Port(s[i+1:])
	return Spelling{Addr: everywhere(host), Port: p, PortAt: i + 1}, ok
}

func everywhere(host string) string {
	if host == "*" {
		return ""
	}
	return host
}

// Port reads a port in digits.
func Port(s string) (uint16, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}

// Host is an address as it stands before a colon and a port: IPv6 in brackets.
func Host(addr string) string {
	if strings.Contains(addr, ":") {
		return "[" + addr + "]"
	}
	return addr
}

// Respell is the edit that takes an endpoint, whose text stands at offset at of a
// file, to another: the digits of the port alone where the address stays. It needs a
// text that Spell reads and that has a port.
func Respell(file string, at int, text string, to confedit.Endpoint) (confedit.Edit, bool) {
	s, ok := Spell(text)
	if !ok || s.Port == 0 {
		return confedit.Edit{}, false
	}
	if to.Addr == "" || to.Addr == s.Addr {
		return confedit.Edit{File: file, From: at + s.PortAt, To: at + len(text), Text: Digits(to.Port)}, true
	}
	return confedit.Edit{File: file, From: at, To: at + len(text), Text: Host(to.Addr) + ":" + Digits(to.Port)}, true
}

// ErrSeveral is for a move of several addresses to one, which nothing could bind
// twice.
var ErrSeveral = errors.New("several addresses would become one; name the one that is to move")

// Collide refuses to move places of different addresses to one address.
func Collide(places []confedit.Place, to confedit.Endpoint) error {
	for _, p := range places {
		if to.Addr != "" && p.Addr != places[0].Addr {
			return ErrSeveral
		}
	}
	return nil
}

// Digits is a port in digits.
func Digits(port uint16) string { return strconv.Itoa(int(port)) }
