package listing

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/shape"
)

// Certificate is one block of `netsh http show sslcert`.
type Certificate struct {
	Key   string // "0.0.0.0:443", "www.example.com:443", "*:443"
	Kind  string // "ipport", "hostnameport", "ccs", "scopedccs"
	Port  uint16
	Hash  string // lower-case hexadecimal
	AppID string // in braces and lower case
	Store string
	Line  int
}

type certificate struct {
	from, to int // indexes of its first row and of the last one that was understood
	row      Certificate
}

// certificates finds the blocks: a row whose value is an address and port, a name
// and port, or a port alone, with a certificate's hash or a GUID right below.
func certificates(ls []shape.Line) []certificate {
	var out []certificate
	for i := 0; i < len(ls); i++ {
		c := certificate{from: i, to: i, row: Certificate{Line: ls[i].N}}
		if c.row.key(lastValue(ls[i].Text)) && c.read(ls) {
			out = append(out, c)
			i = c.to
		}
	}
	return out
}

// key reads what a binding is for.
func (c *Certificate) key(s string) bool {
	if at, err := netip.ParseAddrPort(s); err == nil && at.Port() > 0 {
		c.Key, c.Kind, c.Port = at.String(), "ipport", at.Port()
		return true
	}
	host, number, named := strings.Cut(s, ":")
	if !named {
		host, number = "*", s
	}
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil || port == 0 || !hostName(host) {
		return false
	}
	c.Key, c.Kind, c.Port = host+":"+number, "hostnameport", uint16(port)
	if !named || host == "*" {
		c.Kind = "ccs"
	}
	return true
}

// hostName tells whether s may be a host's name; names may be of any script.
func hostName(s string) bool { return s != "" && !strings.ContainsAny(s, " \t\\/,;()[]{}<>\"'=") }

// read looks at the rows below the key: the hash, the program's GUID, and the store,
// in this order, before any row of another kind matters.
func (c *certificate) read(ls []shape.Line) bool {
	const near = 4
	hashed := false
	for i := c.from + 1; i < len(ls) && i <= c.from+near && ls[i].Kind != shape.Blank; i++ {
		v := lastValue(ls[i].Text)
		switch {
		case isHash(v) && c.row.Hash == "":
			c.row.Hash, c.to, hashed = strings.ToLower(v), i, true
		case v == "(null)" && i == c.from+1:
			hashed = true // there is no certificate of its own: the central store has it
		case isGUID(v):
			c.row.AppID, c.to = strings.ToLower(v), i
			c.store(ls)
			return c.settle(hashed)
		case (&Certificate{}).key(v) && !shape.Digits(v):
			return c.settle(hashed) // the next block
		}
	}
	return c.settle(hashed)
}

// store reads the row below the GUID.
func (c *certificate) store(ls []shape.Line) {
	if i := c.to + 1; i < len(ls) && ls[i].Kind == shape.Pair {
		if v := lastValue(ls[i].Text); v != "(null)" {
			c.row.Store = v
		}
		c.to = i
	}
}

// settle decides whether what was read is a binding, and of which kind.
func (c *certificate) settle(hashed bool) bool {
	switch {
	case c.row.Kind == "ccs":
		return hashed && c.row.AppID != ""
	case c.row.Hash == "" && c.row.Kind == "hostnameport" && c.row.AppID != "":
		c.row.Kind = "scopedccs"
	}
	return c.row.Hash != "" || c.row.AppID != ""
}

// isHash tells a SHA-1 or SHA-256 in hexadecimal.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// isGUID tells a GUID in braces.
func isGUID(s string) bool {
	if len(s) != 38 || s[0] != '{' || s[37] != '}' {
		return false
	}
	parts := strings.Split(s[1:37], "-")
	for i, n := range [...]int{8, 4, 4, 4, 12} {
		if len(parts) != 5 || len(parts[i]) != n || strings.Trim(parts[i], "0123456789abcdefABCDEF") != "" {
			return false
		}
	}
	return true
}

// FindCertificates finds the outputs of `netsh http show sslcert`, the JSON form
// included, among other lines: one span for each run of bindings.
func FindCertificates(lines []string) []Span {
	ls := classify(lines)
	var found runs
	for _, c := range certificates(ls) {
		found.add(c.from, c.to, rowsOnly, ls)
	}
	out := found.spans(ls)
	for _, d := range jsonDocuments(lines) {
		if len(d.rows) > 0 {
			out = append(out, d.span)
		}
	}
	return out
}

// rowsOnly tells whether ls, between two bindings, is nothing but further rows.
func rowsOnly(ls []shape.Line) bool {
	for _, l := range ls {
		if l.Kind != shape.Pair && l.Kind != shape.Heading && l.Kind != shape.Blank {
			return false
		}
	}
	return true
}

// ParseCertificates reads the certificate bindings of text, in either form.
func ParseCertificates(text string) []Certificate {
	lines := splitLines(text)
	var out []Certificate
	for _, c := range certificates(classify(lines)) {
		out = append(out, c.row)
	}
	for _, d := range jsonDocuments(lines) {
		out = append(out, d.rows...)
	}
	return out
}

// CertificateFacts turns bindings into rows. evidence says where a line of the
// listing was read.
func CertificateFacts(cs []Certificate, evidence func(line int) string) fact.Set {
	var set fact.Set
	have := map[fact.ID]bool{}
	for _, c := range cs {
		id := fact.CertificateID(c.Kind, c.Key)
		if have[id] {
			continue
		}
		have[id] = true
		set.Certificates = append(set.Certificates, fact.Certificate{ID: id, Key: c.Key, Kind: c.Kind, Port: c.Port, Hash: c.Hash,
			AppID: c.AppID, Store: c.Store, Evidence: evidence(c.Line)})
	}
	return set
}
