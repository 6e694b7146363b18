package xmltext

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

type parser struct {
	doc   Doc
	at    func(int) int
	lines piece.Lines
	open  []int // elements without their end so far
}

// token reads one token at offset i and returns its length.
func (p *parser) token(text string, i int) (int, error) {
	rest := text[i:]
	kind, n := Other, 0
	var err error
	switch {
	case rest[0] != '<':
		kind, n = Text, piece.Until(rest, "<")
	case strings.HasPrefix(rest, "<!--"):
		n, err = through(rest, 4, "-->")
	case strings.HasPrefix(rest, "<![CDATA["):
		n, err = through(rest, 9, "]]>")
	case strings.HasPrefix(rest, "<?"):
		n, err = through(rest, 2, "?>")
	case strings.HasPrefix(rest, "<!"):
		n, err = declaration(rest)
	case strings.HasPrefix(rest, "</"):
		kind = End
		if n, err = through(rest, 2, ">"); err == nil {
			err = p.end(strings.TrimRight(rest[2:n-1], blanks))
		}
	default:
		kind, n, err = p.start(rest, i)
	}
	if err != nil {
		return 0, err
	}
	p.doc.Tokens = append(p.doc.Tokens, Token{kind, rest[:n]})
	return n, nil
}

const blanks = " \t\r\n"

func through(rest string, from int, end string) (int, error) {
	i := strings.Index(rest[from:], end)
	if i < 0 {
		return 0, fmt.Errorf("%s has no end: %w", rest[:from], confedit.ErrSyntax)
	}
	return from + i + len(end), nil
}

// declaration is the length of a <!DOCTYPE ...>, which may have others in brackets.
// Quotes and comments in it may hold anything.
func declaration(rest string) (int, error) {
	depth := 0
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case strings.HasPrefix(rest[i:], "<!--"):
			n, err := through(rest[i:], 4, "-->")
			if err != nil {
				return 0, err
			}
			i += n - 1
		case c == '"' || c == '\'':
			n := strings.IndexByte(rest[i+1:], c)
			if n < 0 {
				return 0, fmt.Errorf("a quote in <! has no end: %w", confedit.ErrSyntax)
			}
			i += n + 1
		case c == '<':
			depth++
		case c == '>':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
	}
	return 0, fmt.Errorf("<! has no end: %w", confedit.ErrSyntax)
}

func (p *parser) end(name string) error {
	n := len(p.open)
	if n == 0 || p.doc.Elements[p.open[n-1]].Name != name {
		return fmt.Errorf("</%s> ends nothing: %w", name, confedit.ErrSyntax)
	}
	p.open = p.open[:n-1]
	return nil
}

// start reads a start tag at offset i of the text.
func (p *parser) start(rest string, i int) (Kind, int, error) {
	n := 1 + piece.Until(rest[1:], blanks+"/><='\"")
	e := Element{Name: rest[1:n], Parent: -1, Line: p.lines.At(i)}
	if e.Name == "" {
		return 0, 0, fmt.Errorf("< without a name: %w", confedit.ErrSyntax)
	}
	if k := len(p.open); k > 0 {
		e.Parent = p.open[k-1]
	}
	for {
		n += piece.Run(rest[n:], blanks)
		switch {
		case strings.HasPrefix(rest[n:], "/>"):
			p.doc.Elements = append(p.doc.Elements, e)
			return Empty, n + 2, nil
		case strings.HasPrefix(rest[n:], ">"):
			p.open = append(p.open, len(p.doc.Elements))
			p.doc.Elements = append(p.doc.Elements, e)
			return Start, n + 1, nil
		}
		a, length, err := attribute(rest[n:])
		if err != nil {
			return 0, 0, fmt.Errorf("<%s>: %w", e.Name, err)
		}
		a.Line = p.lines.At(i + n + a.From)
		a.From, a.To = p.at(i+n+a.From), p.at(i+n+a.To)
		e.Attrs = append(e.Attrs, a)
		n += length
	}
}

// attribute reads name="value"; its offsets are in s.
func attribute(s string) (Attr, int, error) {
	n := piece.Until(s, blanks+"=/><'\"")
	a := Attr{Name: s[:n]}
	n += piece.Run(s[n:], blanks)
	if a.Name == "" || !strings.HasPrefix(s[n:], "=") {
		return a, 0, fmt.Errorf("an attribute has no value, or the tag no end: %w", confedit.ErrSyntax)
	}
	n++
	n += piece.Run(s[n:], blanks)
	if n == len(s) || s[n] != '"' && s[n] != '\'' {
		return a, 0, fmt.Errorf("the value of %s is not in quotes: %w", a.Name, confedit.ErrSyntax)
	}
	a.Quote = s[n]
	a.From = n + 1
	length := strings.IndexByte(s[a.From:], a.Quote)
	if length < 0 {
		return a, 0, fmt.Errorf("the value of %s has no end: %w", a.Name, confedit.ErrSyntax)
	}
	a.To = a.From + length
	a.Raw = s[a.From:a.To]
	a.Value = unescape(a.Raw)
	return a, a.To + 1, nil
}

// unescape replaces the five entities of XML and character references; any other
// entity stays as it is written.
func unescape(raw string) string {
	if !strings.Contains(raw, "&") {
		return raw
	}
	var b strings.Builder
	for raw != "" {
		before, rest, found := strings.Cut(raw, "&")
		b.WriteString(before)
		if !found {
			break
		}
		name, _, closed := strings.Cut(rest[:min(len(rest), longest)], ";")
		r, ok := entity(name)
		if raw = rest; !closed || !ok {
			b.WriteByte('&')
			continue
		}
		b.WriteRune(r)
		raw = rest[len(name)+1:]
	}
	return b.String()
}

// longest is how long a reference can be, with its semicolon.
const longest = 12

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0, false
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil && n > 0 && n <= 0x10ffff
}
