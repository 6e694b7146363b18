package caddy

import (
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// address is a site address: [SCHEME://]HOST[:PORT][/PATH].
type address struct {
	text   string
	scheme string // "http", "https" or ""
	host   string
	port   uint16 // 0 where there is none
	line   int
	from   int // of the text in the file
	at, to int // of the port's digits; where :PORT would be put when there is none
	odd    bool
}

func parseAddress(text string, n, from int, plain bool) address {
	a := address{text: text, line: n, from: from}
	host, begin := text, 0
	if scheme, rest, ok := strings.Cut(text, "://"); ok {
		a.scheme = strings.ToLower(scheme)
		begin = len(text) - len(rest)
		host = rest
	}
	host, _, _ = strings.Cut(host, "/")
	a.odd = !plain || strings.ContainsAny(host, "{$") || a.scheme != "" && a.scheme != "http" && a.scheme != "https"
	a.at = from + begin + len(host)
	a.to = a.at
	a.host = strings.Trim(host, "[]")
	if strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "[") {
		return a // an IPv6 address
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		port, ok := piece.Port(host[i+1:])
		a.port, a.host, a.at = port, strings.Trim(host[:i], "[]"), from+begin+i+1
		a.odd = a.odd || !ok
	}
	return a
}

// spot is a place with the site and the address it is of; both are nil for the admin
// API.
type spot struct {
	place  confedit.Place
	site   *site
	key    *address
	option string // the global option that moves it, where its address has no port
}

// The global options about ports, and the ports without them.
const (
	httpOption, httpsOption, adminOption = "http_port", "https_port", "admin"

	defaultHTTP, defaultHTTPS, defaultAdmin = 80, 443, 2019
)

// global reads the global options.
func (r *reader) global(b block) {
	o := &r.options
	o.open = b.open
	o.line = map[string]int{}
	level := 0
	for _, l := range b.lines {
		if level == 0 && len(l.words) > 1 {
			r.option(l)
		}
		for _, w := range l.words {
			switch w.Raw {
			case "{":
				level++
			case "}":
				level--
			}
		}
	}
}

func (r *reader) option(l line) {
	o := &r.options
	name, value := l.words[0].Raw, l.words[1]
	o.line[name] = l.n
	switch name {
	case httpOption, httpsOption:
		if _, ok := piece.Port(value.Raw); !ok {
			r.Note(l.file, l.n, name+" "+value.Raw+" is no number that can be read")
		} else if name == httpOption {
			o.httpPort = &value
		} else {
			o.httpsPort = &value
		}
	case adminOption:
		o.adminOff = value.Raw == "off" || strings.ContainsAny(value.Raw, "/{")
		if s, ok := piece.Spell(value.Raw); ok && s.Port > 0 {
			o.admin = &value
		}
	case "auto_https":
		for _, w := range l.words[1:] {
			o.noHTTPS = o.noHTTPS || w.Raw == "off"
			o.noRedirects = o.noRedirects || w.Raw == "off" || w.Raw == "disable_redirects"
		}
	case "default_bind":
		o.binds = append(o.binds, r.bindLine(l)...)
	}
}

func (o options) ports() (plain, secure uint16) {
	plain, secure = defaultHTTP, defaultHTTPS
	if o.httpPort != nil {
		plain, _ = piece.Port(o.httpPort.Raw)
	}
	if o.httpsPort != nil {
		secure, _ = piece.Port(o.httpsPort.Raw)
	}
	return plain, secure
}

// secure tells whether a site with an address serves HTTPS.
func (o options) secure(a address) bool {
	plain, secure := o.ports()
	switch {
	case a.scheme != "":
		return a.scheme == "https"
	case a.port == plain:
		return false
	}
	return a.port == secure || a.port == 0 || a.host != "" && !o.noHTTPS
}

// all makes the places of everything that was read.
func (r *reader) all() []spot {
	var out []spot
	redirects := map[string]bool{}
	for _, s := range r.sites {
		for i := range s.keys {
			a := &s.keys[i]
			if a.odd {
				r.Note(s.file, a.line, "the address "+a.text+" is not one that can be read")
				continue
			}
			for _, addr := range r.addrs(s) {
				if r.Full(len(out), s.file, a.line) {
					return out
				}
				out = append(out, r.spot(s, a, addr))
				redirected := a.host != "" && a.scheme != "http" && r.options.secure(*a) && !r.options.noRedirects
				if redirected && !redirects[addr] {
					redirects[addr] = true
					out = append(out, r.redirect(s, addr))
				}
			}
		}
	}
	return append(out, r.admin()...)
}

func (r *reader) addrs(s *site) []string {
	binds := s.binds
	if len(binds) == 0 {
		binds = r.options.binds
	}
	if len(binds) == 0 {
		return []string{""}
	}
	var out []string
	for _, b := range binds {
		out = append(out, b.addr)
	}
	return out
}

func (r *reader) spot(s *site, a *address, addr string) spot {
	sp := spot{site: s, key: a, place: confedit.Place{
		File: s.file, Line: a.line, From: a.at, To: a.to, Role: confedit.Listens, Addr: addr, Port: a.port, Of: a.text,
	}}
	if a.port > 0 {
		return sp
	}
	plain, secure := r.options.ports()
	sp.place.Implied = true
	sp.place.Port, sp.option = secure, httpsOption
	if a.scheme == "http" {
		sp.place.Port, sp.option = plain, httpOption
	}
	sp.place.Via = r.via(sp.option)
	return sp
}

// redirect is the listener that sends HTTP to HTTPS, which no address spells.
func (r *reader) redirect(s *site, addr string) spot {
	plain, _ := r.options.ports()
	return spot{site: s, option: httpOption, place: confedit.Place{
		File: s.file, Line: s.n, From: s.keys[0].from, To: s.keys[0].from, Role: confedit.Listens,
		Addr: addr, Port: plain, Implied: true, Via: r.via(httpOption), Of: "redirects to HTTPS",
	}}
}

func (r *reader) via(option string) string {
	if r.value(option) != nil {
		return option
	}
	return ""
}

func (r *reader) value(option string) *piece.Piece {
	switch option {
	case httpOption:
		return r.options.httpPort
	case httpsOption:
		return r.options.httpsPort
	}
	return r.options.admin
}

func (r *reader) admin() []spot {
	o := r.options
	at := max(o.open, 0)
	p := confedit.Place{File: r.main, Line: 1, From: at, To: at, Role: confedit.Listens, Addr: "localhost", Port: defaultAdmin, Implied: true, Of: "admin API"}
	switch {
	case o.adminOff || len(r.sites) == 0:
		return nil
	case o.admin != nil:
		s, _ := piece.Spell(o.admin.Raw)
		p.Addr, p.Port, p.Implied = s.Addr, s.Port, false
		p.From, p.To, p.Line = o.admin.From, o.admin.To(), o.line[adminOption]
	}
	return []spot{{place: p, option: adminOption}}
}
