package shape

import (
	"net/netip"
	"strconv"
	"strings"
)

// A URL is a prefix as HTTP.sys prints it, taken apart.
type URL struct {
	Scheme string     // "http" or "https"
	Host   string     // "+", "*", a name, or an IP address without brackets
	IP     netip.Addr // set where Host is an IP address
	Port   uint16
	Path   string // from the first slash on, in the case it came in
}

// ParseURL takes a prefix apart. It accepts the listing's own form with the
// address repeated after the port ("HTTP://127.0.0.1:8000:127.0.0.1/") and a
// prefix without its final slash. ok is false where there is no port.
func ParseURL(text string) (u URL, ok bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	u.Scheme = strings.ToLower(scheme)
	if !ok || (u.Scheme != "http" && u.Scheme != "https") {
		return URL{}, false
	}
	authority, path, slash := strings.Cut(rest, "/")
	if slash {
		u.Path = "/" + path
	}
	host, port, ok := cutHost(authority)
	if !ok || host == "" {
		return URL{}, false
	}
	port, _, _ = strings.Cut(port, ":")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return URL{}, false
	}
	u.Host, u.Port = host, uint16(n)
	if ip, err := netip.ParseAddr(host); err == nil {
		u.IP = ip
	}
	return u, true
}

// cutHost splits "host:port[:ip]" and "[v6]:port[:[v6]]".
func cutHost(authority string) (host, port string, ok bool) {
	if inner, found := strings.CutPrefix(authority, "["); found {
		host, rest, closed := strings.Cut(inner, "]")
		port, colon := strings.CutPrefix(rest, ":")
		return host, port, closed && colon
	}
	return strings.Cut(authority, ":")
}

// TakenOn tells whether requests for u can arrive at a listening TCP socket on
// local: the ports are equal, and the socket's address carries u's host. A
// registration on an IP address listens there or on its family's wildcard; all
// others listen wherever HTTP.sys does.
func (u URL) TakenOn(local netip.AddrPort) bool {
	if u.Port == 0 || u.Port != local.Port() {
		return false
	}
	if !u.IP.IsValid() {
		return true
	}
	at := local.Addr()
	return at.WithZone("") == u.IP.WithZone("") || (at.IsUnspecified() && at.Is4() == u.IP.Is4())
}
