package nginx

import (
	"errors"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// Twice returns the places of which nginx itself would bind two that cannot both be
// bound, as Linux has it: [::]:80 ipv6only=off beside an IPv4 address, a separate
// bind beside every address, the same endpoint in http and in stream, and one
// endpoint twice in a server, which nginx refuses to read. Each group begins with a
// place that can stay; [Once] takes out the others.
//
// Many servers on one endpoint share one socket, and so does an address beside every
// address; they are not twice.
func Twice(t confedit.Tree) [][]confedit.Place {
	r, err := again(t)
	if err != nil {
		return nil
	}
	var out [][]confedit.Place
	sockets := r.sockets()
	gone := map[*socket]bool{}
	for i, a := range sockets {
		out = append(out, a.inOneServer()...)
		if gone[a] {
			continue
		}
		group := []confedit.Place{a.listens[0].place}
		for _, b := range sockets[i+1:] {
			if a.stays(b) && !gone[b] {
				gone[b] = true
				for _, l := range b.listens {
					group = append(group, l.place)
				}
			}
		}
		if len(group) > 1 {
			out = append(out, group)
		}
	}
	return out
}

// Once returns the edits that end what a group of [Twice] says: the listens but the
// first go. Where a server would be without a listen then, and the first is [::] with
// ipv6only=off, that parameter goes instead, and IPv4 stays with the others. Else
// errors are those of [Remove].
func Once(t confedit.Tree, group []confedit.Place) ([]confedit.Edit, error) {
	r, err := again(t)
	if err != nil || len(group) == 0 {
		return nil, err
	}
	edits, err := removeAll(t, r, group[1:])
	if !errors.Is(err, ErrLast) {
		return edits, err
	}
	for _, s := range r.sockets() {
		if !s.both || s.port != group[0].Port || s.addr != group[0].Addr {
			continue
		}
		for _, l := range s.listens {
			for _, e := range l.bothFamilies() {
				if !slices.Contains(edits, e) {
					edits = append(edits, e)
				}
			}
		}
	}
	if len(edits) == 0 {
		return nil, err
	}
	return edits, nil
}

// removeAll takes out several listens, and makes sure that no server is left without.
func removeAll(t confedit.Tree, before *reader, places []confedit.Place) ([]confedit.Edit, error) {
	var edits []confedit.Edit
	for _, p := range places {
		e, err := Remove(t, p)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(edits, e[0]) {
			edits = append(edits, e...)
		}
	}
	then := confedit.Tree{Server: t.Server, Places: t.Places}
	for _, f := range t.Files {
		data, err := confedit.Apply(f, edits)
		if err != nil {
			return nil, err
		}
		then.Files = append(then.Files, confedit.File{Name: f.Name, Data: data})
	}
	after, err := again(then)
	if err == nil && after.without() > before.without() {
		return nil, ErrLast
	}
	return edits, err
}

// without counts the servers that have no listen.
func (r *reader) without() int {
	n := 0
	for _, l := range r.listens {
		if l.d == nil {
			n++
		}
	}
	return n
}

// socket is what nginx makes of the listens on one endpoint.
type socket struct {
	module, addr string
	port         uint16
	both         bool // [::] with IPv4 as well
	separate     bool // bound although every address is bound, too
	listens      []listen
}

// separate are the parameters that make nginx bind an endpoint on its own, as its
// documents say of bind.
var separate = [...]string{"bind", "setfib", "fastopen", "backlog", "rcvbuf", "sndbuf", "accept_filter", "deferred", "ipv6only", "reuseport", "so_keepalive"}

// sockets are the sockets of a configuration, those that take most in front.
func (r *reader) sockets() []*socket {
	var all []*socket
	byKey := map[string]*socket{}
	for _, l := range r.listens {
		key := l.module + " " + said(wild(l.place.Addr), l.place.Port)
		s := byKey[key]
		if s == nil {
			s = &socket{module: l.module, addr: wild(l.place.Addr), port: l.place.Port}
			byKey[key] = s
			all = append(all, s)
		}
		s.add(l)
	}
	slices.SortStableFunc(all, func(a, b *socket) int { return a.rank() - b.rank() })
	return all
}

func (s *socket) add(l listen) {
	s.listens = append(s.listens, l)
	if l.d == nil {
		return
	}
	v, _ := l.d.has("ipv6only")
	s.both = s.both || v == "off" && s.addr == "::"
	for _, name := range separate {
		_, has := l.d.has(name)
		s.separate = s.separate || has
	}
}

func (s *socket) rank() int {
	switch {
	case s.both:
		return 0
	case s.any():
		return 1
	}
	return 2
}

func (s *socket) any() bool { return s.addr == "0.0.0.0" || s.addr == "::" }
func (s *socket) v6() bool  { return strings.Contains(s.addr, ":") }

// stays reports whether b cannot be bound beside s.
func (s *socket) stays(b *socket) bool {
	switch {
	case s.port != b.port:
		return false
	case s.addr == b.addr:
		return s.module != b.module
	case s.both && !b.v6():
		return true
	case !s.any() || s.v6() != b.v6():
		return false
	}
	return s.module != b.module || b.separate
}

// inOneServer are the endpoints that one server names twice.
func (s *socket) inOneServer() [][]confedit.Place {
	var out [][]confedit.Place
	first := map[int]confedit.Place{}
	for _, l := range s.listens {
		p, again := first[l.server]
		if again {
			out = append(out, []confedit.Place{p, l.place})
			continue
		}
		first[l.server] = l.place
	}
	return out
}
