package sshd

import (
	"errors"
	"fmt"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

var errShared = errors.New("a ListenAddress would take the other Port lines out of use")

// Move takes what listens on from to another endpoint. A Port line serves every
// address without a port of its own; where from names one of several, that address
// gets its own port instead. The errors wrap confedit.ErrNoPlace, or say why no
// lines can be written that leave the rest as it is.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	on := t.On(from)
	if len(on) == 0 {
		return nil, fmt.Errorf("sshd: port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	if err := piece.Collide(on, to); err != nil {
		return nil, fmt.Errorf("sshd: port %d: %w", from.Port, err)
	}
	r, err := again(t)
	if err != nil {
		return nil, err
	}
	var edits []confedit.Edit
	for _, p := range on {
		e, err := r.move(p, from, to)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", p.File, p.Line, err)
		}
		if !slices.Contains(edits, e) { // one Port line is a place of each bare address
			edits = append(edits, e)
		}
	}
	return edits, nil
}

// again reads a tree from its own files, for the lines behind the places.
func again(t confedit.Tree) (*reader, error) {
	if len(t.Files) == 0 {
		return nil, confedit.ErrNoPlace
	}
	return read(confedit.Kept(t), t.Files[0].Name)
}

func (r *reader) move(p confedit.Place, from, to confedit.Endpoint) (confedit.Edit, error) {
	f := piece.Data(r.Tree, p.File)
	if r.spelt(p) {
		e, _ := piece.Respell(f.Name, p.From, string(f.Data[p.From:p.To]), to)
		return e, nil
	}
	alone := to.Addr != "" && to.Addr != p.Addr || from.Addr != "" && r.bare() > 1
	switch {
	case alone && p.Addr == "":
		return r.narrow(f, p, to)
	case alone:
		return r.own(p, to)
	case p.Implied:
		return piece.NewLine(f, p.From, "Port "+piece.Digits(to.Port)), nil
	}
	return confedit.Edit{File: p.File, From: p.From, To: p.To, Text: piece.Digits(to.Port)}, nil
}

// spelt tells whether a ListenAddress line spells the whole place.
func (r *reader) spelt(p confedit.Place) bool {
	return slices.ContainsFunc(r.addresses, func(a confedit.Place) bool { return a == p })
}

// bare counts the addresses that have no port of their own.
func (r *reader) bare() int {
	n := 0
	for _, a := range r.addresses {
		if a.Port == 0 {
			n++
		}
	}
	return n
}

// narrow puts one address where every address was served.
func (r *reader) narrow(f confedit.File, p confedit.Place, to confedit.Endpoint) (confedit.Edit, error) {
	text := "ListenAddress " + piece.Host(to.Addr) + ":" + piece.Digits(to.Port)
	if p.Implied {
		return piece.NewLine(f, p.From, text), nil
	}
	if len(r.ports) > 1 {
		return confedit.Edit{}, errShared
	}
	for _, l := range lines(Parse(f.Data)) {
		if l.at < p.From && p.To <= l.end {
			return confedit.Edit{File: f.Name, From: l.at, To: l.end, Text: text}, nil
		}
	}
	return confedit.Edit{}, confedit.ErrNoPlace
}

// own gives an address its own port, and keeps it on the other ones that it had.
func (r *reader) own(p confedit.Place, to confedit.Endpoint) (confedit.Edit, error) {
	i := slices.IndexFunc(r.addresses, func(a confedit.Place) bool { return a.Port == 0 && a.Addr == p.Addr })
	if i < 0 {
		return confedit.Edit{}, confedit.ErrNoPlace
	}
	a := r.addresses[i]
	if to.Addr == "" {
		to.Addr = p.Addr
	}
	text := piece.Host(to.Addr) + ":" + piece.Digits(to.Port)
	for _, other := range r.ports {
		if other.Port != p.Port {
			text += piece.LineEnd(piece.Data(r.Tree, a.File).Data) + "ListenAddress " + piece.Host(p.Addr) + ":" + piece.Digits(other.Port)
		}
	}
	return confedit.Edit{File: a.File, From: a.From, To: a.To, Text: text}, nil
}
