package plist

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// xmlList is a property list as XML while it is read.
type xmlList struct {
	*xml.Decoder
	parts int
}

func parseXML(b []byte) (any, error) {
	l := &xmlList{Decoder: xml.NewDecoder(bytes.NewReader(b))}
	for {
		start, end, err := l.next()
		switch {
		case err != nil:
			return nil, err
		case end:
			return nil, ErrShape
		case start != "plist":
			return l.value(start, 0)
		}
	}
}

// next reads up to the next element that begins, or to the end of the one that is
// open.
func (l *xmlList) next() (name string, end bool, err error) {
	for {
		t, err := l.Token()
		if err != nil {
			if err == io.EOF {
				return "", false, ErrShape
			}
			return "", false, fmt.Errorf("%w: %w", ErrShape, err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Name.Local, false, nil
		case xml.EndElement:
			return "", true, nil
		}
	}
}

// value reads an element that has begun, to its end.
func (l *xmlList) value(name string, depth int) (any, error) {
	if l.parts++; depth > maxDepth || l.parts > maxParts {
		return nil, ErrLarge
	}
	switch name {
	case "dict":
		return l.dict(depth)
	case "array":
		return l.array(depth)
	case "true", "false":
		_, err := l.text()
		return name == "true", err
	case "string":
		s, err := l.text()
		if err != nil {
			return nil, err
		}
		return s, nil
	case "integer":
		s, err := l.text()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(s), 0, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrShape, err)
		}
		return n, nil
	}
	_, err := l.text() // dates, data, fractions
	return nil, err
}

// text reads what stands in an element without others in it.
func (l *xmlList) text() (string, error) {
	var s strings.Builder
	for {
		t, err := l.Token()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrShape, err)
		}
		switch t := t.(type) {
		case xml.CharData:
			s.Write(t)
		case xml.EndElement:
			return s.String(), nil
		case xml.StartElement:
			return "", ErrShape
		}
	}
}

func (l *xmlList) array(depth int) (any, error) {
	var list []any
	for {
		name, end, err := l.next()
		if err != nil || end {
			return list, err
		}
		v, err := l.value(name, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (l *xmlList) dict(depth int) (any, error) {
	d := Dict{}
	for {
		name, end, err := l.next()
		if err != nil || end {
			return d, err
		}
		if name != "key" {
			return nil, ErrShape
		}
		key, err := l.text()
		if err != nil {
			return nil, err
		}
		if name, end, err = l.next(); err != nil || end {
			return nil, ErrShape
		}
		if d[key], err = l.value(name, depth+1); err != nil {
			return nil, err
		}
	}
}
