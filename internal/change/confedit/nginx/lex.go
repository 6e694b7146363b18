package nginx

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// maxWords bounds the words of one file and maxDepth its blocks, which nginx itself
// does not bound.
const (
	maxWords = 1 << 20
	maxDepth = 128
)

// Parse reads one file of a configuration: a main file, or one that another
// includes. Blocks must be closed in it, as nginx demands. Errors wrap
// [confedit.ErrSyntax] or [confedit.ErrTooLarge].
func Parse(name string, data []byte) (*Doc, error) {
	if len(data) > confedit.MaxFile {
		return nil, fmt.Errorf("%s: %w", name, confedit.ErrTooLarge)
	}
	p := &parser{name: name, data: data, doc: &Doc{Name: name, data: data}}
	for {
		done, err := p.directive()
		if err != nil {
			return nil, err
		}
		if done {
			return p.doc, nil
		}
	}
}

type parser struct {
	name  string
	data  []byte
	at    int
	words int
	depth int
	up    *directive // whose block we are in
	doc   *Doc
}

func (p *parser) fail(why string) error { return syntax(p.name, p.data, p.at, why) }

// directive reads up to the next ; or { or }, and reports the end of the file.
func (p *parser) directive() (done bool, err error) {
	d := &directive{up: p.up}
	for {
		c, ok := p.skip()
		switch {
		case !ok && len(d.words) == 0 && p.up == nil:
			return true, nil
		case !ok:
			return false, p.fail("the file ends inside a directive or a block")
		case c == ';' && len(d.words) > 0:
			p.at++
			p.add(d)
			d.to = p.at
			return false, nil
		case c == '{' && len(d.words) > 0:
			p.at++
			p.add(d)
			return false, p.enter(d)
		case c == '}' && len(d.words) == 0:
			p.at++
			return false, p.leave()
		case c == ';' || c == '{' || c == '}':
			return false, p.fail("unexpected " + string(c))
		}
		w, err := p.word()
		if err != nil {
			return false, err
		}
		if p.words++; p.words > maxWords {
			return false, fmt.Errorf("%s: %w", p.name, confedit.ErrTooLarge)
		}
		d.words = append(d.words, w)
	}
}

func (p *parser) add(d *directive) {
	d.from = p.start(d.words[0])
	if p.up == nil {
		p.doc.top = append(p.doc.top, d)
	} else {
		p.up.block = append(p.up.block, d)
	}
}

// start is where a word begins, its quote included.
func (p *parser) start(w word) int {
	if w.to < len(p.data) && w.from > 0 && (p.data[w.to] == '"' || p.data[w.to] == '\'') && p.data[w.from-1] == p.data[w.to] {
		return w.from - 1
	}
	return w.from
}

func (p *parser) enter(d *directive) error {
	d.open = p.at
	if strings.HasSuffix(d.name(), "_by_lua_block") {
		n, ok := luaBlock(p.data[p.at:])
		if !ok {
			return p.fail("a Lua block without its end")
		}
		p.at += n
		d.to = p.at
		return nil
	}
	if p.depth++; p.depth > maxDepth {
		return p.fail("blocks nested too deep")
	}
	p.up = d
	return nil
}

func (p *parser) leave() error {
	if p.up == nil {
		return p.fail("unexpected }")
	}
	p.up.to = p.at
	p.up = p.up.up
	p.depth--
	return nil
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// skip passes blanks and comments and returns the byte it stands on.
func (p *parser) skip() (byte, bool) {
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case blank(c):
			p.at++
		case c == '#':
			end := bytes.IndexByte(p.data[p.at:], '\n')
			if end < 0 {
				end = len(p.data) - p.at
			}
			p.at += end
		default:
			return c, true
		}
	}
	return 0, false
}

func (p *parser) word() (word, error) {
	if c := p.data[p.at]; c == '"' || c == '\'' {
		return p.quoted(c)
	}
	return p.plain()
}

// quoted reads a word in quotes; a blank, ; { or ) must follow it.
func (p *parser) quoted(quote byte) (word, error) {
	w := word{from: p.at + 1}
	for p.at++; p.at < len(p.data) && p.data[p.at] != quote; p.at++ {
		if p.data[p.at] == '\\' {
			p.at++
		}
	}
	if p.at >= len(p.data) {
		p.at = w.from
		return w, p.fail("a quote without its end")
	}
	w.to = p.at
	w.value = unescape(p.data[w.from:w.to])
	p.at++
	if p.at < len(p.data) && !blank(p.data[p.at]) && !strings.ContainsRune(";{)", rune(p.data[p.at])) {
		return w, p.fail("something stands right behind a quote")
	}
	return w, nil
}

// plain reads a word without quotes. A brace right behind a dollar is part of it.
func (p *parser) plain() (word, error) {
	w := word{from: p.at}
	dollar := false
	for ; p.at < len(p.data); p.at++ {
		switch c := p.data[p.at]; {
		case c == '{' && dollar:
		case c == '\\':
			dollar = false
			p.at++
		case blank(c) || c == ';' || c == '{':
			w.to = p.at
			w.value = unescape(p.data[w.from:w.to])
			return w, nil
		default:
			dollar = c == '$'
		}
	}
	p.at = w.from
	return w, p.fail("the file ends inside a word")
}

// unescape undoes the escapes that nginx knows; other backslashes stay.
func unescape(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' && i+1 < len(raw) {
			if j := strings.IndexByte(`"'\trn`, raw[i+1]); j >= 0 {
				c = "\"'\\\t\r\n"[j]
				i++
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
