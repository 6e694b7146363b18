package tomcat

import (
	"fmt"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Move takes the connectors (and the shutdown port) on from to another endpoint, and
// the redirect ports that follow them where they move from every address; what is
// announced stays. A port that comes from a property moves where the property is
// set, with all that take it from there; where another place takes the property for
// something that must stay, the error wraps confedit.ErrVariable.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if len(t.Files) == 0 {
		return nil, confedit.ErrNoPlace
	}
	s, err := read(confedit.Kept(t), t.Files[0].Name)
	if err != nil {
		return nil, err
	}
	listening := slices.DeleteFunc(s.On(from), func(p confedit.Place) bool { return p.Role != confedit.Listens })
	if err := piece.Collide(listening, to); err != nil {
		return nil, fmt.Errorf("tomcat: port %d: %w", from.Port, err)
	}
	var edits []confedit.Edit
	found := false
	for _, sp := range s.spots {
		if !moves(sp.place, from) {
			continue
		}
		more, err := s.move(sp, from, to)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", sp.place.File, sp.place.Line, err)
		}
		found = found || sp.place.Role == confedit.Listens
		for _, e := range more {
			if !slices.Contains(edits, e) {
				edits = append(edits, e)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("tomcat: port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	return edits, nil
}

func moves(p confedit.Place, from confedit.Endpoint) bool {
	switch p.Role {
	case confedit.Listens:
		return p.Port == from.Port && (from.Addr == "" || from.Addr == p.Addr)
	case confedit.Follows:
		return p.Port == from.Port && from.Addr == ""
	}
	return false
}

func (s *server) move(sp spot, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	port := int(to.Port) - s.offset
	if port <= 0 {
		return nil, fmt.Errorf("portOffset=%d is above port %d: %w", s.offset, to.Port, confedit.ErrSyntax)
	}
	text := piece.Digits(uint16(port))
	edits := []confedit.Edit{{File: sp.place.File, From: sp.place.From, To: sp.place.To, Text: s.doc.Encode(text)}}
	if sp.prop != nil {
		for _, other := range s.spots {
			if other.place.Via == sp.place.Via && !moves(other.place, from) {
				return nil, fmt.Errorf("line %d takes ${%s} too: %w", other.place.Line, sp.place.Via, confedit.ErrVariable)
			}
		}
		edits[0] = confedit.Edit{File: sp.prop.file, From: sp.prop.from, To: sp.prop.to, Text: text}
	}
	if to.Addr != "" && to.Addr != sp.place.Addr && sp.place.Role == confedit.Listens {
		edits = append(edits, s.address(sp, to.Addr))
	}
	return edits, nil
}

// address gives an element its address: in the attribute, or in a new one behind the
// port.
func (s *server) address(sp spot, addr string) confedit.Edit {
	if a, ok := s.doc.Elements[sp.element].Attr("address"); ok {
		return s.doc.Set(s.main, a, addr)
	}
	at := sp.attr.To + s.width(1)
	return confedit.Edit{File: s.main, From: at, To: at, Text: s.doc.Encode(` address="` + addr + `"`)}
}
