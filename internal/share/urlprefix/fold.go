package urlprefix

import (
	"unicode"
	"unicode/utf8"
)

// Fold makes names and paths that differ in case equal. It goes character by
// character, as Windows' tables do, and never makes an ASCII letter of another
// one: the Kelvin sign is no k, the long s no s.
func Fold(s string) string {
	if folded(s) {
		return s
	}
	return string(appendFold(make([]byte, 0, len(s)+8), s))
}

// folded tells whether s is its own fold for sure: ASCII without capitals.
func folded(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

func appendFold(to []byte, s string) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			to = append(to, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			to = append(to, s[i]) // a request may hold any bytes: they stay what they are
			i++
			continue
		}
		to = utf8.AppendRune(to, foldRune(r))
		i += n
	}
	return to
}

// foldRune is the small letter of the capital of r, where that is the same pair.
func foldRune(r rune) rune {
	up := unicode.ToUpper(r)
	if up < utf8.RuneSelf {
		return r
	}
	if low := unicode.ToLower(up); low >= utf8.RuneSelf && unicode.ToUpper(low) == up {
		return low
	}
	return up
}
