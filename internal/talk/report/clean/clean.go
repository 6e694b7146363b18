// Package clean makes words that come from outside harmless for a terminal and for
// one line. It is pure.
package clean

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes s safe for a terminal and for one line: control characters, line
// ends, invalid UTF-8 and characters that reorder or hide text are written as
// escapes (\x1b, \n, \u202e). Text of more than limit characters is cut and ends
// in "…"; limit 0 means no limit.
func Text(s string, limit int) string {
	if plain(s) && (limit == 0 || len(s) <= limit) {
		return s
	}
	var b strings.Builder
	n := 0
	for i, w := 0, 0; i < len(s); i += w {
		var r rune
		r, w = utf8.DecodeRuneInString(s[i:])
		if limit > 0 && n >= limit {
			b.WriteString("…")
			break
		}
		n += writeRune(&b, r, s[i:i+w])
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func writeRune(b *strings.Builder, r rune, raw string) int {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return escape(b, `\x`, uint64(raw[0]), 2)
	case r < 0x20 || r == 0x7f:
		return control(b, r)
	case r >= 0x80 && r < 0xa0:
		return escape(b, `\x`, uint64(r), 2)
	case r >= 0xf780 && r < 0xf800: // a byte that a pasted text had and nobody could read
		return escape(b, `\x`, uint64(r-0xf700), 2)
	case !unicode.IsPrint(r):
		return escape(b, `\u`, uint64(r), 4)
	}
	b.WriteRune(r)
	return 1
}

func control(b *strings.Builder, r rune) int {
	switch r {
	case '\n':
		b.WriteString(`\n`)
	case '\t':
		b.WriteString(`\t`)
	case '\r':
		b.WriteString(`\r`)
	default:
		return escape(b, `\x`, uint64(r), 2)
	}
	return 2
}

func escape(b *strings.Builder, lead string, v uint64, width int) int {
	hex := strconv.FormatUint(v, 16)
	b.WriteString(lead)
	for range width - len(hex) {
		b.WriteByte('0')
	}
	b.WriteString(hex)
	return len(lead) + max(width, len(hex))
}

// CommandLine joins an argument list the way a person would type it: arguments
// with blanks or nothing in them are quoted.
func CommandLine(args []string) string {
	var b strings.Builder
	for i, a := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`") && i > 0 {
			b.WriteString("'" + strings.ReplaceAll(a, "'", `'\''`) + "'")
			continue
		}
		b.WriteString(a)
	}
	return b.String()
}
