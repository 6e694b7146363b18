// Package tidy undoes what mail, web pages, forums, word processors and redirection
// do to a text that a program printed: encodings, quote marks, escapes, tags, code
// fences, line numbers, smart quotes and blanks that are none.
//
// It is pure, never fails, and keeps the numbers that the lines have in the text.
package tidy

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/berthd/berth/internal/machine/httpsys"
)

// MaxLine bounds one line of a text; what is beyond is left out.
const MaxLine = 16 << 10

// Text is a text line by line, as the program printed them.
type Text struct {
	Lines   []string
	Numbers []int // of each line in the text as it came, from 1
}

// Read takes a text apart. Lines are valid UTF-8 and have no blanks at their end;
// those that were only layout (a code fence, a closing tag) are empty.
func Read(data []byte) Text {
	var t Text
	clean := cleaner()
	n := 0
	for raw := range strings.Lines(decode(data)) {
		n++
		raw = strings.TrimRight(raw, "\r\n")
		if len(raw) > MaxLine {
			raw = raw[:MaxLine]
		}
		for _, line := range pieces(raw, clean) {
			t.Lines = append(t.Lines, strings.TrimRight(undress(line), " \t"))
			t.Numbers = append(t.Numbers, n)
		}
	}
	unnumber(t.Lines)
	return t
}

// pieces are the lines that one line of a page's source stands for.
func pieces(raw string, clean *strings.Replacer) []string {
	if plain(raw) {
		return []string{raw}
	}
	line := httpsys.Readable(raw)
	if strings.ContainsRune(line, '<') {
		line = untag(line)
	}
	line = unescape(clean.Replace(line))
	out := strings.Split(strings.TrimSuffix(line, "\n"), "\n")
	return out[:min(len(out), maxPieces)]
}

// maxPieces bounds the lines that one line of source can become.
const maxPieces = 4096

// plain tells whether a line has nothing in it that cleaning could change.
func plain(line string) bool {
	for i := range len(line) {
		if c := line[i]; c >= utf8.RuneSelf || c == '&' || c == '<' || c == 0 || c == 0x1b {
			return false
		}
	}
	return true
}

// UTF16 tells whether data is UTF-16, as PowerShell's redirection writes it.
func UTF16(data []byte) bool {
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
	if !UTF16(data) {
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

// cleaner changes signs that stand for others, and drops those that stand for
// nothing.
func cleaner() *strings.Replacer {
	return strings.NewReplacer(
		"\u00a0", " ", "\u2007", " ", "\u202f", " ", "\u2002", " ", "\u2003", " ", "\u3000", "  ",
		"\u200b", "", "\u200c", "", "\u200d", "", "\u2060", "", "\ufeff", "", "\u200e", "", "\u200f", "", "\u00ad", "",
		"“", `"`, "”", `"`, "„", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'",
		"\u2010", "-", "\u2011", "-", "–", "-", "\x00", "",
	)
}
