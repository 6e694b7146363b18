package lighttpd

import (
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// walk goes through the words, signs and line ends of a file.
type walk struct {
	r      *reader
	name   string
	lines  piece.Lines
	tokens []piece.Piece
	at     int
	level  int // of includes
	braces []bool
	plain  bool // the next brace is that of a global block
}

func (w *walk) peek(i int) piece.Piece {
	if w.at+i < len(w.tokens) {
		return w.tokens[w.at+i]
	}
	return piece.Piece{Kind: piece.Newline}
}

// step reads one statement, or what opens or closes a block.
func (w *walk) step() error {
	t := w.peek(0)
	w.at++
	switch {
	case t.Kind == piece.Mark && t.Raw == "{":
		w.braces = append(w.braces, !w.plain)
		if !w.plain {
			w.r.depth++
		}
		w.plain = false
	case t.Kind == piece.Mark && t.Raw == "}":
		w.closed()
	case t.Kind != piece.Word:
	case isText(t):
		return w.ends(t)
	case strings.HasPrefix(t.Raw, "$"):
		w.condition(t)
	case t.Raw == "global":
		w.plain = true
	case t.Raw == "include_shell":
		w.r.Note(w.name, w.lines.At(t.From), "include_shell takes in what a program prints; it was not run")
	case t.Raw == "include":
		return w.include(w.lines.At(t.From))
	default:
		if op := w.peek(0).Raw; op == "=" || op == ":=" || op == "+=" {
			w.at++
			w.assign(t, op)
		}
	}
	return nil
}

func isText(t piece.Piece) bool { return strings.ContainsAny(t.Raw[:1], `"'`) }

// ends complains of a text without its last quote.
func (w *walk) ends(t piece.Piece) error {
	if n := len(t.Raw); n < 2 || t.Raw[n-1] != t.Raw[0] {
		return fmt.Errorf("%s:%d: a text has no end: %w", w.name, w.lines.At(t.From), confedit.ErrSyntax)
	}
	return nil
}

func (w *walk) closed() {
	n := len(w.braces)
	if n == 0 {
		return
	}
	if w.braces[n-1] {
		w.r.depth--
	}
	w.braces = w.braces[:n-1]
}

// condition reads $SERVER["socket"] == "...", which makes a socket. Any other
// condition makes none.
func (w *walk) condition(t piece.Piece) {
	socket := t.Raw == "$SERVER" && w.peek(0).Raw == "[" && w.peek(1).Text == "socket" && w.peek(2).Raw == "]" && w.peek(3).Raw == "=="
	if !socket {
		return
	}
	w.at += 4
	v := w.expression()
	switch {
	case !v.known:
		w.r.Note(w.name, v.line, "a socket is named by variables that were not followed")
	case strings.HasPrefix(v.text, "/"):
	default:
		w.socket(v)
	}
}

func (w *walk) socket(v value) {
	s, ok := piece.Spell(v.text)
	if !ok || s.Port > 0 && s.PortAt == 0 {
		w.r.Note(w.name, v.line, fmt.Sprintf("a socket %q was not understood", v.text))
		return
	}
	p := confedit.Place{
		File: w.name, Line: v.line, From: v.from, To: v.to, Role: confedit.Listens,
		Addr: s.Addr, Port: s.Port, Via: v.via, Of: `$SERVER["socket"]`,
	}
	if s.Port == 0 {
		p.Implied, p.From = true, v.to
	}
	if w.r.Full(len(w.r.spots), w.name, v.line) {
		return
	}
	w.r.spots = append(w.r.spots, spot{place: p, value: v})
}

// assign keeps the settings that matter here, and variables.
func (w *walk) assign(t piece.Piece, op string) {
	interesting := strings.HasPrefix(t.Raw, "var.") || !strings.Contains(t.Raw, ".")
	switch t.Raw {
	case "server.port", "server.bind", "ssl.engine":
		interesting = true
	case "server.systemd-socket-activation":
		if w.peek(0).Text == "enable" {
			w.r.Note(w.name, w.lines.At(t.From), "systemd may hand in the sockets")
		}
	}
	if !interesting {
		return
	}
	v := w.expression()
	if w.r.depth > 0 {
		if t.Raw == "server.port" || t.Raw == "server.bind" {
			w.r.Note(w.name, v.line, t.Raw+" has no effect in a condition")
		}
		return
	}
	if op == "+=" {
		v.known, v.text = false, ""
	}
	if len(w.r.set) < confedit.MaxFiles {
		w.r.set[t.Raw] = v
	}
}

// longest is how long a text may be.
const longest = 4096

// expression reads texts, numbers and variables joined by +.
func (w *walk) expression() value {
	v := value{file: w.name, line: w.lines.At(w.peek(0).From), known: true}
	for terms := 0; ; terms++ {
		t := w.peek(0)
		if t.Kind != piece.Word {
			v.known = false
			return v
		}
		w.at++
		w.term(&v, t, terms == 0)
		if len(v.text) > longest { // such as one that doubles itself
			v.known, v.text = false, ""
		}
		if w.peek(0).Raw != "+" {
			return v
		}
		w.at++
	}
}

func (w *walk) term(v *value, t piece.Piece, first bool) {
	_, number := piece.Port(t.Raw)
	if number || isText(t) {
		from, ok := t.Inside()
		v.text += t.Text
		v.literal = first && ok
		v.from, v.to = from, from+len(t.Text)
		return
	}
	known, ok := w.r.set[t.Raw]
	if !ok {
		known, ok = w.r.set["var."+t.Raw]
	}
	v.literal = false
	v.from, v.to = t.From, t.To()
	v.known = v.known && ok && known.known
	v.text += known.text
	v.via = t.Raw
}

// include takes in the files of a pattern, beside the main file.
func (w *walk) include(line int) error {
	v := w.expression()
	if !v.known || v.text == "" {
		w.r.Note(w.name, line, "an include is named by variables that were not followed")
		return nil
	}
	if w.level >= maxDepth {
		w.r.Note(w.name, line, "not followed: files include one another too deeply")
		return nil
	}
	pattern := confedit.Absolute(confedit.Folder(w.r.main), v.text)
	names := []string{pattern}
	if strings.ContainsAny(pattern, "*?[") {
		names = w.r.Match(w.name, line, pattern)
	}
	for _, name := range names {
		if err := w.r.Missing(w.name, line, w.r.file(name, w.level+1)); err != nil {
			return fmt.Errorf("%s:%d: %w", w.name, line, err)
		}
	}
	return nil
}
