// Package haproxy reads and edits configurations of HAProxy as its configuration
// manual describes them (versions 2.x). It is pure.
package haproxy

import (
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Mains are the patterns of the main files that HAProxy has on an OS (runtime.GOOS) as it
// is packaged, likeliest first.
func Mains(goos string) []string {
	if goos == "darwin" {
		return []string{"/opt/homebrew/etc/haproxy.cfg", "/usr/local/etc/haproxy.cfg"}
	}
	return []string{"/etc/haproxy/haproxy.cfg", "/usr/local/etc/haproxy/haproxy.cfg"}
}

// Parse cuts a configuration into pieces.
func Parse(data []byte) piece.Doc { return piece.Cut(data, next) }

// RoundTrip parses data and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return Parse(data).Bytes(), nil }

const blanks = " \t\r"

func next(rest string) (piece.Kind, int, string) {
	switch c := rest[0]; {
	case c == '\n':
		return piece.Newline, 1, ""
	case strings.IndexByte(blanks, c) >= 0:
		return piece.Blank, piece.Run(rest, blanks), ""
	case c == '#':
		return piece.Comment, piece.Until(rest, "\n"), ""
	}
	return word(rest)
}

// word reads an argument: backslashes take the next sign as it is, but not between
// single quotes. A line end ends it, whatever is open.
func word(rest string) (piece.Kind, int, string) {
	var b strings.Builder
	var quote byte
	i := 0
	for ; i < len(rest) && rest[i] != '\n'; i++ {
		switch c := rest[i]; {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == '\\' && quote != '\'' && i+1 < len(rest) && rest[i+1] != '\n':
			i++
			b.WriteByte(rest[i])
		case quote == 0 && (c == '#' || strings.IndexByte(blanks, c) >= 0):
			return piece.Word, i, b.String()
		default:
			b.WriteByte(c)
		}
	}
	return piece.Word, i, b.String()
}

// sections are the words that begin a section.
func sections(word string) bool {
	switch word {
	case "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "program",
		"http-errors", "ring", "log-forward", "cache", "userlist", "fcgi-app", "crt-store", "traces", "acme":
		return true
	}
	return false
}

// Read reads a configuration, which is one file: HAProxy has no includes.
func Read(files confedit.Files, main string) (confedit.Tree, error) {
	r := &reader{Reading: piece.Start("haproxy", files), file: main}
	data, _, err := r.Open(main)
	if err != nil {
		return confedit.Tree{}, err
	}
	at := piece.LinesOf(data)
	for _, s := range Parse(data).Statements() {
		r.line = at.At(s[0].From)
		r.statement(s)
	}
	return r.Tree, nil
}

type reader struct {
	*piece.Reading
	file string
	line int
	kind string // of the section
	of   string // its name
}

func (r *reader) statement(s []piece.Piece) {
	switch word := s[0].Text; {
	case sections(word):
		r.kind, r.of = word, word
		if len(s) > 1 {
			r.of = word + " " + s[1].Text
		}
		if len(s) > 2 && (word == "listen" || word == "frontend") && s[2].Text != "from" {
			r.addresses(s[2]) // the form of old versions: listen NAME :80
		}
	case word == "bind" && len(s) > 1, word == "dgram-bind" && len(s) > 1:
		r.addresses(s[1])
	case word == "stats" && len(s) > 2 && s[1].Text == "socket" && r.kind == "global":
		r.addresses(s[2])
	case strings.HasPrefix(word, "."):
		r.Note(r.file, r.line, word+" decides when HAProxy starts which lines count")
	}
}

// addresses reads a list of addresses separated by commas.
func (r *reader) addresses(word piece.Piece) {
	from, plain := word.Inside()
	for _, text := range strings.Split(word.Text, ",") {
		r.address(from, text, plain)
		from += len(text) + 1
	}
}

// address reads one. What is in front of an @ is the family; sockets, file
// descriptors and the like have no port. A missing address, * and 0.0.0.0 are every
// IPv4 address to HAProxy; the latter is kept as it is written.
func (r *reader) address(from int, text string, plain bool) {
	at, family := 0, ""
	if i := strings.IndexByte(text, '@'); i >= 0 {
		at, family = i+1, text[:i]
	}
	switch spelt := text[at:]; {
	case strings.HasPrefix(spelt, "/") || !inet(family):
		return
	case strings.ContainsAny(text, "$") || !plain:
		r.Note(r.file, r.line, text+" is written with a variable, or partly in quotes")
	default:
		s, ok := piece.Spell(spelt)
		if !ok || s.Port == 0 {
			r.odd(text)
			return
		}
		r.Put(confedit.Place{
			File: r.file, Line: r.line, From: from + at, To: from + len(text),
			Role: confedit.Listens, Addr: s.Addr, Port: s.Port, Of: r.of,
		})
	}
}

func inet(family string) bool {
	switch family {
	case "", "ipv4", "ipv6", "udp", "udp4", "udp6", "quic4", "quic6":
		return true
	}
	return false
}

func (r *reader) odd(text string) {
	if low, high, ok := strings.Cut(text[strings.LastIndexByte(text, ':')+1:], "-"); ok {
		_, one := piece.Port(low)
		_, two := piece.Port(high)
		if one && two {
			r.Note(r.file, r.line, text+" is a range of ports, which is not moved in part")
			return
		}
	}
	r.Note(r.file, r.line, text+" has no port that can be read")
}

// Move takes what listens on from to another endpoint. A family in front of an address
// is changed with it.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	on := t.On(from)
	if len(on) == 0 {
		return nil, fmt.Errorf("haproxy: port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	if err := piece.Collide(on, to); err != nil {
		return nil, fmt.Errorf("haproxy: port %d: %w", from.Port, err)
	}
	var edits []confedit.Edit
	for _, p := range on {
		data := piece.Data(t, p.File).Data
		e, ok := piece.Respell(p.File, p.From, string(data[p.From:p.To]), to)
		if !ok {
			return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, confedit.ErrSyntax)
		}
		if to.Addr != "" {
			edits = append(edits, family(p, data, to.Addr)...)
		}
		edits = append(edits, e)
	}
	return edits, nil
}

// family is the edit of the digit in front of an @, as in ipv4@, where it does not
// fit the new address.
func family(p confedit.Place, data []byte, addr string) []confedit.Edit {
	digit := "4"
	if strings.Contains(addr, ":") {
		digit = "6"
	}
	at := p.From - 2
	if at < 0 || data[at+1] != '@' || data[at] != '4' && data[at] != '6' || string(data[at]) == digit {
		return nil
	}
	return []confedit.Edit{{File: p.File, From: at, To: at + 1, Text: digit}}
}
