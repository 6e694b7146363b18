package apache

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// maxNodes bounds the directives and words of one file and maxDepth its sections, which httpd
// itself does not bound.
const (
	maxNodes = 1 << 20
	maxDepth = 128
)

// Parse reads one file of a configuration: a main file, or one that another
// includes. Sections must be closed in it, as httpd demands. Errors wrap
// [confedit.ErrSyntax] or [confedit.ErrTooLarge].
func Parse(name string, data []byte) (*Doc, error) {
	d := &Doc{Name: name, data: data}
	if len(data) > confedit.MaxFile {
		return nil, fmt.Errorf("%s: %w", name, confedit.ErrTooLarge)
	}
	p := parser{doc: d}
	for at := 0; at < len(data); {
		n := joined(data, at)
		at = n.to
		if err := p.add(n); err != nil {
			return nil, err
		}
	}
	if len(p.open) > 0 {
		return nil, d.fail(p.open[len(p.open)-1].from, p.open[len(p.open)-1].name+"> is not closed")
	}
	return d, nil
}

type parser struct {
	doc   *Doc
	open  []*node // the sections around
	nodes int
}

// joined reads a line, and those that it goes on in.
func joined(data []byte, at int) *node {
	n := &node{from: at}
	var text []byte
	joins := false
	for {
		end := bytes.IndexByte(data[at:], '\n')
		if end < 0 {
			end = len(data) - at
		} else {
			end++
		}
		raw := data[at : at+end]
		at += end
		body, ended := bytes.CutSuffix(raw, []byte("\n"))
		body = bytes.TrimSuffix(body, []byte("\r"))
		more := ended && bytes.HasSuffix(body, []byte(`\`))
		if more {
			body = body[:len(body)-1]
		}
		if joins = joins || more; joins {
			n.joints = append(n.joints, joint{len(text), at - end})
			text = append(text, body...)
		}
		if !joins {
			text = body
		}
		if !more || at == len(data) {
			n.to, n.text = at, string(text)
			return n
		}
	}
}

// add puts a line where it belongs.
func (p *parser) add(n *node) error {
	from := len(n.text) - len(strings.TrimLeft(n.text, spaces))
	if from == len(n.text) || n.text[from] == '#' {
		return nil
	}
	w, at := nextWord(n.text, from)
	n.name = strings.ToLower(w.value)
	if n.name == "" { // "" in quotes
		n.name = `""`
	}
	raw := p.raw()
	switch {
	case strings.HasPrefix(n.name, "</"):
		return p.close(n, raw)
	case raw:
		return nil // Perl, Lua: not ours to read
	case n.name[0] == '<':
		return p.enter(n, from)
	}
	n.words = wordsOf(n.text, at, len(n.text))
	return p.put(n)
}

func (p *parser) put(n *node) error {
	if p.nodes += 1 + len(n.words); p.nodes > maxNodes {
		return fmt.Errorf("%s: %w", p.doc.Name, confedit.ErrTooLarge)
	}
	if len(p.open) == 0 {
		p.doc.top = append(p.doc.top, n)
		return nil
	}
	up := p.open[len(p.open)-1]
	up.block = append(up.block, n)
	return nil
}

// raw reports whether the section around holds another language.
func (p *parser) raw() bool {
	if len(p.open) == 0 {
		return false
	}
	name := p.open[len(p.open)-1].name
	return name == "<perl" || strings.HasPrefix(name, "<lua")
}

// enter opens a section; its arguments end at the last >.
func (p *parser) enter(n *node, from int) error {
	end := strings.LastIndexByte(n.text, '>')
	if end < 0 {
		return p.doc.fail(n.from, n.name+" without its >")
	}
	at := from + 1
	for at < end && !strings.ContainsRune(spaces, rune(n.text[at])) {
		at++
	}
	n.name = strings.ToLower(n.text[from:at])
	n.words = wordsOf(n.text, at, end)
	if err := p.put(n); err != nil {
		return err
	}
	if p.open = append(p.open, n); len(p.open) > maxDepth {
		return p.doc.fail(n.from, "sections nested too deep")
	}
	return nil
}

func (p *parser) close(n *node, raw bool) error {
	name := "<" + strings.TrimRight(strings.TrimPrefix(n.name, "</"), ">")
	if len(p.open) == 0 || p.open[len(p.open)-1].name != name {
		if raw {
			return nil
		}
		return p.doc.fail(n.from, "unexpected "+n.name)
	}
	p.open[len(p.open)-1].end = n.to
	p.open = p.open[:len(p.open)-1]
	return nil
}

// spaces are what apr_isspace says they are.
const spaces = " \t\v\f\r\n"

func wordsOf(text string, at, end int) []word {
	var out []word
	for at < end {
		at += len(text[at:end]) - len(strings.TrimLeft(text[at:end], spaces))
		if at == end {
			return out
		}
		var w word
		w, at = nextWord(text[:end], at)
		out = append(out, w)
	}
	return out
}

// nextWord reads a word as ap_getword_conf does, and returns where it ended.
func nextWord(text string, at int) (word, int) {
	quote := text[at]
	if quote != '"' && quote != '\'' {
		end := strings.IndexAny(text[at:], spaces)
		if end < 0 {
			end = len(text) - at
		}
		return word{at, at + end, text[at : at+end]}, at + end
	}
	at++
	end := at
	for end < len(text) && text[end] != quote {
		if text[end] == '\\' && end+1 < len(text) && (text[end+1] == '\\' || text[end+1] == quote) {
			end++
		}
		end++
	}
	w := word{at, end, text[at:end]}
	if strings.ContainsRune(w.value, '\\') {
		w.value = unescape(w.value, quote)
	}
	return w, min(end+1, len(text))
}

func unescape(s string, quote byte) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '\\' || s[i+1] == quote) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
