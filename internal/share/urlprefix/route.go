package urlprefix

import (
	"bytes"
	"net/netip"
	"strings"
)

// Request is what decides who gets a request.
type Request struct {
	HTTPS bool
	Port  uint16     // of the connection, whatever port the request names
	Local netip.Addr // the address that the connection came in at
	Host  string     // without port: of the target where it has one, else of the Host header; see [HostOf]
	Path  string     // unescaped, see [Unescape]
}

// Outcome is what becomes of a request.
type Outcome uint8

// Outcomes.
const (
	Delivered Outcome = iota // to a registration
	// Shadowed is a request whose best match is a reservation that nobody
	// registered under: the buckets behind it are not looked at.
	Shadowed
	NoPath // the host is served here, the path is not
	NoHost // nobody serves this host here
)

// Status is the answer that HTTP.sys gives by itself, 0 where an application answers.
// Microsoft's documents say 400 for all three; 503 and 404 are what people meet.
func (o Outcome) Status() int {
	switch o {
	case Shadowed:
		return 503
	case NoPath:
		return 404
	case NoHost:
		return 400
	}
	return 0
}

// String is the outcome's word in documents.
func (o Outcome) String() string {
	if o > NoHost {
		return "unknown"
	}
	return [...]string{"delivered", "shadowed", "no-path", "no-host"}[o]
}

// Decision says where a request goes, and by which entry.
type Decision[V any] struct {
	Outcome Outcome
	Entry   *Entry[V] // the registration that gets it, or the reservation that shadows; else nil
	Bucket  Bucket    // in which Entry was found
}

// Route decides who gets a request: the buckets in order, in each the longest path
// on segment borders, and the first bucket with any match ends the search. It does
// not allocate for names and segments of ordinary length.
func (t *Table[V]) Route(r Request) Decision[V] {
	p := t.ports[portKey{r.Port, r.HTTPS}]
	if p == nil {
		return Decision[V]{Outcome: NoHost}
	}
	name, domain := p.byHost(r.Host)
	ip := p.addrs[r.Local.Unmap().WithZone("")]
	if e := p.strong.longest(r.Path); e != nil {
		return decide(e, Strong)
	}
	if e := better(name.longest(r.Path), domain.longest(r.Path)); e != nil {
		return decide(e, Explicit)
	}
	if e := ip.longest(r.Path); e != nil {
		return decide(e, IPBound)
	}
	if e := p.weak.longest(r.Path); e != nil {
		return decide(e, Weak)
	}
	// Reservations accept no host: every Windows has some for "+" on port 80, and
	// still says that it does not know the name.
	if p.strong.serves() || name.serves() || domain.serves() || ip.serves() || p.weak.serves() {
		return Decision[V]{Outcome: NoPath}
	}
	return Decision[V]{Outcome: NoHost}
}

func decide[V any](e *Entry[V], b Bucket) Decision[V] {
	if e.Reserved {
		return Decision[V]{Shadowed, e, b}
	}
	return Decision[V]{Delivered, e, b}
}

// better is the longer of two matches; a name wins over the wildcard it is under.
func better[V any](name, domain *Entry[V]) *Entry[V] {
	if name == nil || domain != nil && depth(domain.Prefix.Path) > depth(name.Prefix.Path) {
		return domain
	}
	return name
}

func depth(path string) int { return strings.Count(path, "/") }

// byHost finds the trees of a host name and of the wildcard that it is under.
func (p *port[V]) byHost(host string) (name, domain *site[V]) {
	if len(p.names) == 0 && len(p.domains) == 0 {
		return nil, nil
	}
	if folded(host) {
		return p.names[host], p.domains[host[afterLabel(host):]]
	}
	var room [256]byte
	b := appendFold(room[:0], host)
	behind := len(b)
	if i := bytes.IndexByte(b, '.'); i > 0 {
		behind = i + 1
	}
	return p.names[string(b)], p.domains[string(b[behind:])]
}

// afterLabel is where the name behind the first label begins, or the end where
// there is none.
func afterLabel(host string) int {
	if i := strings.IndexByte(host, '.'); i > 0 {
		return i + 1
	}
	return len(host)
}

func (s *site[V]) serves() bool { return s != nil && s.live > 0 }

// longest is the entry of the longest prefix of path; a registration where there is
// one beside a reservation.
func (s *site[V]) longest(path string) *Entry[V] {
	if s == nil {
		return nil
	}
	n, best := &s.root, s.root.entry()
	for len(path) > 1 && path[0] == '/' && len(n.kids) > 0 {
		var seg string
		seg, path = next(path)
		if n = n.kid(seg); n == nil {
			break
		}
		if e := n.entry(); e != nil {
			best = e
		}
	}
	return best
}

func (n *node[V]) entry() *Entry[V] {
	if n.live != nil {
		return n.live
	}
	return n.resv
}

// kid is the child for a segment in any case, or nil.
func (n *node[V]) kid(seg string) *node[V] {
	if folded(seg) {
		return n.kids[seg]
	}
	var room [256]byte
	return n.kids[string(appendFold(room[:0], seg))]
}

// HostOf is the host of a Host header or of an authority: without the port, an IPv6
// address without its brackets.
func HostOf(header string) string {
	if strings.HasPrefix(header, "[") {
		host, _, _ := strings.Cut(header[1:], "]")
		return host
	}
	if i := strings.LastIndexByte(header, ':'); i >= 0 {
		return header[:i]
	}
	return header
}

// Unescape makes a request's path comparable with a prefix: %20 becomes a blank. An
// escaped slash is no border between segments and stays as it is. ok is false where
// a percent sign does not stand before two hexadecimal digits, and where a control
// character or NUL is hidden behind one.
func Unescape(path string) (s string, ok bool) {
	if strings.IndexByte(path, '%') < 0 {
		return path, true
	}
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			b = append(b, path[i])
			continue
		}
		if i+2 >= len(path) || !hexDigit(path[i+1]) || !hexDigit(path[i+2]) {
			return "", false
		}
		c := unhex(path[i+1])<<4 | unhex(path[i+2])
		switch {
		case c == '/':
			b = append(b, "%2F"...)
		case c < ' ' || c == 0x7f:
			return "", false
		default:
			b = append(b, c)
		}
		i += 2
	}
	return string(b), true
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
