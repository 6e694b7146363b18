// Package caddy reads and edits Caddyfiles of Caddy 2 as its documentation describes
// them: site addresses, bind, imports, snippets, and the global options about ports.
// It is pure.
package caddy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Mains are the patterns of the main files that Caddy has on an OS (runtime.GOOS) as it
// is packaged, likeliest first.
func Mains(goos string) []string {
	switch goos {
	case "windows":
		return []string{`C:\caddy\Caddyfile`, `C:\ProgramData\caddy\Caddyfile`, `C:\Program Files\Caddy\Caddyfile`}
	case "darwin":
		return []string{"/opt/homebrew/etc/Caddyfile", "/usr/local/etc/Caddyfile"}
	}
	return []string{"/etc/caddy/Caddyfile"}
}

// Read follows the imports from main and finds what takes a port. A site with a host
// name and no port is a place on 443, and its redirects are one on 80; both are
// implied, as is the admin API on localhost:2019.
func Read(files confedit.Files, main string) (confedit.Tree, error) {
	r, err := read(files, main)
	if err != nil {
		return confedit.Tree{}, err
	}
	return r.Tree, nil
}

func read(files confedit.Files, main string) (*reader, error) {
	r := &reader{Reading: piece.Start("caddy", files), main: main, snippets: map[string]block{}, bodies: map[string]block{}}
	if err := r.file(main, 0); err != nil {
		return nil, err
	}
	r.spots = r.all()
	for _, s := range r.spots {
		r.Put(s.place)
	}
	return r, nil
}

// line is the words of a line, and the file they are in.
type line struct {
	file  string
	n     int
	words []piece.Piece
}

// block is the lines between two braces.
type block struct {
	lines []line
	open  int // behind the opening brace, or the end of the address line without one
}

// site is a block with the addresses in front of it.
type site struct {
	file  string
	n     int
	keys  []address
	body  block
	binds []bind
	lone  bool // without braces
}

type bind struct {
	addr string
	file string
	at   int
	to   int
}

// options are the global ones that are about ports.
type options struct {
	httpPort, httpsPort, admin *piece.Piece
	adminOff                   bool
	line                       map[string]int
	noHTTPS, noRedirects       bool
	binds                      []bind
	open                       int // behind the brace, -1 where there is no block
}

type reader struct {
	*piece.Reading
	main     string
	options  options
	snippets map[string]block
	sites    []*site
	spots    []spot
	bodies   map[string]block // files of directives
	around   []string         // what is being imported
	total    int              // lines that were taken in
}

// Bounds: of imports in imports, and of lines with all that imports repeat.
const (
	maxDepth = 16
	maxLines = 1 << 18
)

func (r *reader) file(name string, depth int) error {
	data, fresh, err := r.Open(name)
	if err != nil || !fresh {
		return err
	}
	at := piece.LinesOf(data)
	var lines []line
	for _, s := range Parse(data).Statements() {
		lines = append(lines, line{name, at.At(s[0].From), s})
	}
	if name == r.main {
		r.options.open = -1
		if len(lines) > 0 && lines[0].words[0].Raw == "{" {
			var b block
			if b, lines, err = cut(lines, 0); err != nil {
				return err
			}
			r.global(b)
		}
	}
	for len(lines) > 0 {
		if lines, err = r.top(lines, depth); err != nil {
			return err
		}
	}
	return nil
}

// cut takes the block that the brace opens which is word i of the first line.
func cut(lines []line, i int) (block, []line, error) {
	first := lines[0]
	b := block{open: first.words[i].To()}
	depth := 0
	for n, l := range lines {
		if n == 0 {
			l.words = l.words[i:]
		}
		for k, w := range l.words {
			switch w.Raw {
			case "{":
				depth++
			case "}":
				depth--
			}
			if depth == 0 {
				b.add(l, k)
				return b, lines[n+1:], nil
			}
		}
		b.add(l, len(l.words))
	}
	return b, nil, fmt.Errorf("%s:%d: a block has no end: %w", first.file, first.n, confedit.ErrSyntax)
}

// add takes the words of a line before one, without the brace that opens the block.
func (b *block) add(l line, before int) {
	l.words = l.words[:before]
	if len(l.words) > 0 && l.words[0].To() == b.open {
		l.words = l.words[1:]
	}
	if len(l.words) > 0 {
		b.lines = append(b.lines, l)
	}
}

// top reads one thing of the outermost level: an import, a snippet, a named route or
// a site.
func (r *reader) top(lines []line, depth int) ([]line, error) {
	if first := lines[0]; first.words[0].Raw == "import" && len(first.words) > 1 {
		return lines[1:], r.take(first, depth)
	}
	if first := lines[0]; first.words[0].Raw == "}" {
		return nil, fmt.Errorf("%s:%d: a brace ends nothing: %w", first.file, first.n, confedit.ErrSyntax)
	}
	s, rest, brace := keys(lines)
	if brace < 0 {
		s.body = block{lines: rest, open: lineEnd(lines[len(lines)-len(rest)-1])}
		s.lone = true
		rest = nil
	} else {
		var err error
		if s.body, rest, err = cut(rest, brace); err != nil {
			return nil, err
		}
	}
	name := lines[0].words[0].Raw
	switch {
	case strings.HasPrefix(name, "(") && strings.HasSuffix(name, ")"):
		r.snippets[name[1:len(name)-1]] = s.body
	case strings.HasPrefix(name, "&("):
	default:
		r.sites = append(r.sites, s)
		return rest, r.binds(s, s.body, depth)
	}
	return rest, nil
}

func lineEnd(l line) int { return l.words[len(l.words)-1].To() }

// keys reads the addresses of a site. A comma at the end of a line goes on in the
// next. The rest begins with the line of the brace, whose word it is, or is -1.
func keys(lines []line) (*site, []line, int) {
	s := &site{file: lines[0].file, n: lines[0].n}
	for n, l := range lines {
		more := false
		for i, w := range l.words {
			if w.Raw == "{" {
				return s, lines[n:], i
			}
			at := w.From
			for _, text := range strings.Split(w.Text, ",") {
				if text != "" {
					s.keys = append(s.keys, parseAddress(text, l.n, at, w.Raw == w.Text))
				}
				at += len(text) + 1
			}
			more = strings.HasSuffix(w.Text, ",")
		}
		if !more {
			return s, lines[n+1:], -1
		}
	}
	return s, nil, -1
}

// take imports files at the outermost level.
func (r *reader) take(l line, depth int) error {
	pattern := l.words[1].Text
	if _, ok := r.snippets[pattern]; ok {
		r.Note(l.file, l.n, "a snippet is imported in place of a site; it is not followed")
		return nil
	}
	for _, name := range r.imported(l, depth) {
		if err := r.Missing(l.file, l.n, r.file(name, depth+1)); err != nil {
			return fmt.Errorf("%s:%d: %w", l.file, l.n, err)
		}
	}
	return nil
}

// imported are the files that an import names, relative to the file it is in.
func (r *reader) imported(l line, depth int) []string {
	pattern := l.words[1].Text
	if depth >= maxDepth || strings.Contains(pattern, "{") {
		r.Note(l.file, l.n, "import "+pattern+" is not followed")
		return nil
	}
	pattern = confedit.Absolute(confedit.Folder(l.file), pattern)
	if strings.ContainsAny(pattern, "*?[") {
		return r.Match(l.file, l.n, pattern)
	}
	return []string{pattern}
}

// binds finds the bind lines of a site, through imports of snippets and files.
func (r *reader) binds(s *site, b block, depth int) error {
	level := 0
	for _, l := range b.lines {
		if r.total++; r.total > maxLines {
			return fmt.Errorf("%s:%d: imports repeat more than %d lines: %w", l.file, l.n, maxLines, confedit.ErrTooLarge)
		}
		if level == 0 && len(l.words) > 1 {
			if err := r.directive(s, l, depth); err != nil {
				return err
			}
		}
		for _, w := range l.words {
			switch w.Raw {
			case "{":
				level++
			case "}":
				level--
			}
		}
	}
	return nil
}

func (r *reader) directive(s *site, l line, depth int) error {
	switch l.words[0].Raw {
	case "bind":
		s.binds = append(s.binds, r.bindLine(l)...)
	case "import":
		name := l.words[1].Text
		if b, ok := r.snippets[name]; ok {
			return r.within(s, l, "("+name+")", b, depth)
		}
		for _, name := range r.imported(l, depth) {
			b, err := r.body(name)
			if err := r.Missing(l.file, l.n, err); err != nil {
				return fmt.Errorf("%s:%d: %w", l.file, l.n, err)
			}
			if err := r.within(s, l, name, b, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

// within finds the bind lines of what is imported, unless it is importing itself.
func (r *reader) within(s *site, l line, name string, b block, depth int) error {
	if slices.Contains(r.around, name) || depth >= maxDepth {
		r.Note(l.file, l.n, name+" is imported within itself, or too deeply; that is not followed")
		return nil
	}
	r.total++
	r.around = append(r.around, name)
	defer func() { r.around = r.around[:len(r.around)-1] }()
	return r.binds(s, b, depth+1)
}

// body is a file of directives.
func (r *reader) body(name string) (block, error) {
	if b, ok := r.bodies[name]; ok {
		return b, nil
	}
	data, _, err := r.Open(name)
	var b block
	at := piece.LinesOf(data)
	for _, s := range Parse(data).Statements() {
		b.lines = append(b.lines, line{name, at.At(s[0].From), s})
	}
	r.bodies[name] = b
	return b, err
}

func (r *reader) bindLine(l line) []bind {
	var out []bind
	for _, w := range l.words[1:] {
		if w.Raw == "{" {
			break
		}
		if strings.ContainsAny(w.Text, "/{$") || w.Raw != w.Text {
			r.Note(l.file, l.n, "bind "+w.Text+" is no address that can be read")
			continue
		}
		addr := strings.Trim(w.Text, "[]")
		out = append(out, bind{addr, l.file, w.From, w.To()})
	}
	return out
}
