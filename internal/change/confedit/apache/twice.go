package apache

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// ErrLast is returned by [Remove] for the last Listen: httpd does not start without one.
var ErrLast = errors.New("httpd does not start without a Listen")

// Twice returns the places by which httpd asks for one socket twice, as Linux has it:
// the same endpoint again, which httpd 2.4 refuses to read, and an address beside every
// address of its family. Each group begins with a place that can stay; [Once] takes
// out the others.
//
// httpd itself makes one socket of 0.0.0.0:80 and [::]:80, and of 80 and a later
// 0.0.0.0:80; these are not twice, nor is a Listen whose conditions are not known.
// On Windows an address may be bound beside every address.
func Twice(t confedit.Tree) [][]confedit.Place {
	x, err := indexed(t)
	if err != nil {
		return nil
	}
	var all []confedit.Place
	for _, p := range t.Places {
		if p.Role == confedit.Listens && x.certain(p) {
			all = append(all, p)
		}
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b confedit.Place) int { return rank(a) - rank(b) })
	var out [][]confedit.Place
	gone := map[int]bool{}
	for i, a := range order {
		if gone[i] {
			continue
		}
		group := []confedit.Place{a}
		for j := i + 1; j < len(order); j++ {
			if !gone[j] && a.Port == order[j].Port && (at{a.File, a.From}) != (at{order[j].File, order[j].From}) && clash(a.Addr, order[j].Addr, earlier(all, order[j], a)) {
				gone[j] = true
				group = append(group, order[j])
			}
		}
		if len(group) > 1 {
			out = append(out, group)
		}
	}
	return out
}

// rank puts in front what takes most.
func rank(p confedit.Place) int {
	switch p.Addr {
	case "":
		return 0
	case "::":
		return 1
	case "0.0.0.0":
		return 2
	}
	return 3
}

func earlier(all []confedit.Place, a, b confedit.Place) bool {
	return slices.Index(all, a) < slices.Index(all, b)
}

// clash reports whether httpd fails with b beside a, where a takes at least as much.
// It was tried with httpd 2.4.
func clash(a, b string, bFirst bool) bool {
	v6 := strings.Contains(b, ":")
	switch {
	case a == b:
		return true
	case a == "" && b == "0.0.0.0":
		return bFirst
	case a == "" || a == "::" && b != "0.0.0.0":
		return true
	}
	return a == "0.0.0.0" && !v6
}

// Once returns the edits that end what a group of [Twice] says: every Listen but the
// first goes. Errors are those of [Remove].
func Once(t confedit.Tree, group []confedit.Place) ([]confedit.Edit, error) {
	var edits []confedit.Edit
	for _, p := range group[min(1, len(group)):] {
		e, err := Remove(t, p)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(edits, e[0]) {
			edits = append(edits, e...)
		}
	}
	return edits, nil
}

// Remove returns the edits that take a Listen out, with its line. Errors wrap
// confedit.ErrNoPlace, for what is no Listen, and [ErrLast].
func Remove(t confedit.Tree, p confedit.Place) ([]confedit.Edit, error) {
	x, err := indexed(t)
	if err != nil {
		return nil, err
	}
	s, ok := x.words[at{p.File, p.From}]
	if !ok || s.n.name != "listen" {
		return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, confedit.ErrNoPlace)
	}
	another := func(o confedit.Place) bool {
		return o.Role == confedit.Listens && (o.File != p.File || o.From != p.From) && (x.certain(o) || !x.certain(p))
	}
	if !slices.ContainsFunc(t.Places, another) {
		return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, ErrLast)
	}
	return []confedit.Edit{{File: p.File, From: s.n.from, To: s.n.to}}, nil
}
