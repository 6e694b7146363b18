package apache

import (
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// told is a URL that clients are sent to, and whose it is.
type told struct {
	host  string // "%{server_name}", "example.org"
	place confedit.Place
}

// tell looks for URLs that httpd sends clients to, and for what depends on the port
// without being written as one.
func (r *reader) tell(doc *Doc, n *node, s scope) {
	switch n.name {
	case "redirect", "redirectmatch", "redirectpermanent", "redirecttemp", "rewriterule", "errordocument":
	case "header":
		if !mentions(n, "location") {
			return
		}
	case "requestheader":
		if mentions(n, "forwarded-port") {
			r.note(doc, n, n.name+" tells applications a port")
		}
		return
	case "rewritecond", "<if", "<elseif", "setenvif":
		if mentions(n, "server_port") {
			r.note(doc, n, n.name+" tests the port of the server")
		}
		return
	default:
		return
	}
	for _, w := range n.words {
		u, ok := parseURL(w.value)
		if !ok || n.text[w.from:w.to] != w.value || len(r.tells) >= maxPlaces {
			continue
		}
		p := r.place(doc, n, w, s)
		p.Role, p.Port, p.Implied = confedit.Announces, u.port, u.from == u.to
		if p.Implied {
			p.From = n.off(w.from+u.from-1) + 1
			p.To = p.From
		} else {
			p.From, p.To = n.span(w.from+u.from, w.from+u.to)
		}
		r.tells = append(r.tells, told{u.host, p})
	}
}

func mentions(n *node, text string) bool {
	for _, w := range n.words {
		if strings.Contains(strings.ToLower(w.value), text) {
			return true
		}
	}
	return false
}

// announce keeps the URLs of hosts of this configuration, on ports that it listens on.
func (r *reader) announce() {
	on := map[uint16]bool{}
	for _, p := range r.tree.Places {
		on[p.Port] = on[p.Port] || p.Role == confedit.Listens
	}
	for _, t := range r.tells {
		own := t.host == "%{server_name}" || t.host == "%{http_host}" && !t.place.Implied || r.names[t.host]
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

// parseURL reads the beginning of SCHEME://HOST[:PORT]; HOST may be one variable of
// mod_rewrite.
func parseURL(s string) (url, bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	u := url{port: 80}
	if strings.EqualFold(scheme, "https") {
		u.port = 443
	} else if !strings.EqualFold(scheme, "http") {
		return u, false
	}
	n := len(rest) - len(strings.TrimLeft(rest, hostBytes))
	if strings.HasPrefix(rest, "%{") {
		n = strings.IndexByte(rest, '}') + 1
	}
	if !ok || n == 0 {
		return u, false
	}
	u.host = strings.ToLower(rest[:n])
	u.from = len(s) - len(rest) + n
	u.to = u.from
	after := rest[n:]
	if strings.HasPrefix(after, ":") {
		u.from++
		digits := len(after) - 1 - len(strings.TrimLeft(after[1:], "0123456789"))
		u.to = u.from + digits
		u.port, ok = port(after[1 : 1+digits])
		return u, ok
	}
	return u, after == "" || strings.ContainsRune("/?$", rune(after[0])) || strings.HasPrefix(after, "%{REQUEST_URI}")
}
