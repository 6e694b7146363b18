package plist

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlList is a property list as XML while it is read: the part of XML that such lists
// are made of. The standard library's reader builds tables at every start of a
// program that has it.
type xmlList struct {
	b     []byte // what is left
	parts int
}

func parseXML(b []byte) (any, error) {
	l := &xmlList{b: bytes.TrimPrefix(b, []byte("\ufeff"))}
	for {
		t, err := l.element()
		switch {
		case err != nil:
			return nil, err
		case t.end:
			return nil, ErrShape
		case t.name != "plist" || t.empty:
			return l.value(t, 0)
		}
	}
}

// tag is the beginning or the end of an element; an empty one is both.
type tag struct {
	name       string
	end, empty bool
}

// markup cuts off what stands between open and close, and tells whether l is there.
func (l *xmlList) markup(open, close string) (inside []byte, is bool, err error) {
	rest, is := bytes.CutPrefix(l.b, []byte(open))
	if !is {
		return nil, false, nil
	}
	inside, l.b, is = bytes.Cut(rest, []byte(close))
	if !is {
		return nil, true, ErrShape
	}
	return inside, true, nil
}

// next reads one piece: a text, or a tag. Comments, declarations and the name of the
// document's type are an empty text.
func (l *xmlList) next() (text string, t tag, err error) {
	if len(l.b) == 0 {
		return "", t, ErrShape
	}
	if l.b[0] != '<' {
		end := bytes.IndexByte(l.b, '<')
		if end < 0 {
			end = len(l.b)
		}
		raw := l.b[:end]
		l.b = l.b[end:]
		text, err = unescape(raw)
		return text, t, err
	}
	for _, skip := range [...][2]string{{"<!--", "-->"}, {"<?", "?>"}} {
		if _, is, err := l.markup(skip[0], skip[1]); is {
			return "", t, err
		}
	}
	if raw, is, err := l.markup("<![CDATA[", "]]>"); is {
		return string(raw), t, err
	}
	if raw, is, err := l.markup("<!", ">"); is {
		if bytes.IndexByte(raw, '[') >= 0 { // it declares something of its own
			err = ErrShape
		}
		return "", t, err
	}
	t, err = l.tag()
	return "", t, err
}

// tag reads a tag. Attributes mean nothing in a property list.
func (l *xmlList) tag() (tag, error) {
	raw, _, err := l.markup("<", ">")
	if err != nil {
		return tag{}, err
	}
	var t tag
	raw, t.end = bytes.CutPrefix(raw, []byte("/"))
	raw, t.empty = bytes.CutSuffix(raw, []byte("/"))
	if i := bytes.IndexAny(raw, " \t\r\n"); i >= 0 {
		raw = raw[:i]
	}
	t.name = string(raw)
	if t.name == "" || t.end && t.empty || strings.ContainsAny(t.name, `<&"'=/`) {
		return tag{}, ErrShape
	}
	return t, nil
}

// unescape reads the entities that XML has by itself.
func unescape(raw []byte) (string, error) {
	if !utf8.Valid(raw) {
		return "", ErrShape
	}
	before, rest, found := strings.Cut(string(raw), "&")
	if !found {
		return before, nil
	}
	var s strings.Builder
	for ; found; before, rest, found = strings.Cut(rest, "&") {
		s.WriteString(before)
		var name string
		if name, rest, found = strings.Cut(rest, ";"); !found {
			return "", ErrShape
		}
		r, ok := entity(name)
		if !ok {
			return "", ErrShape
		}
		s.WriteRune(r)
	}
	s.WriteString(before)
	return s.String(), nil
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, is := strings.CutPrefix(digits, "x"); is {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), ok && err == nil && n != 0 && utf8.ValidRune(rune(n))
}

// element reads up to the next tag, and passes over what stands before it.
func (l *xmlList) element() (tag, error) {
	for {
		_, t, err := l.next()
		if err != nil || t.name != "" {
			return t, err
		}
	}
}

// value reads an element that has begun, to its end.
func (l *xmlList) value(t tag, depth int) (any, error) {
	if l.parts++; depth > maxDepth || l.parts > maxParts {
		return nil, ErrLarge
	}
	switch t.name {
	case "dict":
		return l.dict(t, depth)
	case "array":
		return l.array(t, depth)
	}
	s, err := l.text(t)
	if err != nil {
		return nil, err
	}
	switch t.name {
	case "true", "false":
		return t.name == "true", nil
	case "string":
		return s, nil
	case "integer":
		n, err := strconv.ParseInt(strings.TrimSpace(s), 0, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrShape, err)
		}
		return n, nil
	}
	return nil, nil // dates, data, fractions
}

// text reads what stands in an element without others in it.
func (l *xmlList) text(open tag) (string, error) {
	var s strings.Builder
	for !open.empty {
		text, t, err := l.next()
		switch {
		case err != nil:
			return "", err
		case t.end && t.name == open.name:
			return s.String(), nil
		case t.name != "":
			return "", ErrShape
		}
		s.WriteString(text)
	}
	return "", nil
}

// inside reads the next tag within an element; ended tells that it was the element's
// own end.
func (l *xmlList) inside(open tag) (t tag, ended bool, err error) {
	if open.empty {
		return tag{}, true, nil
	}
	if t, err = l.element(); err != nil || !t.end {
		return t, false, err
	}
	if t.name != open.name {
		return tag{}, false, ErrShape
	}
	return tag{}, true, nil
}

func (l *xmlList) array(open tag, depth int) (any, error) {
	var list []any
	for {
		t, ended, err := l.inside(open)
		if err != nil || ended {
			return list, err
		}
		v, err := l.value(t, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (l *xmlList) dict(open tag, depth int) (any, error) {
	d := Dict{}
	for {
		t, ended, err := l.inside(open)
		if err != nil || ended {
			return d, err
		}
		if t.name != "key" {
			return nil, ErrShape
		}
		key, err := l.text(t)
		if err != nil {
			return nil, err
		}
		if t, ended, err = l.inside(open); err != nil || ended {
			return nil, ErrShape
		}
		if d[key], err = l.value(t, depth+1); err != nil {
			return nil, err
		}
	}
}
