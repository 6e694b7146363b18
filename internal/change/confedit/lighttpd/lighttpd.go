// Package lighttpd reads and edits configurations of lighttpd 1.4 as its
// documentation describes their syntax. It runs nothing that a configuration names. It
// is pure.
package lighttpd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Mains are the patterns of the main files that lighttpd has on an OS (runtime.GOOS) as it
// is packaged, likeliest first.
func Mains(goos string) []string {
	if goos == "darwin" {
		return []string{"/opt/homebrew/etc/lighttpd/lighttpd.conf", "/usr/local/etc/lighttpd/lighttpd.conf"}
	}
	return []string{"/etc/lighttpd/lighttpd.conf", "/usr/local/etc/lighttpd/lighttpd.conf"}
}

// Parse cuts a configuration into pieces.
func Parse(data []byte) piece.Doc { return piece.Cut(data, next) }

// RoundTrip parses data and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return Parse(data).Bytes(), nil }

const (
	blanks = " \t\r"
	signs  = "{}()[]=!~,:+<>?"
)

func next(rest string) (piece.Kind, int, string) {
	switch c := rest[0]; {
	case c == '\n':
		return piece.Newline, 1, ""
	case strings.IndexByte(blanks, c) >= 0:
		return piece.Blank, piece.Run(rest, blanks), ""
	case c == '#':
		return piece.Comment, piece.Until(rest, "\n"), ""
	case c == '"' || c == '\'':
		return quoted(rest)
	case strings.IndexByte(signs, c) >= 0:
		return piece.Mark, sign(rest), ""
	}
	n := piece.Until(rest, blanks+signs+"\n#\"'")
	return piece.Word, n, rest[:n]
}

func sign(rest string) int {
	for _, two := range []string{"+=", ":=", "==", "!=", "=~", "!~", "=^", "=$", "=>"} {
		if strings.HasPrefix(rest, two) {
			return 2
		}
	}
	return 1
}

// quoted reads a text in quotes, in which a backslash keeps the quote behind it from
// ending it. It may go over lines; one that has no end goes to the end of its line.
func quoted(rest string) (piece.Kind, int, string) {
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case rest[0]:
			return piece.Word, i + 1, strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(rest[1:i])
		}
	}
	n := piece.Until(rest, "\n")
	return piece.Word, n, rest[1:n]
}

// Read follows the includes from main and finds what takes a port. An include_shell
// is noted, and not run. A text or a block without an end is an error.
func Read(files confedit.Files, main string) (confedit.Tree, error) {
	r, err := read(files, main)
	if err != nil {
		return confedit.Tree{}, err
	}
	return r.Tree, nil
}

func read(files confedit.Files, main string) (*reader, error) {
	r := &reader{Reading: piece.Start("lighttpd", files), main: main, set: map[string]value{}}
	if err := r.file(main, 0); err != nil {
		return nil, err
	}
	r.finish()
	for _, s := range r.spots {
		r.Put(s.place)
	}
	return r, nil
}

// value is what an expression comes to, and where it is written.
type value struct {
	text     string
	file     string
	line     int
	from, to int    // the text without its quotes, where it is one literal
	literal  bool   // written as it is meant
	via      string // a variable that it is made of
	known    bool
}

// spot is a place with what it is made of.
type spot struct {
	place confedit.Place
	value value
	main  bool // server.port or server.bind, not a socket of its own
}

type reader struct {
	*piece.Reading
	main  string
	set   map[string]value // global ones, by name
	depth int              // of braces that are not global
	spots []spot
}

// maxDepth is how deep files may include one another.
const maxDepth = 32

func (r *reader) file(name string, depth int) error {
	data, fresh, err := r.Open(name)
	if err != nil || !fresh {
		return err
	}
	f := &walk{r: r, name: name, lines: piece.LinesOf(data), level: depth}
	for _, p := range Parse(data).Pieces {
		if p.Kind != piece.Blank && p.Kind != piece.Comment {
			f.tokens = append(f.tokens, p)
		}
	}
	for f.at < len(f.tokens) {
		if err := f.step(); err != nil {
			return err
		}
	}
	if len(f.braces) > 0 {
		return fmt.Errorf("%s: a block has no end: %w", name, confedit.ErrSyntax)
	}
	return nil
}

// finish makes the main socket of server.port and server.bind, and gives the port to
// sockets that name an address alone.
func (r *reader) finish() {
	addr := r.set["server.bind"]
	bound, plain := piece.Spell(addr.text)
	inFiles := strings.HasPrefix(addr.text, "/")
	if addr.text != "" && !inFiles && (!plain || bound.Port > 0) {
		r.Note(addr.file, addr.line, fmt.Sprintf("server.bind is %q", addr.text))
	}
	port, ok := r.set["server.port"]
	n, numeric := piece.Port(port.text)
	s := spot{main: true, value: port, place: confedit.Place{
		File: port.file, Line: port.line, From: port.from, To: port.to, Role: confedit.Listens, Addr: bound.Addr, Port: n, Via: port.via,
	}}
	if !ok {
		s.place = r.implied(bound.Addr)
	} else if !numeric {
		r.Note(port.file, port.line, "server.port is not a number that can be read")
	}
	for i, other := range r.spots {
		if other.place.Port == 0 {
			r.spots[i].place.Port = s.place.Port
		}
	}
	if !inFiles {
		r.spots = append([]spot{s}, r.spots...)
	}
	r.spots = slices.DeleteFunc(r.spots, func(s spot) bool { return s.place.Port == 0 })
}

// implied is 80, or 443 with TLS, at the end of the main file.
func (r *reader) implied(addr string) confedit.Place {
	data := piece.Data(r.Tree, r.main).Data
	p := confedit.Place{
		File: r.main, Line: piece.LinesOf(data).At(len(data)), From: len(data), To: len(data),
		Role: confedit.Listens, Addr: addr, Port: 80, Implied: true,
	}
	if r.set["ssl.engine"].text == "enable" {
		p.Port = 443
	}
	return p
}
