package docroot

import (
	"bytes"
	"strings"
)

// secrets are never kept: who reads a snapshot or a plan has no use for them.
func secret(name string) bool {
	return strings.HasPrefix(name, "DB_") || strings.HasSuffix(name, "_KEY") || strings.HasSuffix(name, "_SALT") || strings.Contains(name, "PASS")
}

// Defines are the constants that PHP source sets to a literal by define('NAME', X)
// or const NAME = X: strings, numbers, true and false. Constants of a value that
// must be computed are left out, and so are passwords, keys and salts. The first
// definition of a name counts, as in PHP.
func Defines(src []byte) map[string]string {
	s := scanner{src: src}
	s.skipToCode()
	out := map[string]string{}
	for {
		t := s.next()
		if t.kind == end {
			return out
		}
		if t.kind != word {
			continue
		}
		name, value, ok := "", "", false
		switch strings.ToLower(t.text) {
		case "define":
			name, value, ok = s.define()
		case "const":
			name, value, ok = s.constant()
		}
		if _, have := out[name]; ok && !have && !secret(name) {
			out[name] = value
		}
	}
}

// define reads ( 'NAME' , LITERAL ) behind the word.
func (s *scanner) define() (name, value string, ok bool) {
	at := s.pos
	if s.next().text != "(" {
		s.pos = at
		return "", "", false
	}
	n := s.next()
	if n.kind != str || s.next().text != "," {
		return "", "", false
	}
	v := s.next()
	if c := s.next(); v.kind == mark || v.kind == end || c.text != ")" && c.text != "," {
		return "", "", false
	}
	return n.text, v.text, literal(v)
}

// constant reads NAME = LITERAL ; behind the word.
func (s *scanner) constant() (name, value string, ok bool) {
	n := s.next()
	if n.kind != word || s.next().text != "=" {
		return "", "", false
	}
	v := s.next()
	if c := s.next(); c.text != ";" && c.text != "," {
		return "", "", false
	}
	return n.text, v.text, literal(v)
}

func literal(t token) bool {
	if t.kind == str {
		return true
	}
	if t.kind != word || t.text == "" {
		return false
	}
	low := strings.ToLower(t.text)
	return low == "true" || low == "false" || low == "null" || strings.Trim(t.text, "0123456789.") == ""
}

type kind int

const (
	end  kind = iota
	word      // a name, a keyword, a number
	str       // a string without variables
	mark      // any other sign, a string with variables included
)

type token struct {
	kind kind
	text string
}

// scanner splits PHP into tokens, leaving comments and what stands outside of
// <?php ?> out. Each call moves on, so that it ends on any input.
type scanner struct {
	src []byte
	pos int
}

func (s *scanner) has(prefix string) bool {
	return len(s.src)-s.pos >= len(prefix) && string(s.src[s.pos:s.pos+len(prefix)]) == prefix
}

// skipToCode goes behind the next opening tag.
func (s *scanner) skipToCode() {
	for s.pos < len(s.src) {
		switch {
		case len(s.src)-s.pos >= 5 && strings.EqualFold(string(s.src[s.pos:s.pos+5]), "<?php"):
			s.pos += 5
			return
		case s.has("<?="):
			s.pos += 3
			return
		}
		s.pos++
	}
}

func (s *scanner) next() token {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			s.pos++
		case s.has("?>"):
			s.pos += 2
			s.skipToCode()
		case c == '#' && !s.has("#["), s.has("//"):
			s.lineComment()
		case s.has("/*"):
			s.blockComment()
		case s.has("<<<"):
			return s.heredoc()
		case c == '\'' || c == '"' || c == '`':
			return s.quoted(c)
		case isWord(c):
			return s.name()
		default:
			s.pos++
			return token{mark, string(rune(c))}
		}
	}
	return token{}
}

func isWord(c byte) bool {
	return c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func (s *scanner) name() token {
	from := s.pos
	for s.pos < len(s.src) && isWord(s.src[s.pos]) {
		s.pos++
	}
	return token{word, string(s.src[from:s.pos])}
}

// lineComment ends with the line, or with the code.
func (s *scanner) lineComment() {
	for s.pos < len(s.src) && s.src[s.pos] != '\n' && !s.has("?>") {
		s.pos++
	}
}

func (s *scanner) blockComment() {
	i := bytes.Index(s.src[s.pos+2:], []byte("*/"))
	if i < 0 {
		s.pos = len(s.src)
		return
	}
	s.pos += 2 + i + 2
}

// quoted is a string; one with variables or a command is no literal.
func (s *scanner) quoted(quote byte) token {
	var b strings.Builder
	k := str
	if quote == '`' {
		k = mark
	}
	for s.pos++; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		switch {
		case c == quote:
			s.pos++
			return token{k, b.String()}
		case c == '\\' && s.pos+1 < len(s.src):
			s.pos++
			if next := s.src[s.pos]; next != quote && next != '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s.src[s.pos])
		case c == '$' && quote == '"':
			k = mark
		default:
			b.WriteByte(c)
		}
	}
	return token{}
}

// heredoc skips <<<NAME to the line that begins with NAME.
func (s *scanner) heredoc() token {
	s.pos += 3
	head, body, ok := bytes.Cut(s.src[s.pos:], []byte("\n"))
	label := strings.Trim(string(head[:min(len(head), 128)]), " \t\r'\"")
	if !ok || label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return token{mark, "<"}
	}
	at := s.pos + len(head) + 1
	for line := range bytes.Lines(body) {
		trimmed := bytes.TrimLeft(line, " \t")
		if bytes.HasPrefix(trimmed, []byte(label)) && (len(trimmed) == len(label) || !isWord(trimmed[len(label)])) {
			s.pos = at + len(line) - len(trimmed) + len(label)
			return token{mark, "<"}
		}
		at += len(line)
	}
	s.pos = len(s.src)
	return token{mark, "<"}
}
