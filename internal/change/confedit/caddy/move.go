package caddy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Why a move is refused. ErrScheme: on the new port a site would turn from HTTP to
// HTTPS or back. ErrShared: the line that would change moves something else too.
var (
	ErrScheme = errors.New("the port decides between HTTP and HTTPS")
	ErrShared = errors.New("something that stays is moved by the same line")
)

// Move takes what listens on from to another endpoint. Ports that are written are
// changed where they are, with the scheme added where the old port was what told it;
// what is implied moves by http_port, https_port or admin of the global options.
func Move(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error) {
	if len(t.Files) == 0 {
		return nil, confedit.ErrNoPlace
	}
	r, err := read(confedit.Kept(t), t.Files[0].Name)
	if err != nil {
		return nil, err
	}
	if err := piece.Collide(r.On(from), to); err != nil {
		return nil, fmt.Errorf("caddy: port %d: %w", from.Port, err)
	}
	m := mover{reader: r, from: from, to: to}
	for _, s := range r.spots {
		if !m.on(s) {
			continue
		}
		m.found = true
		if err := m.move(s); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", s.place.File, s.place.Line, s.place.Of, err)
		}
	}
	if !m.found {
		return nil, fmt.Errorf("caddy: port %d: %w", from.Port, confedit.ErrNoPlace)
	}
	return append(m.global(), m.edits...), nil
}

type mover struct {
	*reader
	from, to confedit.Endpoint
	edits    []confedit.Edit
	lines    []string // new global options
	found    bool
}

func (m *mover) on(s spot) bool {
	return s.place.Port == m.from.Port && (m.from.Addr == "" || m.from.Addr == s.place.Addr)
}

func (m *mover) add(e confedit.Edit) {
	if !slices.Contains(m.edits, e) {
		m.edits = append(m.edits, e)
	}
}

func (m *mover) move(s spot) error {
	if s.option == adminOption {
		return m.admin(s)
	}
	addr := m.to.Addr != "" && m.to.Addr != s.place.Addr
	if addr {
		if err := m.bind(s); err != nil {
			return err
		}
	}
	switch {
	case m.to.Port == m.from.Port:
		return nil
	case s.option != "":
		return m.option(s.option)
	}
	return m.port(s)
}

// admin moves the admin API.
func (m *mover) admin(s spot) error {
	addr := s.place.Addr
	if m.to.Addr != "" {
		addr = m.to.Addr
	}
	text := piece.Host(addr) + ":" + piece.Digits(m.to.Port)
	if s.place.Implied {
		m.lines = append(m.lines, adminOption+" "+text)
		return nil
	}
	m.add(confedit.Edit{File: s.place.File, From: s.place.From, To: s.place.To, Text: text})
	return nil
}

// port changes the digits of an address.
func (m *mover) port(s spot) error {
	a := *s.key
	a.port = m.to.Port
	secure := m.options.secure(*s.key)
	plainPort, securePort := m.options.ports()
	if secure && m.to.Port == plainPort || !secure && m.to.Port == securePort {
		return ErrScheme
	}
	for _, o := range m.spots { // the same words, on another address of a bind line
		if o.key == s.key && !m.on(o) {
			return ErrShared
		}
	}
	m.add(confedit.Edit{File: s.place.File, From: a.at, To: a.to, Text: piece.Digits(m.to.Port)})
	if m.options.secure(a) == secure {
		return nil
	}
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	m.add(confedit.Edit{File: s.place.File, From: a.from, To: a.from, Text: scheme})
	return nil
}

// option moves everything that takes its port from a global option.
func (m *mover) option(name string) error {
	plain, secure := m.options.ports()
	if name == httpOption && m.to.Port == secure || name == httpsOption && m.to.Port == plain {
		return ErrScheme
	}
	for _, s := range m.spots {
		if s.option == name && !m.on(s) {
			return ErrShared
		}
	}
	if v := m.value(name); v != nil {
		m.add(confedit.Edit{File: m.main, From: v.From, To: v.To(), Text: piece.Digits(m.to.Port)})
		return nil
	}
	if text := name + " " + piece.Digits(m.to.Port); !slices.Contains(m.lines, text) {
		m.lines = append(m.lines, text)
	}
	return nil
}

// bind gives a site another address: in its bind line, or in a new one.
func (m *mover) bind(s spot) error {
	if s.site == nil || s.key == nil {
		return fmt.Errorf("redirects: %w", ErrShared)
	}
	if m.stays(func(o *site) bool { return o == s.site }, s.place.Addr) {
		return ErrShared
	}
	for _, b := range s.site.binds {
		if b.addr == s.place.Addr {
			if m.stays(func(o *site) bool { return slices.Contains(o.binds, b) }, b.addr) { // of a snippet
				return ErrShared
			}
			m.add(confedit.Edit{File: b.file, From: b.at, To: b.to, Text: m.to.Addr})
			return nil
		}
	}
	if len(m.options.binds) > 0 {
		return fmt.Errorf("default_bind: %w", ErrShared)
	}
	indent := "\t"
	if s.site.lone {
		indent = ""
	}
	f := piece.Data(m.Tree, s.site.file)
	m.add(behind(f, s.site.body.open, piece.LineEnd(f.Data)+indent+"bind "+m.to.Addr))
	return nil
}

// stays tells whether something of certain sites on an address is not to be moved.
func (m *mover) stays(of func(*site) bool, addr string) bool {
	return slices.ContainsFunc(m.spots, func(o spot) bool {
		return o.site != nil && o.place.Addr == addr && !m.on(o) && of(o.site)
	})
}

// global is the edit for new global options: in their block, or in a new one in
// front of everything.
func (m *mover) global() []confedit.Edit {
	if len(m.lines) == 0 {
		return nil
	}
	f := piece.Data(m.Tree, m.main)
	end := piece.LineEnd(f.Data)
	text := ""
	for _, l := range m.lines {
		text += end + "\t" + l
	}
	if at := m.options.open; at >= 0 {
		return []confedit.Edit{behind(f, at, text)}
	}
	return []confedit.Edit{{File: m.main, Text: "{" + text + end + "}" + end + end}}
}

// behind puts lines, which begin with a line end, behind a brace or an address line.
// Whatever else is on that line, other than a comment, goes to a line of its own.
func behind(f confedit.File, at int, text string) confedit.Edit {
	rest := string(f.Data[at:])
	rest = strings.TrimLeft(rest[:piece.Until(rest, "\n")], blanks)
	if rest != "" && rest[0] != '#' {
		text += piece.LineEnd(f.Data)
	}
	return confedit.Edit{File: f.Name, From: at, To: at, Text: text}
}
