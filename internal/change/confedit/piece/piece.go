// Package piece holds what the grammars of server configurations share: a file cut
// into pieces that are the file again when they are joined, lines by offset, the
// spelling of an endpoint, and reading files once each. It is pure.
package piece

import (
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// Kind is what a piece is to the server.
type Kind uint8

// The kinds. Blank: what only sets words apart, a joined line end too. Newline: a
// line end that ends a statement. Word: bare or in quotes. Mark: a sign that is a
// word wherever it stands, such as a brace.
const (
	Blank Kind = iota
	Comment
	Newline
	Word
	Mark
)

// Piece is a stretch of a file.
type Piece struct {
	Kind Kind
	From int    // its first byte
	Raw  string // as it is written
	Text string // of a word: without quotes and escapes; else Raw
}

// To is the byte behind the piece.
func (p Piece) To() int { return p.From + len(p.Raw) }

// Inside is the offset in the file at which Text stands as it is, bare or between
// quotes. It is not ok where escapes or a variable are in between.
func (p Piece) Inside() (from int, ok bool) {
	switch n := len(p.Raw); {
	case p.Raw == p.Text:
		return p.From, true
	case n > 1 && p.Raw[1:n-1] == p.Text && p.Raw[0] == p.Raw[n-1]:
		return p.From + 1, true
	}
	return 0, false
}

// Doc is a file in pieces.
type Doc struct{ Pieces []Piece }

// Next reads the first piece of rest, which is not empty: its kind, its length in
// bytes, and what it means where that is not what it is written as.
type Next func(rest string) (kind Kind, length int, text string)

// Cut cuts data into pieces. Whatever next answers, every byte is in exactly one.
func Cut(data []byte, next Next) Doc {
	var d Doc
	rest := string(data)
	for at := 0; rest != ""; {
		kind, n, text := next(rest)
		n = min(max(n, 1), len(rest))
		if kind != Word {
			text = rest[:n]
		}
		d.Pieces = append(d.Pieces, Piece{Kind: kind, From: at, Raw: rest[:n], Text: text})
		at, rest = at+n, rest[n:]
	}
	return d
}

// Bytes joins the pieces again.
func (d Doc) Bytes() []byte {
	var b strings.Builder
	for _, p := range d.Pieces {
		b.WriteString(p.Raw)
	}
	return []byte(b.String())
}

// Statements are the words and marks of each line that has any.
func (d Doc) Statements() [][]Piece {
	var all [][]Piece
	var line []Piece
	for _, p := range d.Pieces {
		switch p.Kind {
		case Word, Mark:
			line = append(line, p)
		case Newline:
			if line != nil {
				all = append(all, line)
			}
			line = nil
		}
	}
	if line != nil {
		all = append(all, line)
	}
	return all
}

// Lines are the offsets at which a file's lines begin.
type Lines []int

// LinesOf finds them.
func LinesOf(data []byte) Lines {
	l := Lines{0}
	for i, c := range data {
		if c == '\n' {
			l = append(l, i+1)
		}
	}
	return l
}

// At is the line of an offset, from 1.
func (l Lines) At(offset int) int {
	i, found := slices.BinarySearch(l, offset)
	if found {
		return i + 1
	}
	return i
}

// LineEnd is how data ends its lines: "\r\n" where its first line does so, else "\n".
func LineEnd(data []byte) string {
	if i := slices.Index(data, '\n'); i > 0 && data[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// NewLine is an edit that puts text, which has no line end, on a line of its own at
// an offset where a line begins or the file ends.
func NewLine(f confedit.File, at int, text string) confedit.Edit {
	end := LineEnd(f.Data)
	if at > 0 && f.Data[at-1] != '\n' {
		return confedit.Edit{File: f.Name, From: at, To: at, Text: end + text + end}
	}
	return confedit.Edit{File: f.Name, From: at, To: at, Text: text + end}
}

// Run is how many bytes of s, from its beginning, are in set.
func Run(s, set string) int { return len(s) - len(strings.TrimLeft(s, set)) }

// Until is how many bytes of s stand before the first one of set, all where there is
// none.
func Until(s, set string) int {
	if i := strings.IndexAny(s, set); i >= 0 {
		return i
	}
	return len(s)
}
