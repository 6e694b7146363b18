package urlprefix

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText is longer than any URL that HTTP.sys takes: the length of its strings is
// counted in 16 bits of bytes.
const maxText = 32767

// Fault names one way in which a text is no prefix.
type Fault string

// Faults.
const (
	FaultEmpty      Fault = "empty"
	FaultScheme     Fault = "scheme"      // neither http:// nor https://
	FaultSchemeCase Fault = "scheme-case" // HTTP://: only lower case is taken
	FaultNoHost     Fault = "no-host"
	FaultHost       Fault = "host"         // a character or form that no host has
	FaultWildcard   Fault = "wildcard"     // a "*" or "+" that is neither alone nor before a domain
	FaultPunycode   Fault = "punycode"     // xn--: the name is wanted in Unicode
	FaultOddIP      Fault = "odd-ip"       // "192.", "1.2.3", "256.0.0.1"
	FaultAnyIP      Fault = "any-ip"       // 0.0.0.0 or [::]: "+" and "*" stand for every address
	FaultNoPort     Fault = "no-port"      // the port is always needed
	FaultPort       Fault = "port"         // not a number
	FaultPortRange  Fault = "port-range"   // 0, or above 65535
	FaultPortZeros  Fault = "leading-zero" // 080
	FaultNoSlash    Fault = "no-slash"     // http://localhost:80
	FaultQuery      Fault = "query"        // "?" or "#"
	FaultEscape     Fault = "escape"       // %20: the path is wanted as it is
	FaultPath       Fault = "path"         // a control character, a backslash, a dot segment
	FaultLong       Fault = "too-long"
)

// Confidence is how sure an answer about Windows is.
type Confidence string

// Confidences. A certain answer is documented and was seen; a likely one was one
// of both; a possible one is a guess to be tried.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Error says why a text is no prefix.
type Error struct {
	Text  string // the whole text
	Word  string // the part that is wrong
	Fault Fault
}

// Error says it in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("%q is no URL prefix: %s %q", e.Text, e.Fault, e.Word)
}

// Code is the Windows error that a registration of such a text fails with.
func (e *Error) Code() Code {
	if e.Fault == FaultOddIP || e.Fault == FaultAnyIP {
		return NotSupported
	}
	return InvalidParameter
}

// Confidence is how sure it is that HTTP.sys refuses the text too.
func (e *Error) Confidence() Confidence {
	switch e.Fault {
	case FaultHost, FaultPath, FaultLong, FaultEscape, FaultWildcard, FaultOddIP, FaultAnyIP:
		return Likely // the grammar has no place for it; what Windows answers is reported, or not known
	}
	return Certain
}

// Parse reads a prefix as a program hands it to HTTP.sys. A missing final slash is
// added, as HTTP.sys does; a missing slash after the port is a fault. The error is
// always an [*Error].
func Parse(text string) (Prefix, error) { return parser{text: text}.parse() }

// ParsePrinted reads a prefix as Windows prints one: HTTP://127.0.0.1:80:127.0.0.1/X.
// The scheme may be in any case, an address may stand after the port, and a percent
// sign in the path is itself. The error is always an [*Error].
func ParsePrinted(text string) (Prefix, error) { return parser{text: text, printed: true}.parse() }

type parser struct {
	text    string
	printed bool
}

func (p parser) fail(word string, why Fault) error { return &Error{p.text, word, why} }

func (p parser) parse() (Prefix, error) {
	var x Prefix
	rest, err := p.scheme(&x)
	if err != nil {
		return Prefix{}, err
	}
	end := strings.IndexAny(rest, "/?#\\")
	authority, path := rest, ""
	if end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	host, port, err := p.split(authority)
	if err == nil {
		err = p.host(&x, host)
	}
	if err == nil {
		err = p.port(&x, port)
	}
	if err == nil {
		err = p.path(&x, path)
	}
	if err != nil {
		return Prefix{}, err
	}
	return x, nil
}

func (p parser) scheme(x *Prefix) (rest string, err error) {
	switch {
	case p.text == "":
		return "", p.fail("", FaultEmpty)
	case len(p.text) > maxText:
		return "", p.fail(strconv.Itoa(len(p.text)), FaultLong)
	}
	scheme, rest, ok := strings.Cut(p.text, "://")
	lower := strings.ToLower(scheme)
	switch {
	case !ok || lower != "http" && lower != "https":
		return "", p.fail(scheme, FaultScheme)
	case scheme != lower && !p.printed:
		return "", p.fail(scheme, FaultSchemeCase)
	}
	x.HTTPS = lower == "https"
	return rest, nil
}

// split parts host and port; of what Windows prints it drops the address after the port.
func (p parser) split(s string) (host, port string, err error) {
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", "", p.fail(s, FaultHost)
		}
		host, port = s[:end+1], s[end+1:]
		if port != "" && port[0] != ':' {
			return "", "", p.fail(port, FaultHost)
		}
		port = strings.TrimPrefix(port, ":")
	} else {
		host, port, _ = strings.Cut(s, ":")
	}
	if digits, more, ok := strings.Cut(port, ":"); ok && p.printed && more != "" {
		port = digits
	}
	switch {
	case host == "":
		return "", "", p.fail(s, FaultNoHost)
	case port == "":
		return "", "", p.fail(s, FaultNoPort)
	}
	return host, port, nil
}

func (p parser) host(x *Prefix, host string) error {
	switch host {
	case "+":
		x.Bucket, x.Host = Strong, host
		return nil
	case "*":
		x.Bucket, x.Host = Weak, host
		return nil
	}
	if host[0] == '[' || looksLikeIPv4(host) {
		return p.address(x, host)
	}
	name := strings.TrimPrefix(host, "*.")
	switch {
	case strings.ContainsAny(name, "*+"):
		return p.fail(host, FaultWildcard)
	case !isName(name):
		return p.fail(host, FaultHost)
	}
	x.Bucket, x.Host = Explicit, Fold(host)
	for label := range strings.SplitSeq(x.Host, ".") {
		if strings.HasPrefix(label, "xn--") {
			return p.fail(label, FaultPunycode)
		}
	}
	return nil
}

// address reads an IP literal. An IPv4 address has one spelling; IPv4 inside IPv6
// would be a second one.
func (p parser) address(x *Prefix, host string) error {
	text := host
	if host[0] == '[' {
		text = host[1 : len(host)-1]
	}
	a, err := netip.ParseAddr(text)
	switch {
	case err != nil || a.Is4() != (host[0] != '[') || a.Is4In6() || a.Zone() != "":
		return p.fail(host, FaultOddIP)
	case a.IsUnspecified():
		return p.fail(host, FaultAnyIP)
	}
	x.Bucket, x.Host, x.Addr = IPBound, a.String(), a
	return nil
}

// looksLikeIPv4 tells whether the last label, or the one before a final dot, is a
// number: no name ends in one.
func looksLikeIPv4(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(strings.ToLower(last), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// isName tells whether a host name has the form of one: labels of 1 to 63
// characters, nothing that ends a host in a URL. A final dot stays.
func isName(s string) bool {
	if len(s) > 4*253 || !utf8.ValidString(s) {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if n := utf8.RuneCountInString(label); n == 0 || n > 63 {
			return false
		}
	}
	return strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune("%\"<>@[]^`{|}", r) || isControl(r) }) < 0
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r <= 0x9f }

func (p parser) port(x *Prefix, s string) error {
	n, err := strconv.ParseUint(s, 10, 32)
	switch {
	case strings.Trim(s, "0123456789") != "":
		return p.fail(s, FaultPort)
	case err != nil || n == 0 || n > 65535:
		return p.fail(s, FaultPortRange)
	case s[0] == '0':
		return p.fail(s, FaultPortZeros)
	}
	x.Port = uint16(n)
	return nil
}

func (p parser) path(x *Prefix, s string) error {
	switch {
	case s == "":
		return p.fail(p.text, FaultNoSlash)
	case strings.ContainsAny(s, "?#"):
		return p.fail(s[strings.IndexAny(s, "?#"):], FaultQuery)
	case s[0] != '/' || strings.ContainsRune(s, '\\') || !utf8.ValidString(s) || strings.ContainsFunc(s, isControl):
		return p.fail(s, FaultPath)
	}
	for seg := range strings.SplitSeq(s, "/") {
		if seg == "." || seg == ".." {
			return p.fail(seg, FaultPath)
		}
		if at := escapeIn(seg); at >= 0 && !p.printed {
			return p.fail(seg[at:at+3], FaultEscape)
		}
	}
	if s[len(s)-1] != '/' {
		s += "/"
	}
	x.Path = s
	return nil
}

func escapeIn(s string) int {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '%' && hexDigit(s[i+1]) && hexDigit(s[i+2]) {
			return i
		}
	}
	return -1
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
