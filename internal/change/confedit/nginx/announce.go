package nginx

import (
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// told is a URL that clients are sent to, and whose it is.
type told struct {
	host  string // "$host", "example.org"
	place confedit.Place
}

// tell looks for URLs that nginx sends clients to, and for what depends on the port
// without being written as one.
func (r *reader) tell(doc *Doc, d *directive, s scope) {
	first := 1
	switch d.name() {
	case "return", "rewrite", "error_page":
	case "proxy_redirect":
		first = 2 // what upstream says comes first
	case "add_header":
		if !strings.EqualFold(d.arg(1), "Location") {
			return
		}
	case "port_in_redirect":
		if d.arg(1) == "off" {
			r.note(doc, d, "port_in_redirect off: redirects leave the port out")
		}
		return
	case "proxy_set_header", "fastcgi_param", "uwsgi_param", "scgi_param":
		_, literal := port(d.arg(2))
		if k := strings.ToLower(d.arg(1)); literal && (k == "x-forwarded-port" || k == "server_port") {
			r.note(doc, d, d.name()+" tells applications a port")
		}
		return
	case "if", "map":
		if mentions(d, "$server_port") {
			r.note(doc, d, d.name()+" tests $server_port")
		}
		return
	default:
		return
	}
	for _, w := range d.words[min(first, len(d.words)):] {
		if u, ok := parseURL(w.value); ok && w.value == string(doc.data[w.from:w.to]) && len(r.tells) < maxPlaces {
			p := confedit.Place{File: doc.Name, Line: doc.line(w.from), From: w.from + u.from, To: w.from + u.to, Role: confedit.Announces, Port: u.port, Implied: u.from == u.to}
			if s.server != nil {
				p.Of = s.server.name
			}
			r.tells = append(r.tells, told{u.host, p})
		}
	}
}

func mentions(d *directive, text string) bool {
	for _, w := range d.words[1:] {
		if strings.Contains(w.value, text) {
			return true
		}
	}
	return false
}

// announce keeps the URLs of hosts of this configuration, on ports that it listens on.
func (r *reader) announce() {
	on := map[uint16]bool{}
	for _, l := range r.listens {
		on[l.place.Port] = true
	}
	for _, t := range r.tells {
		own := t.host == "$host" || t.host == "$server_name" || t.host == "$hostname" || r.names[t.host]
		if own && on[t.place.Port] {
			r.tree.Places = append(r.tree.Places, t.place)
		}
	}
}

type url struct {
	host     string
	port     uint16
	from, to int // of the port's digits; equal where it is implied
}

const hostBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// parseURL reads the beginning of SCHEME://HOST[:PORT]; HOST may be one variable.
func parseURL(s string) (url, bool) {
	var u url
	rest, isHTTP := cutFold(s, "http://")
	u.port = 80
	if !isHTTP {
		var isHTTPS bool
		if rest, isHTTPS = cutFold(s, "https://"); !isHTTPS {
			return u, false
		}
		u.port = 443
	}
	n, host := hostOf(rest)
	if n == 0 {
		return u, false
	}
	u.host = host
	u.from = len(s) - len(rest) + n
	u.to = u.from
	switch after := rest[n:]; {
	case strings.HasPrefix(after, ":"):
		u.from++
		digits := len(after) - 1 - len(strings.TrimLeft(after[1:], "0123456789"))
		u.to = u.from + digits
		var ok bool
		u.port, ok = port(after[1 : 1+digits])
		return u, ok
	case after == "" || after[0] == '/' || after[0] == '?':
		return u, true
	default:
		return u, strings.HasPrefix(after, "$request_uri") || strings.HasPrefix(after, "$uri")
	}
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// hostOf returns the length of the host that s begins with, and its name.
func hostOf(s string) (int, string) {
	if name, ok := strings.CutPrefix(s, "${"); ok {
		end := strings.IndexByte(name, '}')
		if end < 0 {
			return 0, ""
		}
		return end + 3, "$" + name[:end]
	}
	if name, ok := strings.CutPrefix(s, "$"); ok {
		n := 1 + len(name) - len(strings.TrimLeft(name, hostBytes))
		return n, s[:n]
	}
	n := len(s) - len(strings.TrimLeft(s, hostBytes+".-"))
	return n, strings.ToLower(s[:n])
}
