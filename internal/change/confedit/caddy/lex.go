package caddy

import (
	"strings"

	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Parse cuts a Caddyfile into pieces, as lexer.go of Caddy 2 does.
func Parse(data []byte) piece.Doc { return piece.Cut(data, next) }

// RoundTrip parses data and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return Parse(data).Bytes(), nil }

const blanks = " \t\r\v\f"

func next(rest string) (piece.Kind, int, string) {
	switch c := rest[0]; {
	case c == '\n':
		return piece.Newline, 1, ""
	case strings.IndexByte(blanks, c) >= 0:
		return piece.Blank, piece.Run(rest, blanks), ""
	case joins(rest):
		return piece.Blank, 1 + strings.IndexByte(rest, '\n'), ""
	case c == '#':
		return piece.Comment, piece.Until(rest, "\n"), ""
	case c == '"':
		return quoted(rest)
	case c == '`':
		if end := strings.IndexByte(rest[1:], '`'); end >= 0 {
			return piece.Word, end + 2, rest[1 : end+1]
		}
		return piece.Word, len(rest), rest[1:]
	case strings.HasPrefix(rest, "<<"):
		if n, text := heredoc(rest); n > 0 {
			return piece.Word, n, text
		}
	}
	return bare(rest)
}

// joins tells whether rest begins with a backslash at the end of a line.
func joins(rest string) bool {
	return strings.HasPrefix(rest, "\\\n") || strings.HasPrefix(rest, "\\\r\n")
}

func bare(rest string) (piece.Kind, int, string) {
	n := 1
	for n < len(rest) && rest[n] != '\n' && strings.IndexByte(blanks, rest[n]) < 0 && !joins(rest[n:]) {
		n++
	}
	return piece.Word, n, rest[:n]
}

func quoted(rest string) (piece.Kind, int, string) {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			return piece.Word, i + 1, strings.ReplaceAll(rest[1:i], `\"`, `"`)
		}
	}
	return piece.Word, len(rest), rest[1:]
}

// heredoc is the length and the text of <<MARKER up to the next MARKER behind its
// line, which Caddy takes wherever it stands; 0 where it is none.
func heredoc(rest string) (int, string) {
	end := piece.Until(rest, "\n")
	marker := strings.TrimRight(rest[2:end], "\r")
	if marker == "" || end == len(rest) || strings.ContainsAny(marker, blanks+"<{}\"`") {
		return 0, ""
	}
	n := strings.Index(rest[end+1:], marker)
	if n < 0 {
		return 0, ""
	}
	return end + 1 + n + len(marker), rest[end+1 : end+1+n]
}
