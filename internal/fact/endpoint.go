package fact

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Endpoint is what a person asks about: a port, perhaps one address, perhaps
// one protocol. Its text form is [ADDR:]PORT[/PROTO].
type Endpoint struct {
	Port  uint16 `json:"port"`
	Proto Proto  `json:"proto,omitempty"` // "" = not said
	// Addrs is empty for any address. localhost gives two: 127.0.0.1 and ::1.
	Addrs []netip.Addr `json:"addrs,omitempty"`
	Host  string       `json:"host,omitempty"` // the address part as it was written, "" or "localhost" or an IP
}

// String writes e as it is typed.
func (e Endpoint) String() string {
	s := strconv.Itoa(int(e.Port))
	switch {
	case e.Host == "":
	case strings.Contains(e.Host, ":"):
		s = "[" + e.Host + "]:" + s
	default:
		s = e.Host + ":" + s
	}
	if e.Proto != "" {
		s += "/" + string(e.Proto)
	}
	return s
}

// Protos is the protocols e asks about: its own, or def where it names none.
func (e Endpoint) Protos(def ...Proto) []Proto {
	if e.Proto != "" {
		return []Proto{e.Proto}
	}
	return def
}

// Concerns tells whether s can matter to e: it has e's port, and e names no
// address or one that s has too. A wildcard has the addresses of its family; [::]
// has IPv4's as well, unless it is known to be IPv6 only.
func (e Endpoint) Concerns(s Socket) bool {
	if s.Local.Port() != e.Port {
		return false
	}
	only, _ := s.V6Only()
	for _, a := range e.Addrs {
		if has(s.Local.Addr(), only, a) || has(a, false, s.Local.Addr()) {
			return true
		}
	}
	return len(e.Addrs) == 0
}

// has tells whether a socket at local takes what is sent to a.
func has(local netip.Addr, v6only bool, a netip.Addr) bool {
	local, a = local.Unmap().WithZone(""), a.Unmap().WithZone("")
	switch {
	case !local.IsUnspecified():
		return local == a
	case local.Is4():
		return a.Is4()
	}
	return a.Is6() || !v6only
}

// EndpointError says what is wrong with the text of an endpoint.
type EndpointError struct {
	Text   string // the whole text
	Word   string // the part that is wrong
	Reason EndpointFault
}

// EndpointFault names one way an endpoint's text can be wrong.
type EndpointFault string

// Ways an endpoint's text can be wrong.
const (
	FaultEmpty    EndpointFault = "empty"
	FaultNoPort   EndpointFault = "no-port"
	FaultZero     EndpointFault = "zero"
	FaultRange    EndpointFault = "out-of-range"
	FaultName     EndpointFault = "name-for-port" // Word may be a service name
	FaultProto    EndpointFault = "unknown-protocol"
	FaultHostName EndpointFault = "host-name"
	FaultBrackets EndpointFault = "brackets" // an IPv6 address without brackets
	FaultSpan     EndpointFault = "span"     // 80-90
	FaultURL      EndpointFault = "url"
)

// Error says it in one line, without a hint.
func (e *EndpointError) Error() string {
	switch e.Reason {
	case FaultEmpty:
		return "an endpoint is needed, and this one is empty"
	case FaultNoPort:
		return fmt.Sprintf("%q has no port", e.Text)
	case FaultZero:
		return "port 0 is no port: it asks the system to choose one"
	case FaultRange:
		return fmt.Sprintf("%s is no port: ports end at 65535", e.Word)
	case FaultName:
		return fmt.Sprintf("%q is not a port number", e.Word)
	case FaultProto:
		return fmt.Sprintf("%q is not a protocol berth knows", e.Word)
	case FaultHostName:
		return fmt.Sprintf("%q is a name, and berth looks no names up", e.Word)
	case FaultBrackets:
		return fmt.Sprintf("%q: an IPv6 address needs brackets before a port", e.Text)
	case FaultSpan:
		return fmt.Sprintf("%q is a range of ports; one port is asked here", e.Word)
	case FaultURL:
		return fmt.Sprintf("%q is a URL; an endpoint is asked here", e.Text)
	}
	return fmt.Sprintf("%q is no endpoint", e.Text)
}

// ParseEndpoint reads [ADDR:]PORT[/PROTO]. ADDR is an IPv4 address, an IPv6
// address in brackets, "localhost", or "*" or nothing for any. It looks no name
// up. The error is always an [*EndpointError].
func ParseEndpoint(text string) (Endpoint, error) {
	s := strings.TrimSpace(text)
	fail := func(word string, why EndpointFault) (Endpoint, error) {
		return Endpoint{}, &EndpointError{Text: text, Word: word, Reason: why}
	}
	if s == "" {
		return fail("", FaultEmpty)
	}
	if strings.Contains(s, "://") {
		return fail(s, FaultURL)
	}
	rest, proto, hasProto := strings.Cut(s, "/")
	var e Endpoint
	if hasProto {
		p, ok := ParseProto(proto)
		if !ok {
			return fail(proto, FaultProto)
		}
		e.Proto = p
	}
	host, port, why := splitHostPort(rest)
	if why != "" {
		return fail(rest, why)
	}
	if why := e.setPort(port); why != "" {
		return fail(port, why)
	}
	if why := e.setHost(host); why != "" {
		return fail(host, why)
	}
	return e, nil
}

// ParseProto reads a protocol name in any case.
func ParseProto(s string) (Proto, bool) {
	switch p := Proto(strings.ToLower(s)); p {
	case TCP, UDP, UDPLite, SCTP, Raw:
		return p, true
	}
	return "", false
}

func splitHostPort(s string) (host, port string, why EndpointFault) {
	if strings.HasPrefix(s, "[") {
		host, rest, ok := strings.Cut(s[1:], "]")
		if !ok || rest == "" || rest == ":" {
			return "", "", FaultNoPort
		}
		if rest[0] != ':' {
			return "", "", FaultNoPort
		}
		return host, rest[1:], ""
	}
	if strings.Count(s, ":") > 1 {
		return "", "", FaultBrackets
	}
	host, port, ok := strings.Cut(s, ":")
	if !ok {
		if a, err := netip.ParseAddr(s); err == nil && a.Is4() || s == "localhost" {
			return "", "", FaultNoPort
		}
		return "", s, ""
	}
	if port == "" {
		return "", "", FaultNoPort
	}
	return host, port, ""
}

func (e *Endpoint) setPort(s string) EndpointFault {
	if a, b, ok := strings.Cut(s, "-"); ok && digits(a) && digits(b) {
		return FaultSpan
	}
	if !digits(s) {
		return FaultName
	}
	n, err := strconv.ParseUint(s, 10, 16)
	switch {
	case err != nil:
		return FaultRange
	case n == 0:
		return FaultZero
	}
	e.Port = uint16(n)
	return ""
}

func (e *Endpoint) setHost(host string) EndpointFault {
	switch host {
	case "", "*":
		return ""
	case "localhost":
		e.Host = host
		e.Addrs = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
		return ""
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return FaultHostName
	}
	e.Host, e.Addrs = host, []netip.Addr{a}
	return ""
}

func digits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
