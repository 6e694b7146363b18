package apache

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// parseEndpoint reads [ADDR:]PORT; without a port it is not ok. The address is ""
// for *, _default_ and none.
func parseEndpoint(s string) (addr string, p uint16, ok bool) {
	i := strings.LastIndexByte(s, ':')
	p, ok = port(s[i+1:])
	if i < 0 || !ok {
		return "", p, ok
	}
	addr = strings.ToLower(s[:i])
	switch {
	case addr == "*" || addr == "_default_":
		return "", p, true
	case strings.HasPrefix(addr, "[") && strings.HasSuffix(addr, "]"):
		v6, err := netip.ParseAddr(addr[1 : i-1])
		return v6.String(), p, err == nil && v6.Is6()
	}
	return addr, p, addr != "" && strings.Trim(addr, hostBytes) == ""
}

const hostBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

func port(s string) (uint16, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}

// place is the place of a word.
func (r *reader) place(doc *Doc, n *node, w word, s scope) confedit.Place {
	p := confedit.Place{File: doc.Name}
	p.From, p.To = n.span(w.from, w.to)
	p.Line = doc.line(n.from)
	if s.host != nil {
		p.Of = s.host.name
	}
	return p
}

func (r *reader) add(s scope, p confedit.Place) {
	r.tree.Places = append(r.tree.Places, p)
	if s.only != "" {
		r.tree.Notes = append(r.tree.Notes, confedit.Note{File: p.File, Line: p.Line, Text: onlyIf + s.only})
	}
}

func (r *reader) listen(doc *Doc, n *node, s scope) {
	if len(n.words) == 0 {
		return
	}
	p := r.place(doc, n, n.words[0], s)
	text, _ := r.value(n.arg(0))
	var ok bool
	p.Role, p.Via = confedit.Listens, r.via(n, n.words[0])
	if p.Addr, p.Port, ok = parseEndpoint(text); !ok {
		r.note(doc, n, "Listen "+short(n.arg(0))+": the port cannot be read")
		return
	}
	if _, err := netip.ParseAddr(p.Addr); err != nil && p.Addr != "" {
		r.note(doc, n, short(p.Addr)+" is a name, and may be several addresses")
	}
	r.add(s, p)
}

// follows reads the addresses of <VirtualHost> and NameVirtualHost. One without a
// port is for every port, and no place.
func (r *reader) follows(doc *Doc, n *node, s scope) {
	for _, w := range n.words {
		p := r.place(doc, n, w, s)
		text, _ := r.value(w.value)
		var ok bool
		p.Role, p.Via = confedit.Follows, r.via(n, w)
		if p.Addr, p.Port, ok = parseEndpoint(text); ok {
			r.add(s, p)
		} else if strings.Contains(text, "${") {
			r.note(doc, n, n.name+" "+short(w.value)+": the port cannot be read")
		}
	}
}

// serverName keeps a name, and the port that may stand behind it.
func (r *reader) serverName(doc *Doc, n *node, s scope) {
	for _, w := range n.words {
		text, _ := r.value(w.value)
		_, name, isURL := strings.Cut(text, "://")
		if !isURL {
			name = text
		}
		name, digits, _ := strings.Cut(name, ":")
		r.names[strings.ToLower(name)] = true
		if n.name == "serveralias" {
			continue
		}
		if s.host != nil {
			s.host.name = name
		}
		to, ok := port(digits)
		if !ok {
			return
		}
		p := r.place(doc, n, w, s)
		p.Role, p.Port, p.Via = confedit.Announces, to, r.via(n, w)
		from, until := portIn(n, w)
		p.From, p.To = n.span(from, until)
		r.add(s, p)
		return
	}
}

// via names the variable that a word takes its port from.
func (r *reader) via(n *node, w word) string {
	from, to := portIn(n, w)
	_, via := r.value(n.text[from:to])
	return via
}

// portIn is where the port of a word is written: behind the last colon that is in
// no variable and no bracket, or the whole of it.
func portIn(n *node, w word) (from, to int) {
	depth := 0
	if n.text[w.from:w.to] != w.value { // escapes
		return w.from, w.to
	}
	for i := len(w.value) - 1; i >= 0; i-- {
		switch w.value[i] {
		case '}', ']':
			depth++
		case '{', '[':
			depth--
		case ':':
			if depth == 0 {
				return w.from + i + 1, w.to
			}
		}
	}
	return w.from, w.to
}
