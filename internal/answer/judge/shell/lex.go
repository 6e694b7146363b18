package shell

import (
	"strings"
	"unicode"
)

// token is a word, or an operator between words.
type token struct {
	text     string // a word without its quotes; of a redirection, the number before it
	op       string
	quoted   bool
	from, to int // where it stands in the line
}

// Plain replaces the signs that word processors and web pages put in place of
// quotes, dashes and blanks, and cuts a line that is too long to be a command.
func Plain(line string) string {
	if len(line) > maxLine {
		line = line[:maxLine]
	}
	line = strings.ToValidUTF8(line, "?")
	if !strings.ContainsFunc(line, func(r rune) bool { return r >= 0x80 || r < ' ' }) {
		return line
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '“', '”', '„', '«', '»', '″':
			return '"'
		case '‘', '’', '‚', '′':
			return '\''
		case '–', '—', '−', '‐', '‑':
			return '-'
		case '\u00a0', '\u2007', '\u202f', '\u3000':
			return ' '
		case '\u200b', '\ufeff', '\u200e', '\u200f':
			return -1
		}
		if unicode.IsSpace(r) || r < ' ' {
			return ' '
		}
		return r
	}, line)
}

type lexer struct {
	s   string
	i   int
	out []token
}

// lex cuts a line into words and operators. An open quote or bracket reaches to the
// end of the line.
func lex(s string) []token {
	l := &lexer{s: s}
	for len(l.out) < maxTokens {
		for l.i < len(s) && s[l.i] == ' ' {
			l.i++
		}
		if l.i >= len(s) || s[l.i] == '#' && !l.more("#{") {
			break
		}
		if !l.operator() {
			l.word()
		}
	}
	return l.out
}

func (l *lexer) more(prefix string) bool { return strings.HasPrefix(l.s[l.i:], prefix) }

func (l *lexer) emit(op, text string, n int) bool {
	l.out = append(l.out, token{op: op, text: text, from: l.i, to: l.i + n})
	l.i += n
	return true
}

func (l *lexer) operator() bool {
	switch c := l.s[l.i]; {
	case l.more("&&"), l.more("||"):
		return l.emit(l.s[l.i:l.i+2], "", 2)
	case l.more("&>"):
		return l.emit(">", "", 2)
	case c == '|' || c == '&':
		return l.emit(string(c), "", 1)
	case c == ';' && l.ends(l.i+1):
		return l.emit(";", "", 1)
	case c == '>' || c == '<' && !l.placeholder():
		return l.redirect("")
	case c >= '0' && c <= '9' && l.i+1 < len(l.s) && l.s[l.i+1] == '>':
		l.i++
		return l.redirect(string(c))
	}
	return false
}

// redirect reads >, >> or < and, where it is glued to it, the other stream of 2>&1.
func (l *lexer) redirect(stream string) bool {
	n := 1
	if l.more(">>") || l.more("<<") {
		n = 2
	}
	l.emit(string(l.s[l.i]), stream, n)
	if l.more("&1") || l.more("&2") {
		l.out = append(l.out, token{text: l.s[l.i : l.i+2], quoted: true, from: l.i, to: l.i + 2})
		l.i += 2
	}
	return true
}

// ends tells whether a word could end before i.
func (l *lexer) ends(i int) bool { return i >= len(l.s) || l.s[i] == ' ' }

// placeholder tells whether a <PID> stands here, rather than a redirection.
func (l *lexer) placeholder() bool {
	end := strings.IndexByte(l.s[l.i:min(len(l.s), l.i+40)], '>')
	return end > 1 && l.s[l.i+1] != ' ' && l.s[l.i+1] != '<'
}

func (l *lexer) word() {
	var b strings.Builder
	from, quoted := l.i, false
	for l.i < len(l.s) && !l.over() {
		c := l.s[l.i]
		switch {
		case c == '"':
			b.WriteString(l.quote())
			quoted = quoted || l.i-from > 1
		case c == '\'' && l.opens(from):
			end := strings.IndexByte(l.s[l.i+1:], '\'')
			b.WriteString(l.s[l.i+1 : l.i+1+end])
			l.i, quoted = l.i+end+2, true
		case c == '`' && l.i == from && strings.IndexByte(l.s[l.i+1:], '`') > 0:
			end := l.i + 1 + strings.IndexByte(l.s[l.i+1:], '`')
			b.WriteString("$(" + l.s[l.i+1:end] + ")")
			l.i = end + 1
		case c == '(' || c == '{':
			end := closing(l.s, l.i)
			b.WriteString(l.s[l.i:end])
			l.i = end
		case c == '<':
			end := l.i + strings.IndexByte(l.s[l.i:], '>') + 1
			b.WriteString(l.s[l.i:end])
			l.i = end
		case (c == '^' || c == '\\' && strings.ContainsRune(` '$"`, rune(l.s[min(l.i+1, len(l.s)-1)]))) && l.i+1 < len(l.s):
			b.WriteByte(l.s[l.i+1])
			l.i += 2
		default:
			b.WriteByte(c)
			l.i++
		}
	}
	l.out = append(l.out, token{text: b.String(), quoted: quoted, from: from, to: l.i})
}

// over tells whether the word ends here.
func (l *lexer) over() bool {
	switch c := l.s[l.i]; c {
	case ' ', '|', '>':
		return true
	case '<':
		return !l.placeholder()
	case '&':
		return true
	case ';':
		return l.ends(l.i + 1)
	}
	return false
}

// opens tells whether the apostrophe here begins a quoted text.
func (l *lexer) opens(from int) bool {
	before := l.i == from || l.s[l.i-1] == '=' || l.s[l.i-1] == ':'
	return before && strings.IndexByte(l.s[l.i+1:], '\'') >= 0
}

// quote reads what stands in double quotes; the backslash of \" goes, where another
// quote follows that can end the text.
func (l *lexer) quote() string {
	var b strings.Builder
	for l.i++; l.i < len(l.s); l.i++ {
		c := l.s[l.i]
		if c == '\\' && l.more(`\"`) && strings.Contains(l.s[l.i+2:], `"`) {
			continue
		}
		if c == '"' && l.s[l.i-1] != '\\' || c == '"' && !strings.Contains(l.s[l.i+1:], `"`) {
			l.i++
			break
		}
		b.WriteByte(c)
	}
	return b.String()
}

// closing is where the bracket at s[i] ends, brackets and quotes inside it heeded.
func closing(s string, i int) int {
	depth := 0
	var quote byte
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case (c == '"' || c == '\'') && strings.IndexByte(s[i+1:], c) >= 0:
			quote = c
		case c == '(' || c == '{':
			depth++
		case c == ')' || c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}
