package nginx

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
)

// Remove returns the edits that take a listen out, with its line where nothing else
// stands on it. Errors wrap confedit.ErrNoPlace; [ErrLast] where a server would take
// its default port instead; [ErrRange] where other ports would go with it.
func Remove(t confedit.Tree, p confedit.Place) ([]confedit.Edit, error) {
	r, err := again(t)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(r.listens, func(l listen) bool {
		return l.place.File == p.File && l.place.From == p.From && l.place.Port == p.Port
	})
	if i < 0 {
		return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, confedit.ErrNoPlace)
	}
	l := r.listens[i]
	if l.d == nil {
		return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, ErrLast)
	}
	if e, _ := parseEndpoint(l.d.arg(1)); e.port != e.last {
		return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, ErrRange)
	}
	for _, with := range r.listens { // servers that have it through an include, too
		if with.d == l.d && r.only(with) {
			return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, ErrLast)
		}
	}
	return []confedit.Edit{without(l)}, nil
}

// only reports whether a server has no listen but this one.
func (r *reader) only(l listen) bool {
	return !slices.ContainsFunc(r.listens, func(o listen) bool { return o.server == l.server && o.d != l.d })
}

// without takes a directive out, with its line where nothing else stands on it.
func without(l listen) confedit.Edit {
	data, from, to := l.doc.data, l.d.from, l.d.to
	start := len(bytes.TrimRight(data[:from], " \t"))
	end := len(data) - len(bytes.TrimLeft(data[to:], " \t\r"))
	atStart := start == 0 || data[start-1] == '\n'
	switch {
	case atStart && end == len(data):
		from, to = start, end
	case atStart && data[end] == '\n':
		from, to = start, end+1
	case atStart:
		to = end
	default:
		from = start
	}
	return confedit.Edit{File: l.doc.Name, From: from, To: to}
}
