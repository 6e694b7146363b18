package nginx

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// What Move and Remove refuse with, beside the errors of confedit.
var (
	ErrRange = errors.New("the port is one of a range")
	ErrLast  = errors.New("the server has no other listen, and would take its default port")
)

// Move returns the edits that take every listen on from to to, and with the last
// listen on that port what tells clients of it. In from, "" is every address, and
// "0.0.0.0" also what is written without one. A listen that would say the same as
// another of its block goes; a server that implies the port gets a listen.
//
// Errors wrap confedit.ErrNoPlace and [ErrRange]. It does not know whether to is free,
// nor whether another server of the tree has it with other options: nginx -t does.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if to.Port == 0 {
		return nil, fmt.Errorf("port 0: %w", confedit.ErrNoPlace)
	}
	r, err := again(t)
	if err != nil {
		return nil, err
	}
	m := mover{to: to, taken: map[string]bool{}, seen: map[confedit.Edit]bool{}, moved: map[*directive]bool{}}
	stay := false
	var moved []listen
	for _, l := range r.listens {
		switch {
		case l.place.Port != from.Port:
		case from.Addr == "" || wild(from.Addr) == wild(l.place.Addr):
			moved = append(moved, l)
			continue
		default:
			stay = true
		}
		m.taken[l.block()+said(l.place.Addr, l.place.Port)] = true
	}
	if len(moved) == 0 {
		return nil, fmt.Errorf("%s: %w", said(from.Addr, from.Port), confedit.ErrNoPlace)
	}
	for _, l := range moved {
		if err := m.move(l); err != nil {
			return nil, err
		}
	}
	if !stay && to.Port != from.Port {
		for _, p := range r.tree.Places {
			if p.Role == confedit.Announces && p.Port == from.Port {
				m.announce(p)
			}
		}
	}
	return m.edits, nil
}

// wild makes the two spellings of every IPv4 address one.
func wild(addr string) string {
	if addr == "" {
		return "0.0.0.0"
	}
	return addr
}

// said spells an endpoint as nginx wants it.
func said(addr string, port uint16) string {
	switch p := strconv.Itoa(int(port)); {
	case addr == "":
		return p
	case strings.Contains(addr, ":"):
		return "[" + addr + "]:" + p
	default:
		return addr + ":" + p
	}
}

// block names the block that a listen stands in.
func (l listen) block() string {
	if l.d == nil || l.d.up == nil {
		return fmt.Sprintf("%s %d ", l.doc.Name, l.place.From)
	}
	return fmt.Sprintf("%s %d ", l.doc.Name, l.d.up.from)
}

type mover struct {
	to    confedit.Endpoint
	taken map[string]bool // what a block listens on when all is done
	moved map[*directive]bool
	seen  map[confedit.Edit]bool
	edits []confedit.Edit
}

func (m *mover) edit(e confedit.Edit) {
	if !m.seen[e] { // a file may be included twice
		m.seen[e] = true
		m.edits = append(m.edits, e)
	}
}

func (m *mover) announce(p confedit.Place) {
	text := strconv.Itoa(int(m.to.Port))
	if p.Implied {
		text = ":" + text
	}
	m.edit(confedit.Edit{File: p.File, From: p.From, To: p.To, Text: text})
}

func (m *mover) move(l listen) error {
	addr := m.to.Addr
	if addr == "" {
		addr = l.place.Addr
	}
	if l.d == nil {
		m.edit(added(l, said(addr, m.to.Port)))
		return nil
	}
	e, _ := parseEndpoint(l.d.arg(1))
	if e.port != e.last {
		return fmt.Errorf("%s:%d: %w", l.place.File, l.place.Line, ErrRange)
	}
	key := l.block() + said(addr, m.to.Port)
	first := confedit.Edit{File: l.doc.Name, From: l.d.words[1].from, To: l.d.words[1].to, Text: said(addr, m.to.Port)}
	if m.taken[key] && !m.moved[l.d] {
		m.edit(without(l))
		return nil
	}
	m.taken[key], m.moved[l.d] = true, true
	w := l.d.words[1]
	if addr == l.place.Addr && w.value == string(l.doc.data[w.from:w.to]) { // the port alone
		first.From, first.To, first.Text = w.from+e.from, w.from+e.until, strconv.Itoa(int(m.to.Port))
		if e.bare {
			first.Text = ":" + first.Text
		}
	}
	m.edit(first)
	if !strings.Contains(addr, ":") && strings.Contains(l.place.Addr, ":") {
		for _, e := range l.bothFamilies() {
			m.edit(e)
		}
	}
	return nil
}

// bothFamilies takes out the parameter that says whether [::] is IPv4, too; beside an
// IPv4 address nginx refuses it.
func (l listen) bothFamilies() []confedit.Edit {
	var out []confedit.Edit
	for i, w := range l.d.words[min(2, len(l.d.words)):] {
		if strings.HasPrefix(w.value, "ipv6only=") && l.doc.data[w.from-1] != '"' && l.doc.data[w.from-1] != '\'' {
			out = append(out, confedit.Edit{File: l.doc.Name, From: l.d.words[i+1].to, To: w.to})
		}
	}
	return out
}

// added writes a listen into a server that has none, in the style of what follows.
func added(l listen, endpoint string) confedit.Edit {
	e := confedit.Edit{File: l.doc.Name, From: l.place.From, To: l.place.From, Text: "listen " + endpoint + ";"}
	before := l.doc.data[:e.From]
	if n := len(before); n > 0 && before[n-1] == '{' {
		e.Text = " " + e.Text + " "
		return e
	}
	gap := before[len(bytes.TrimRight(before, " \t")):]
	if lead := before[:len(before)-len(gap)]; bytes.HasSuffix(lead, []byte("\r\n")) {
		gap = append([]byte("\r\n"), gap...)
	} else if bytes.HasSuffix(lead, []byte("\n")) {
		gap = append([]byte("\n"), gap...)
	} else {
		gap = []byte(" ")
	}
	e.Text += string(gap)
	return e
}
