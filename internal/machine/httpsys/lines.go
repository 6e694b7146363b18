package httpsys

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxLine bounds one line of input; the longest real ones are URLs and SDDL.
const maxLine = 16 << 10

// shape is what a line looks like, in any language.
type shape uint8

const (
	blank   shape = iota
	rule          // -----
	address       // HTTP://...
	number        // 2668
	heading       // Label:
	pair          // Label: value
	bare          // anything else
)

type line struct {
	n      int // from 1
	indent int // columns; a tab reaches the next multiple of 8
	shape  shape
	text   string
	label  string
	value  string
}

// split takes a text apart into lines and gives each its shape.
func split(text string) []line {
	var lines []line
	n := 0
	for raw := range strings.Lines(text) {
		n++
		raw = strings.TrimRight(raw, "\r\n")
		if n == 1 {
			raw = strings.TrimPrefix(raw, "\ufeff")
		}
		lines = append(lines, classify(n, Readable(cutLine(raw))))
	}
	return lines
}

// Readable makes a line of an OEM code page, as the console tools print it,
// valid: ASCII stays, the rest becomes replacement signs, but for a full stop
// that ends it. Valid UTF-8 comes back as it is.
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
	return strings.ToValidUTF8(line, "\ufffd")
}

func cutLine(raw string) string {
	if len(raw) > maxLine {
		return raw[:maxLine]
	}
	return raw
}

func classify(n int, raw string) line {
	text := strings.TrimLeft(raw, " \t\u00a0\u3000")
	l := line{n: n, indent: columns(raw[:len(raw)-len(text)])}
	l.text = strings.TrimRight(text, " \t\u00a0\u3000")
	if inner, ok := strings.CutPrefix(l.text, "<"); ok && strings.HasSuffix(inner, ">") && isURL(inner) {
		l.text = strings.TrimSuffix(inner, ">") // autolinks of Markdown
	}
	var ok bool
	switch {
	case l.text == "":
		l.shape = blank
	case strings.Trim(l.text, "-─") == "" && len(l.text) >= 3:
		l.shape = rule
	case isURL(l.text):
		l.shape = address
	case digits(l.text):
		l.shape = number
	default:
		l.label, l.value, ok = cutLabel(l.text)
		l.shape = labelled(ok, l.value)
	}
	return l
}

func labelled(ok bool, value string) shape {
	switch {
	case !ok:
		return bare
	case value == "":
		return heading
	default:
		return pair
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

// cutLabel splits "label: value" at the first colon that a blank or the end
// follows, so that labels like "IP:Port" stay whole, or at a full-width colon.
func cutLabel(text string) (label, value string, ok bool) {
	for i, r := range text {
		if r != ':' && r != '：' {
			continue
		}
		after := text[i+utf8.RuneLen(r):]
		if r == '：' || after == "" || after[0] == ' ' || after[0] == '\t' {
			label = strings.TrimSpace(text[:i])
			return label, strings.TrimSpace(after), label != ""
		}
	}
	return "", "", false
}

func isURL(text string) bool {
	return hasFold(text, "http://") || hasFold(text, "https://")
}

func hasFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// objectID tells whether s is the ID of a session or a URL group.
func objectID(s string) bool {
	if len(s) != 16 {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// version tells whether l is the line that says which API made the object above it.
func (l line) version() bool {
	major, minor, ok := strings.Cut(l.value, ".")
	return l.shape == pair && ok && len(l.value) <= 5 && digits(major) && digits(minor)
}

// process takes "ID: 1412, image: C:\x.exe" apart; image is "" where the
// listing may not tell it ("<?>").
func (l line) process() (pid int, image string, ok bool) {
	if l.shape != pair {
		return 0, "", false
	}
	end := strings.IndexAny(l.value, ",，、;")
	if end < 1 {
		return 0, "", false
	}
	pid, ok = pidOf(l.value[:end])
	_, rest := utf8.DecodeRuneInString(l.value[end:])
	_, image, labelled := cutLabel(strings.TrimSpace(l.value[end+rest:]))
	if image == "<?>" {
		image = ""
	}
	return pid, image, ok && labelled
}

func pidOf(s string) (int, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	return int(n), err == nil && n > 0
}
