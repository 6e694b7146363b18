package lighttpd

import (
	"fmt"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Move takes what listens on from to another endpoint. A port from a variable moves
// where the variable is set, unless a place that stays takes it too: then the error
// wraps confedit.ErrVariable.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if len(t.Files) == 0 {
		return nil, confedit.ErrNoPlace
	}
	r, err := read(confedit.Kept(t), t.Files[0].Name)
	if err != nil {
		return nil, err
	}
	if err := piece.Collide(r.On(from), to); err != nil {
		return nil, fmt.Errorf("lighttpd: port %d: %w", from.Port, err)
	}
	var edits []confedit.Edit
	found := false
	for _, s := range r.spots {
		if !on(s, from) {
			continue
		}
		found = true
		more, err := r.move(s, from, to)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", s.place.File, s.place.Line, err)
		}
		for _, e := range more {
			if !slices.Contains(edits, e) {
				edits = append(edits, e)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("lighttpd: port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	return edits, nil
}

func on(s spot, e confedit.Endpoint) bool {
	return s.place.Port == e.Port && (e.Addr == "" || e.Addr == s.place.Addr)
}

func (r *reader) move(s spot, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	addr := to.Addr != "" && to.Addr != s.place.Addr
	p, digits := s.place, piece.Digits(to.Port)
	f := piece.Data(r.Tree, p.File)
	switch {
	case s.main && p.Implied:
		lines := "server.port = " + digits
		if addr && r.set["server.bind"].text == "" {
			lines += piece.LineEnd(f.Data) + bind(to.Addr)
			addr = false
		}
		edits := []confedit.Edit{piece.NewLine(f, p.From, lines)}
		return r.address(edits, s, addr, to)
	case s.main && s.value.literal:
		return r.address([]confedit.Edit{{File: p.File, From: p.From, To: p.To, Text: digits}}, s, addr, to)
	case p.Via != "":
		if addr && !s.main {
			return nil, fmt.Errorf("%s holds the socket: %w", p.Via, confedit.ErrVariable)
		}
		edits, err := r.variable(s, from, digits)
		if err != nil {
			return nil, err
		}
		return r.address(edits, s, addr, to)
	case !s.value.literal:
		return nil, fmt.Errorf("the socket is put together: %w", confedit.ErrSyntax)
	case p.Implied: // an address alone, with the port of server.port
		return r.alone(s, from, to)
	}
	e, ok := piece.Respell(p.File, p.From, s.value.text, to)
	if !ok {
		return nil, confedit.ErrSyntax
	}
	return []confedit.Edit{e}, nil
}

// alone moves a socket that takes server.port: with it when that moves too.
func (r *reader) alone(s spot, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	addr := s.place.Addr
	if to.Addr != "" {
		addr = to.Addr
	}
	if i := slices.IndexFunc(r.spots, func(o spot) bool { return o.main && on(o, from) }); i >= 0 && addr == s.place.Addr {
		return nil, nil
	}
	return []confedit.Edit{{File: s.place.File, From: s.value.from, To: s.value.to, Text: piece.Host(addr) + ":" + piece.Digits(to.Port)}}, nil
}

// address adds the edit of server.bind: of its value, or a line of its own.
func (r *reader) address(edits []confedit.Edit, s spot, needed bool, to confedit.Endpoint) ([]confedit.Edit, error) {
	if !needed {
		return edits, nil
	}
	b, ok := r.set["server.bind"]
	if !ok {
		f := piece.Data(r.Tree, s.place.File)
		next := s.place.To + piece.Until(string(f.Data[s.place.To:]), "\n") + 1
		return append(edits, piece.NewLine(f, min(next, len(f.Data)), bind(to.Addr))), nil
	}
	if !b.literal {
		return nil, fmt.Errorf("server.bind: %w", confedit.ErrVariable)
	}
	return append(edits, confedit.Edit{File: b.file, From: b.from, To: b.to, Text: piece.Host(to.Addr)}), nil
}

func bind(addr string) string { return `server.bind = "` + piece.Host(addr) + `"` }

// variable moves the variable that a place takes its port from.
func (r *reader) variable(s spot, from confedit.Endpoint, digits string) ([]confedit.Edit, error) {
	v, ok := r.set[s.place.Via]
	if !ok {
		v = r.set["var."+s.place.Via]
	}
	if !v.literal || v.text != piece.Digits(s.place.Port) {
		return nil, fmt.Errorf("%s is not the port alone: %w", s.place.Via, confedit.ErrVariable)
	}
	for _, o := range r.spots {
		if !on(o, from) && (o.place.Via == s.place.Via || o.main && s.place.Via == "server.port") {
			return nil, fmt.Errorf("line %d takes %s too: %w", o.place.Line, s.place.Via, confedit.ErrVariable)
		}
	}
	return []confedit.Edit{{File: v.file, From: v.from, To: v.to, Text: digits}}, nil
}
