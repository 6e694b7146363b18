package sentence

import (
	"bytes"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON makes a JSON document safe for a terminal without changing what it says:
// characters that a terminal obeys, or that reorder or hide text, and that JSON
// allows in a string, are written as its own escapes (\u009b).
func JSON(doc []byte) []byte {
	first := bytes.IndexFunc(doc, obeyed)
	if first < 0 {
		return doc
	}
	out := slices.Clone(doc[:first])
	for i, w := first, 0; i < len(doc); i += w {
		var r rune
		if r, w = utf8.DecodeRune(doc[i:]); !obeyed(r) {
			out = append(out, doc[i:i+w]...)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

func obeyed(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
