package logline

import (
	"net/netip"
	"strconv"
	"strings"
)

// anchors stand in front of an endpoint, the surest first. Behind those that end
// in "port" a number alone is one.
var anchors = [...]string{
	"could not bind to address ", "bind() to ", "socket() ", "bind on address ", "to address ", "for address ",
	"host port for ", "requested ports: [{",
	"listening socket (", "listening socket for ", "listening socket ",
	"listen tcp4 ", "listen tcp6 ", "listen tcp ", "listen udp4 ", "listen udp6 ", "listen udp ",
	"bind for ", "bind(2) for ", "already in use ", "permission denied ", "requested address ", "eaddrinuse ", "eacces ", "eaddrnotavail ",
	"on prefix '", "register url ", "bind ipv4 address ", "bind ipv6 address ",
	"cannot bind to ", "bind to port ", "bind to ", "can't bind to socket: ", "binding to ", "listen on ", "in use: ", "jvm_bind ", "connect to ", "bind(", "bind ",
	"already running on port ", "on port ", "listen to port: ", "[error port-", "privileged port ", "forwarded port to ", "already bound: ", "port: ", "port '", "port ",
}

// endpoint finds where the program wanted to listen.
func (f *Failure) endpoint(text, low string) {
	if len(low) != len(text) {
		text = low // invalid UTF-8 was replaced
	}
	text, low = strings.ReplaceAll(text, "<null>:", "*:"), strings.ReplaceAll(low, "<null>:", "*:") // Tomcat's wildcard
	for _, a := range anchors {
		bare := strings.Contains(a, "port") || a == "already bound: "
		for at := 0; ; {
			i := strings.Index(low[at:], a)
			if i < 0 {
				break
			}
			at += i + len(a)
			if f.at(text[at:], bare) {
				return
			}
		}
	}
	f.anywhere(text)
}

// anywhere takes the first word that is an IP endpoint and nothing else.
func (f *Failure) anywhere(text string) {
	for w := range strings.FieldsSeq(text) {
		w = strings.Trim(w, `()"',;.`)
		w = strings.TrimSuffix(w, ":")
		if inner, ok := strings.CutPrefix(w, "["); ok && strings.HasSuffix(inner, "]") {
			w = strings.TrimSuffix(inner, "]") // HAProxy's [0.0.0.0:80]
		}
		if ap, err := netip.ParseAddrPort(w); err == nil && ap.Port() != 0 {
			f.Addr, f.Host, f.Port = ap, ap.Addr().String(), ap.Port()
			return
		}
	}
}

// at reads the endpoint that s begins with.
func (f *Failure) at(s string, bare bool) bool {
	s = strings.TrimLeft(s, ` "'(/`)
	scheme, s := cutScheme(s)
	word, rest := s, ""
	if i := strings.IndexAny(s, " \t\"',;()<>"); i >= 0 {
		word, rest = s[:i], s[i:]
	}
	if word = strings.TrimRight(word, ":.!?"); !strings.Contains(word, "[") {
		word = strings.TrimRight(word, "]}")
	}
	word = strings.TrimSuffix(strings.TrimSuffix(word, "/tcp"), "/udp")
	if scheme != "" {
		word, _, _ = strings.Cut(word, "/")
		word = strings.TrimRight(word, ":.")
	} else if _, after, ok := strings.Cut(word, "/"); ok {
		word = after // Java's name/address
	}
	host, port, ok := split(word)
	if !ok {
		host, port, ok = published(word)
	}
	switch {
	case ok:
	case scheme != "" && word != "":
		host, port = word, defaultPort(scheme)
	case bare && isPort(word):
		port = toPort(word)
		if rest, ok := strings.CutPrefix(rest, " on "); ok {
			host, _, _ = strings.Cut(rest, " ") // sshd: port P on A
		}
	case isIP(word):
		host, port = word, beside(rest)
	default:
		return false
	}
	f.set(host, port)
	return true
}

func (f *Failure) set(host string, port uint16) {
	host = strings.Trim(host, "[]")
	f.Port = port
	if a, err := netip.ParseAddr(host); err == nil {
		f.Addr, f.Host = netip.AddrPortFrom(a, port), host
		return
	}
	if isName(host) {
		f.Host = host
	}
}

func cutScheme(s string) (scheme, rest string) {
	for _, scheme := range [...]string{"http", "https", "tcp"} {
		if rest, ok := strings.CutPrefix(s, scheme+"://"); ok {
			return scheme, rest
		}
	}
	return "", s
}

func defaultPort(scheme string) uint16 {
	switch scheme {
	case "http":
		return 80
	case "https":
		return 443
	}
	return 0
}

// split cuts HOST:PORT, with or without brackets, with an empty or unbracketed
// IPv6 host.
func split(word string) (host string, port uint16, ok bool) {
	i := strings.LastIndexByte(word, ':')
	if i < 0 || !isPort(word[i+1:]) {
		return "", 0, false
	}
	host = word[:i]
	inner := strings.Trim(host, "[]")
	if host != "" && !isIP(inner) && !isName(host) {
		return "", 0, false
	}
	return inner, toPort(word[i+1:]), true
}

// published cuts Docker's HOST:PORT:CONTAINER:PORT.
func published(word string) (host string, port uint16, ok bool) {
	host, rest, _ := strings.Cut(word, ":")
	number, _, more := strings.Cut(rest, ":")
	return host, toPort(number), more && isIP(host) && isPort(number)
}

// beside reads the port that follows an address: "port P", ", P", "', P".
func beside(rest string) uint16 {
	rest = strings.TrimLeft(rest, ` "',`)
	rest = strings.TrimPrefix(rest, "port ")
	end := 0
	for end < len(rest) && '0' <= rest[end] && rest[end] <= '9' {
		end++
	}
	if isPort(rest[:end]) {
		return toPort(rest[:end])
	}
	return 0
}

func isPort(s string) bool { return toPort(s) != 0 }

func toPort(s string) uint16 {
	if s == "" || s[0] == '+' {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// isName tells whether s can be a host name, or a wildcard of one.
func isName(s string) bool {
	if s == "*" || s == "+" {
		return true
	}
	if s == "" || len(s) > 253 || strings.Trim(s, "0123456789:") == "" {
		return false // a time of day
	}
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
