package apache

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// Move returns the edits that take every Listen on from to to, and what must follow:
// the addresses of <VirtualHost> and NameVirtualHost, and with the last Listen on
// that port what tells clients of it. Where another Listen stays on the port, a
// virtual host of every address gets the new port beside the old. In from, "" is
// every address; "0.0.0.0" and "::" are also what is written without one. A Listen
// that would say the same as another goes.
//
// A port in a variable is changed where the variable is defined, if it has one value
// and everything that takes the port from it moves; else the error wraps
// confedit.ErrVariable. It wraps confedit.ErrNoPlace where nothing listens on from.
// Whether to is free is not known here.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if to.Port == 0 {
		return nil, fmt.Errorf("port 0: %w", confedit.ErrNoPlace)
	}
	x, err := indexed(t)
	if err != nil {
		return nil, err
	}
	m := &mover{index: x, from: from, to: to, defined: map[string]bool{}, taken: map[string]bool{}, left: map[string]bool{}, changed: map[int]bool{}, seen: map[confedit.Edit]bool{}}
	if err := m.listens(); err != nil {
		return nil, err
	}
	for i, p := range t.Places {
		if p.Role != confedit.Listens && p.Port == from.Port && (to.Port != from.Port || m.left[p.Addr]) {
			if err := m.follow(i, p); err != nil {
				return nil, err
			}
		}
	}
	return m.edits, m.check()
}

type mover struct {
	*index
	from, to confedit.Endpoint
	stays    bool            // another Listen is on the port
	taken    map[string]bool // what is listened on when all is done
	left     map[string]bool // the addresses that moved away
	changed  map[int]bool    // the places that are done, by their index
	defined  map[string]bool // the variables that have a new value
	seen     map[confedit.Edit]bool
	edits    []confedit.Edit
}

func (m *mover) edit(doc *Doc, from, to int, text string) {
	e := confedit.Edit{File: doc.Name, From: from, To: to, Text: text}
	if !m.seen[e] { // a file may be included twice
		m.seen[e] = true
		m.edits = append(m.edits, e)
	}
}

// meant reports whether a Listen is one that from asks for.
func (m *mover) meant(p confedit.Place) bool {
	if p.Role != confedit.Listens || p.Port != m.from.Port {
		return false
	}
	a := m.from.Addr
	return a == "" || a == p.Addr || p.Addr == "" && (a == "0.0.0.0" || a == "::")
}

func (m *mover) listens() error {
	var mine []int
	for i, p := range m.tree.Places {
		if m.meant(p) {
			mine = append(mine, i)
			continue
		}
		if p.Role == confedit.Listens {
			m.stays = m.stays || p.Port == m.from.Port
			m.taken[said(p.Addr, p.Port)] = m.taken[said(p.Addr, p.Port)] || m.certain(p)
		}
	}
	if len(mine) == 0 {
		return fmt.Errorf("%s: %w", said(m.from.Addr, m.from.Port), confedit.ErrNoPlace)
	}
	done := map[at]bool{}
	for _, i := range mine {
		p := m.tree.Places[i]
		m.changed[i] = true
		if key := (at{p.File, p.From}); !done[key] {
			done[key] = true
			if err := m.listen(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *mover) listen(p confedit.Place) error {
	s, ok := m.words[at{p.File, p.From}]
	if !ok {
		return fmt.Errorf("%s:%d: %w", p.File, p.Line, confedit.ErrNoPlace)
	}
	addr := p.Addr
	if m.to.Addr != "" && m.to.Addr != addr {
		addr = m.to.Addr
		m.left[p.Addr] = true
	}
	if err := outside(p); err != nil {
		return err
	}
	key := said(addr, m.to.Port)
	if m.taken[key] && m.certain(p) {
		m.edit(s.doc, s.n.from, s.n.to, "")
		return nil
	}
	m.taken[key] = m.taken[key] || m.certain(p)
	if addr == p.Addr {
		addr = ""
	}
	m.protocol(p, s)
	return m.spell(s, addr, m.to.Port != p.Port)
}

// protocol writes down what a Listen speaks, where that hangs on the port: https on
// 443 and http on every other, says httpd's document on Listen.
func (m *mover) protocol(p confedit.Place, s spot) {
	if len(s.n.words) > 1 || (p.Port == 443) == (m.to.Port == 443) {
		return
	}
	_, to := s.outer()
	if p.Port == 443 {
		m.edit(s.doc, to, to, " https")
	} else {
		m.edit(s.doc, to, to, " http")
	}
}

// outside refuses a place whose variable no file of the tree sets.
func outside(p confedit.Place) error {
	if name, ok := strings.CutPrefix(p.Via, Outside); ok {
		return fmt.Errorf("%s:%d: ${%s} comes from outside the configuration: %w", p.File, p.Line, name, confedit.ErrVariable)
	}
	return nil
}

// spell writes an address, unless it is "", and the new port, if it is one, at a
// word that reads [ADDR:]PORT, or where its variable is defined.
func (m *mover) spell(s spot, addr string, newPort bool) error {
	from, to := portIn(s.n, s.w)
	digits := s.n.text[from:to]
	name, isVariable := variable(digits)
	_, isPort := port(digits)
	text := strconv.Itoa(int(m.to.Port))
	off, end := s.n.span(from, to)
	switch {
	case isVariable && from == s.w.from && m.whole(name):
		return m.define(name, addr, newPort)
	case !isPort && !isVariable || s.raw() != s.w.value:
		return fmt.Errorf("%s: %q: %w", s.doc.Name, s.raw(), confedit.ErrVariable)
	case isPort && addr != "":
		off, _ = s.n.span(s.w.from, to)
		m.edit(s.doc, off, end, host(addr)+":"+text)
	case isPort && newPort:
		m.edit(s.doc, off, end, text)
	case isVariable && addr != "":
		start, _ := s.n.span(s.w.from, to)
		m.edit(s.doc, start, off, host(addr)+":")
	}
	if isVariable {
		return m.define(name, "", newPort)
	}
	return nil
}

// whole reports whether a variable holds an address, too.
func (m *mover) whole(name string) bool {
	for _, s := range m.defines[name] {
		if s.n != nil && strings.Contains(s.w.value, ":") {
			return true
		}
	}
	return false
}

// define gives a variable its new value, once.
func (m *mover) define(name, addr string, newPort bool) error {
	if m.defined[name] || addr == "" && !newPort {
		return nil
	}
	m.defined[name] = true
	spots, err := m.value(name)
	if err != nil {
		return err
	}
	for _, s := range spots {
		if err := m.spell(s, addr, newPort); err != nil {
			return err
		}
	}
	return nil
}

// follow changes what stands for a port that was moved.
func (m *mover) follow(i int, p confedit.Place) error {
	s := m.words[at{p.File, p.From}]
	switch {
	case p.Role == confedit.Announces && !m.stays && m.to.Port != p.Port:
		m.changed[i] = true
		return m.announce(p, s)
	case p.Role != confedit.Follows || s.n == nil:
		return nil
	case !m.stays || m.from.Addr != "" && p.Addr == m.from.Addr:
		m.changed[i] = true
		return m.takeAlong(p, s)
	case p.Addr == "" && m.to.Port != p.Port:
		m.beside(p, s)
	}
	return nil
}

func (m *mover) announce(p confedit.Place, s spot) error {
	if err := outside(p); err != nil {
		return err
	}
	if s.n != nil {
		return m.spell(s, "", true)
	}
	text := strconv.Itoa(int(m.to.Port))
	if p.Implied {
		text = ":" + text
	}
	m.edit(&Doc{Name: p.File}, p.From, p.To, text)
	return nil
}

// takeAlong changes an address of a virtual host, or takes it out where the same
// host has the new one already.
func (m *mover) takeAlong(p confedit.Place, s spot) error {
	addr := ""
	if p.Addr != "" && m.left[p.Addr] {
		addr = m.to.Addr
	}
	if addr == "0.0.0.0" || addr == "::" {
		addr = "*"
	}
	if addr == "" && m.to.Port == p.Port {
		return nil
	}
	if err := outside(p); err != nil {
		return err
	}
	now := p.Addr
	if addr != "" {
		now = strings.Trim(addr, "*")
	}
	if m.named(p, now) {
		from, to := s.outer()
		for from > 0 && strings.IndexByte(spaces, s.doc.data[from-1]) >= 0 {
			from--
		}
		m.edit(s.doc, from, to, "")
		return nil
	}
	return m.spell(s, addr, m.to.Port != p.Port)
}

// named reports whether the line of p has an address on the new port.
func (m *mover) named(p confedit.Place, addr string) bool {
	return slices.ContainsFunc(m.hosts[at{p.File, p.Line}], func(o confedit.Place) bool {
		return o.From != p.From && o.Port == m.to.Port && o.Addr == addr
	})
}

// outer is where a word is with its quotes.
func (s spot) outer() (from, to int) {
	from, to = s.n.span(s.w.from, s.w.to)
	if s.w.from > 0 && s.w.to < len(s.n.text) && s.n.text[s.w.from-1] == s.n.text[s.w.to] && strings.IndexByte(`"'`, s.n.text[s.w.to]) >= 0 {
		return from - 1, to + 1
	}
	return from, to
}

// beside adds the new port to a virtual host that keeps the old one.
func (m *mover) beside(p confedit.Place, s spot) {
	text := "*:" + strconv.Itoa(int(m.to.Port))
	switch {
	case m.named(p, ""):
	case s.n.section():
		_, to := s.outer()
		m.edit(s.doc, to, to, " "+text)
	default:
		line := s.doc.data[s.n.from:s.n.to]
		body := bytes.TrimRight(line, "\r\n")
		indent := body[:len(body)-len(bytes.TrimLeft(body, " \t"))]
		eol := string(line[len(body):])
		if eol == "" {
			eol = "\n"
		}
		end := s.n.from + len(body)
		m.edit(s.doc, end, end, eol+string(indent)+"NameVirtualHost "+text)
	}
}

// check refuses a new value of a variable from which something else takes its port.
func (m *mover) check() error {
	known := map[string]bool{}
	for i, p := range m.tree.Places {
		if !m.changed[i] && m.depends(p.Via, known) {
			return fmt.Errorf("%s:%d takes its port from ${%s}, too: %w", p.File, p.Line, p.Via, confedit.ErrVariable)
		}
	}
	return nil
}

// depends reports whether a variable, or one of those it is made of, has a new value.
func (m *mover) depends(name string, known map[string]bool) bool {
	if yes, seen := known[name]; seen {
		return yes
	}
	known[name] = m.defined[name]
	for _, s := range m.defines[name] {
		if s.n == nil {
			continue
		}
		for _, part := range strings.Split(s.w.value, "${")[1:] {
			inner, _, _ := strings.Cut(part, "}")
			if m.depends(inner, known) {
				known[name] = true
			}
		}
	}
	return known[name]
}
