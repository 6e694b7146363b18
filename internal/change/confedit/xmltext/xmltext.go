// Package xmltext cuts XML into tokens that are the same bytes again when they are
// joined, and finds its elements and attributes. encoding/xml keeps neither blanks
// nor quotes, and configurations are edited by people. It reads UTF-8 and UTF-16 with
// a byte order mark, and checks no more of XML than it needs. It is pure.
package xmltext

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Attr is an attribute. Value has its entities and character references replaced;
// Raw has not.
type Attr struct {
	Name       string
	Value, Raw string
	From, To   int // the bytes of Raw in the file, without the quotes
	Line       int
	Quote      byte
}

// Element is an element with its start tag.
type Element struct {
	Name   string
	Attrs  []Attr
	Parent int // the index of the element around it, -1 for the outermost
	Line   int
}

// Attr returns the value of an attribute.
func (e Element) Attr(name string) (Attr, bool) {
	for _, a := range e.Attrs {
		if a.Name == name {
			return a, true
		}
	}
	return Attr{}, false
}

// Value is the value of an attribute, "" where there is none.
func (e Element) Value(name string) string {
	a, _ := e.Attr(name)
	return a.Value
}

// Kind is what a token is.
type Kind uint8

// The kinds. Other: a comment, a processing instruction, CDATA or a declaration.
const (
	Text Kind = iota
	Start
	Empty // <a/>
	End
	Other
)

// Token is a stretch of the decoded text.
type Token struct {
	Kind Kind
	Raw  string
}

// Doc is a file in tokens.
type Doc struct {
	Tokens   []Token
	Elements []Element // in the order of their start tags
	coding   coding
}

type coding uint8

const (
	utf8Plain coding = iota
	utf8Mark
	utf16Little
	utf16Big
)

const mark = "\uFEFF"

// decode returns the text without the byte order mark.
func decode(data []byte) (string, coding, error) {
	s := string(data)
	switch {
	case strings.HasPrefix(s, mark):
		return s[len(mark):], utf8Mark, nil
	case strings.HasPrefix(s, "\xff\xfe"):
		text, err := wide(data[2:], binary.LittleEndian)
		return text, utf16Little, err
	case strings.HasPrefix(s, "\xfe\xff"):
		text, err := wide(data[2:], binary.BigEndian)
		return text, utf16Big, err
	}
	return s, utf8Plain, nil
}

// wide decodes UTF-16 where that can be taken back: no half characters.
func wide(data []byte, order binary.ByteOrder) (string, error) {
	if len(data)%2 != 0 {
		return "", fmt.Errorf("UTF-16 of an odd number of bytes: %w", confedit.ErrSyntax)
	}
	var b strings.Builder
	for i := 0; i < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			var low rune
			if i += 2; i < len(data) {
				low = rune(order.Uint16(data[i:]))
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return "", fmt.Errorf("half a character of UTF-16: %w", confedit.ErrSyntax)
			}
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

// Encode is text in the file's own encoding, without a byte order mark.
func (d Doc) Encode(text string) string {
	var order binary.AppendByteOrder
	switch d.coding {
	case utf16Little:
		order = binary.LittleEndian
	case utf16Big:
		order = binary.BigEndian
	default:
		return text
	}
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

// Bytes joins the tokens again.
func (d Doc) Bytes() []byte {
	var b strings.Builder
	for _, t := range d.Tokens {
		b.WriteString(t.Raw)
	}
	if d.coding == utf8Plain {
		return []byte(b.String())
	}
	return []byte(d.Encode(mark + b.String()))
}

// Parse cuts a file into tokens. It refuses what has no end: a tag, a comment, an
// element; and end tags that end nothing.
func Parse(data []byte) (Doc, error) {
	text, coding, err := decode(data)
	if err != nil {
		return Doc{}, err
	}
	p := parser{doc: Doc{coding: coding}, at: positions(text, coding), lines: piece.LinesOf([]byte(text))}
	for i := 0; i < len(text); {
		n, err := p.token(text, i)
		if err != nil {
			return Doc{}, fmt.Errorf("line %d: %w", p.lines.At(i), err)
		}
		i += n
	}
	if len(p.open) > 0 {
		e := p.doc.Elements[p.open[len(p.open)-1]]
		return Doc{}, fmt.Errorf("line %d: <%s> has no end: %w", e.Line, e.Name, confedit.ErrSyntax)
	}
	return p.doc, nil
}

// RoundTrip parses data and prints it again.
func RoundTrip(data []byte) ([]byte, error) {
	d, err := Parse(data)
	return d.Bytes(), err
}

// positions returns where a byte of the decoded text is in the file. It must be
// called with rising offsets.
func positions(text string, c coding) func(int) int {
	switch c {
	case utf8Plain:
		return func(i int) int { return i }
	case utf8Mark:
		return func(i int) int { return i + len(mark) }
	}
	seen, units := 0, 1
	return func(i int) int {
		for _, r := range text[seen:i] {
			units += max(utf16.RuneLen(r), 1)
		}
		seen = i
		return 2 * units
	}
}

func escape(value string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "'", "&apos;").Replace(value)
}

// Set is the edit that gives an attribute another value.
func (d Doc) Set(file string, a Attr, value string) confedit.Edit {
	return confedit.Edit{File: file, From: a.From, To: a.To, Text: d.Encode(escape(value))}
}

// Part is the edit that replaces the characters from to to of an attribute's value,
// which must be written as it is meant and in ASCII (see Attr.Plain), by text.
func (d Doc) Part(file string, a Attr, from, to int, text string) confedit.Edit {
	width := 1
	if d.coding >= utf16Little {
		width = 2
	}
	return confedit.Edit{File: file, From: a.From + width*from, To: a.From + width*to, Text: d.Encode(escape(text))}
}

// Plain tells whether the value is written as it is meant, in ASCII.
func (a Attr) Plain() bool {
	for i := range len(a.Raw) {
		if a.Raw[i] >= utf8.RuneSelf {
			return false
		}
	}
	return a.Raw == a.Value
}
