package paste

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/berthd/berth/internal/machine/httpsys"
)

// maxLine bounds one line of a text.
const maxLine = 16 << 10

// lines decodes a text and cleans each line of what mail, web pages and word
// processors do to it. Line i of the result is line i+1 of the text.
func lines(data []byte) []string {
	text := decode(data)
	clean := cleaner()
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if len(line) > maxLine {
			line = line[:maxLine]
		}
		if !plain(line) {
			line = clean.Replace(httpsys.Readable(line))
		}
		out = append(out, unquote(strings.TrimRight(line, " \t")))
	}
	return out
}

// plain tells whether a line has nothing in it that cleaning could change.
func plain(line string) bool {
	for i := range len(line) {
		if c := line[i]; c >= utf8.RuneSelf || c == '&' || c == '<' || c == 0 {
			return false
		}
	}
	return true
}

// utf16Text tells whether data is UTF-16, as PowerShell's redirection writes it.
func utf16Text(data []byte) bool {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return true
	}
	head := data[:min(len(data), 512)&^1]
	zeros := 0
	for i := 1; i < len(head); i += 2 {
		if head[i] == 0 && head[i-1] != 0 {
			zeros++
		}
	}
	return len(head) >= 8 && zeros*4 > len(head)/2*3
}

func decode(data []byte) string {
	if !utf16Text(data) {
		return strings.TrimPrefix(string(data), "\ufeff")
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if data[0] == 0xfe && data[1] == 0xff {
		order = binary.BigEndian
	}
	units := make([]uint16, 0, len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		units = append(units, order.Uint16(data))
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\ufeff")
}

func cleaner() *strings.Replacer {
	return strings.NewReplacer(
		"\u00a0", " ", "\u2007", " ", "\u202f", " ", "&nbsp;", " ",
		"\u200b", "", "\ufeff", "", "\u200e", "", "\u200f", "",
		"“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'",
		"&gt;", ">", "&lt;", "<", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&apos;", "'", "&amp;", "&",
		"<br>", "", "<br/>", "", "<br />", "", "<pre>", "", "</pre>", "", "<code>", "", "</code>", "", "<p>", "", "</p>", "",
		"\x00", "",
	)
}

// unquote takes the quote marks of a mail or a forum off the front of a line.
func unquote(line string) string {
	for {
		rest, ok := strings.CutPrefix(strings.TrimLeft(line, " "), ">")
		if !ok || strings.HasPrefix(rest, "=") {
			return line
		}
		line = strings.TrimPrefix(rest, " ")
	}
}
