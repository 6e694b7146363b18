// Package urlprefix is HTTP.sys's idea of sharing one port: the grammar of URL
// prefixes ([Parse]), the table that decides who gets a request ([Table.Route]), and
// who may register or reserve one ([Table.MayRegister], [Table.MayReserve]), each
// answer with its rule and the Windows error code that comes of it.
//
// Where Microsoft's documents and what people meet differ, practice is followed and
// the verdict is less than [Certain]. Nothing here was run on a real Windows.
//
// It is pure and needs only the standard library.
package urlprefix

import (
	"net/netip"
	"strconv"
	"strings"
)

// Bucket is the class of a prefix's host. A request is looked for in the buckets in
// their order, and the first that has any match decides.
type Bucket uint8

// Buckets, the strongest first.
const (
	Strong   Bucket = iota // "+": every host
	Explicit               // "example.com", and "*.example.com" for one label before it
	IPBound                // an address: requests that came in at it, whatever host they name
	Weak                   // "*": every host that nobody else takes
	buckets
)

// String is the bucket's word in documents: "strong", "explicit", "ip", "weak".
func (b Bucket) String() string {
	if b >= buckets {
		return "unknown"
	}
	return [...]string{"strong", "explicit", "ip", "weak"}[b]
}

// Prefix is a URL prefix: all requests of one scheme and port, for some hosts, to
// one path and what is below it. It comes from [Parse]; the zero Prefix is none.
type Prefix struct {
	HTTPS  bool
	Bucket Bucket
	// Host is "+", "*", a name or "*." and a name in lower case, or the text of Addr.
	Host string
	Addr netip.Addr // of an IP-bound prefix
	Port uint16
	// Path begins and ends with a slash. It is not escaped, and in the case in
	// which it was written; paths compare without case.
	Path string
}

// Scheme is "http" or "https".
func (p Prefix) Scheme() string {
	if p.HTTPS {
		return "https"
	}
	return "http"
}

// String writes p in its canonical form, with the final slash.
func (p Prefix) String() string { return p.site() + p.Path }

// Key is the same text for prefixes that are the same to HTTP.sys.
func (p Prefix) Key() string { return p.site() + Fold(p.Path) }

func (p Prefix) site() string {
	host := p.Host
	if p.Addr.Is6() {
		host = "[" + host + "]"
	}
	return p.Scheme() + "://" + host + ":" + strconv.Itoa(int(p.Port))
}

// Same tells whether p and q are one prefix to HTTP.sys.
func (p Prefix) Same(q Prefix) bool { return p.sameSite(q) && Fold(p.Path) == Fold(q.Path) }

// Covers tells whether q is p or lies below it: same scheme, port and host, and a
// path that begins with p's.
func (p Prefix) Covers(q Prefix) bool {
	return p.sameSite(q) && strings.HasPrefix(Fold(q.Path), Fold(p.Path))
}

func (p Prefix) sameSite(q Prefix) bool {
	return p.HTTPS == q.HTTPS && p.Port == q.Port && p.Bucket == q.Bucket && p.Host == q.Host
}

// Local tells whether p is for this machine's own callers alone: localhost, or a
// loopback address.
func (p Prefix) Local() bool {
	return p.Host == "localhost" || p.Bucket == IPBound && p.Addr.IsLoopback()
}

// subdomains is what a "*.example.com" stands before: "example.com".
func (p Prefix) subdomains() (domain string, ok bool) {
	if p.Bucket != Explicit {
		return "", false
	}
	return strings.CutPrefix(p.Host, "*.")
}

// Share says how much of something.
type Share uint8

// Shares.
const (
	None Share = iota
	Some
	All
)

// Takes says how many of the requests that q matches go to p instead, because p is
// found first: in a stronger bucket, or further down in the same one.
func (p Prefix) Takes(q Prefix) Share {
	if p.HTTPS != q.HTTPS || p.Port != q.Port || p.Bucket > q.Bucket {
		return None
	}
	pp, qp := Fold(p.Path), Fold(q.Path)
	above, below := strings.HasPrefix(qp, pp), strings.HasPrefix(pp, qp)
	share := p.hosts(q)
	switch {
	case !above && !below:
		return None
	case !above:
		share = min(share, Some)
	case p.Bucket < q.Bucket:
	case !below:
		return None // further up in the same bucket
	default: // one path, one bucket: a name is found before the wildcard that it is under
		if _, wild := q.subdomains(); !wild || p.Host == q.Host {
			return None
		}
		if _, wild := p.subdomains(); wild {
			return None
		}
	}
	return share
}

// hosts says how many of the requests that q's host lets in p's host lets in too.
func (p Prefix) hosts(q Prefix) Share {
	switch {
	case p.Bucket == Strong || p.Bucket == Weak || p.Bucket == q.Bucket && p.Host == q.Host:
		return All
	case p.Bucket != q.Bucket:
		return Some // a name and an address say nothing of one another
	case p.Bucket == IPBound:
		return None
	}
	if under(q.Host, p) {
		return All
	}
	if under(p.Host, q) {
		return Some
	}
	return None
}

// under tells whether a host name is one label below wild's domain.
func under(host string, wild Prefix) bool {
	domain, ok := wild.subdomains()
	label, rest, dot := strings.Cut(host, ".")
	return ok && dot && label != "" && label != "*" && rest == domain
}
