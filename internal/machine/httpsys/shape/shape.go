// Package shape says what a line of a Windows listing looks like, in whatever
// language it is: how far it is indented, whether it is a "label: value" row, a
// heading, a URL, a number. Those who parse such listings go by it and never by
// words, which Windows translates.
//
// It is pure and works on every OS. Its input may be anything: lines are bounded,
// and bytes of a console's code page count as what ASCII is between them.
package shape

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Span is a stretch of lines: one listing among other texts.
type Span struct {
	From, To int // indexes of the first line and the one after the last
}

// maxLine bounds one line of input; the longest real ones are URLs and SDDL.
const maxLine = 16 << 10

// Kind is what a line looks like, in any language.
type Kind uint8

// Kinds of line.
const (
	Blank   Kind = iota
	Rule         // -----
	Address      // HTTP://...
	Number       // 2668
	Heading      // Label:
	Pair         // Label: value
	Bare         // anything else
)

// Line is one line of a listing.
type Line struct {
	N      int // from 1
	Indent int // columns; a tab reaches the next multiple of 8
	Kind   Kind
	Text   string // without the blanks around it
	Label  string // of a Heading or a Pair
	Value  string // of a Pair
}

// Split takes a text apart into lines and gives each its shape.
func Split(text string) []Line {
	var lines []Line
	n := 0
	for raw := range strings.Lines(text) {
		n++
		raw = strings.TrimRight(raw, "\r\n")
		if n == 1 {
			raw = strings.TrimPrefix(raw, "\ufeff")
		}
		lines = append(lines, Classify(n, raw))
	}
	return lines
}

// Readable makes a line of an OEM code page, as the console tools print it,
// valid: ASCII stays, and so do a full stop that ends it and full-width colons. Every
// other byte becomes a character of private use that is its own ([Unreadable]), so
// that two labels stay two although neither can be read. Valid UTF-8 comes back as
// it is.
func Readable(line string) string {
	if utf8.ValidString(line) {
		return line
	}
	for _, stop := range [...]string{"\x81\x42", "\xa1\xa3", "\xa1\x43"} { // code pages 932, 936, 950
		if head, ok := strings.CutSuffix(strings.TrimRight(line, " "), stop); ok {
			line = head + "。"
			break
		}
	}
	line = fullWidthColons(line)
	var b strings.Builder
	for i, r := range line {
		if r == utf8.RuneError && line[i] >= utf8.RuneSelf && !strings.HasPrefix(line[i:], "\ufffd") {
			r = firstUnreadable + rune(line[i]-utf8.RuneSelf)
		}
		b.WriteRune(r)
	}
	return b.String()
}

const firstUnreadable = 0xf780

// Unreadable tells whether r stands for a byte that [Readable] could not read.
func Unreadable(r rune) bool { return r >= firstUnreadable && r < firstUnreadable+0x80 }

// fullWidthColons makes the colons of the code pages 932, 936 and 950 readable,
// which stand on the border of two bytes each.
func fullWidthColons(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		if line[i] < 0x81 || i+1 == len(line) {
			b.WriteByte(line[i])
			continue
		}
		switch pair := line[i : i+2]; pair {
		case "\x81\x46", "\xa3\xba", "\xa1\x47":
			b.WriteString("：")
		default:
			b.WriteString(pair)
		}
		i++
	}
	return b.String()
}

func cutLine(raw string) string {
	if len(raw) > maxLine {
		return raw[:maxLine]
	}
	return raw
}

// Classify gives line n of a text, counted from 1, its shape.
func Classify(n int, raw string) Line {
	raw = Readable(cutLine(raw))
	text := strings.TrimLeft(raw, blanks)
	l := Line{N: n, Indent: columns(raw[:len(raw)-len(text)])}
	l.Text = strings.TrimRight(text, blanks)
	if inner, ok := strings.CutPrefix(l.Text, "<"); ok && strings.HasSuffix(inner, ">") && IsURL(inner) {
		l.Text = strings.TrimSuffix(inner, ">") // autolinks of Markdown
	}
	var ok bool
	switch {
	case l.Text == "":
		l.Kind = Blank
	case strings.Trim(l.Text, "-─") == "" && len(l.Text) >= 3:
		l.Kind = Rule
	case IsURL(l.Text):
		l.Kind = Address
	case Digits(l.Text):
		l.Kind = Number
	default:
		l.Label, l.Value, ok = CutLabel(l.Text)
		l.Kind = labelled(ok, l.Value)
	}
	return l
}

const blanks = " \t\u00a0\u3000"

func labelled(ok bool, value string) Kind {
	switch {
	case !ok:
		return Bare
	case value == "":
		return Heading
	default:
		return Pair
	}
}

func columns(space string) int {
	n := 0
	for _, r := range space {
		switch r {
		case '\t':
			n += 8 - n%8
		case '\u3000':
			n += 2
		default:
			n++
		}
	}
	return n
}

// CutLabel splits "label: value" at the first colon that a blank or the end
// follows, so that labels like "IP:Port" stay whole, or at a full-width colon.
func CutLabel(text string) (label, value string, ok bool) {
	for i, r := range text {
		if r != ':' && r != '：' {
			continue
		}
		after := text[i+utf8.RuneLen(r):]
		if r == '：' || after == "" || after[0] == ' ' || after[0] == '\t' {
			if label = strings.TrimSpace(text[:i]); label == "" {
				return "", "", false
			}
			return label, strings.TrimSpace(after), true
		}
	}
	return "", "", false
}

// IsURL tells whether text begins as the URL of a web server.
func IsURL(text string) bool {
	return hasFold(text, "http://") || hasFold(text, "https://")
}

func hasFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// Digits tells whether s is nothing but ASCII digits.
func Digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// Squeeze takes the blank lines out of a text that has one after every line, as
// some web pages copy it.
func Squeeze(lines []Line) []Line {
	blanks := 0
	for _, l := range lines {
		if l.Kind == Blank {
			blanks++
		}
	}
	if blanks*5 < len(lines)*2 {
		return lines
	}
	return slices.DeleteFunc(lines, func(l Line) bool { return l.Kind == Blank })
}
