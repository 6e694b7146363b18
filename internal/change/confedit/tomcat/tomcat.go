// Package tomcat reads and edits Tomcat's server.xml as the configuration reference
// of Tomcat 9 to 11 describes it, with the properties of catalina.properties that its
// values name. It is pure.
package tomcat

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
	"github.com/berthd/berth/internal/change/confedit/xmltext"
)

// RoundTrip parses a server.xml and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return xmltext.RoundTrip(data) }

// Mains are the patterns of the main files that Tomcat has on an OS (runtime.GOOS) as it
// is packaged, likeliest first.
func Mains(goos string) []string {
	switch goos {
	case "windows":
		return []string{`C:\Program Files\Apache Software Foundation\Tomcat *\conf\server.xml`, `C:\xampp\tomcat\conf\server.xml`}
	case "darwin":
		return []string{"/opt/homebrew/opt/tomcat*/libexec/conf/server.xml", "/usr/local/opt/tomcat*/libexec/conf/server.xml"}
	}
	return []string{"/etc/tomcat*/server.xml", "/opt/tomcat*/conf/server.xml", "/opt/apache-tomcat-*/conf/server.xml", "/usr/share/tomcat*/conf/server.xml", "/usr/local/tomcat*/conf/server.xml"}
}

// Read reads a server.xml, and the catalina.properties beside it where it has one.
// Connectors and the shutdown port listen; a redirectPort follows the connector it
// names, or is announced where there is none here; a proxyPort is announced.
func Read(files confedit.Files, main string) (confedit.Tree, error) {
	s, err := read(files, main)
	if err != nil {
		return confedit.Tree{}, err
	}
	return s.Tree, nil
}

// server is a configuration with what Move needs beside the tree.
type server struct {
	*piece.Reading
	main   string
	doc    xmltext.Doc
	props  map[string]property
	offset int // portOffset of Server: added to every port
	spots  []spot
}

// spot is the element, the attribute and the property behind a place.
type spot struct {
	place   confedit.Place
	element int
	attr    xmltext.Attr
	prop    *property
}

func read(files confedit.Files, main string) (*server, error) {
	s := &server{Reading: piece.Start("tomcat", files), main: main}
	data, _, err := s.Open(main)
	if err != nil {
		return nil, err
	}
	if s.doc, err = xmltext.Parse(data); err != nil {
		return nil, fmt.Errorf("%s: %w", main, err)
	}
	if err := s.properties(); err != nil {
		return nil, err
	}
	if strings.Contains(string(data), "<!ENTITY") {
		s.Note(main, 1, "entities take in other files, which are not read")
	}
	for i, e := range s.doc.Elements {
		s.element(i, e)
	}
	s.follow()
	for _, sp := range s.spots {
		s.Put(sp.place)
	}
	return s, nil
}

func (s *server) properties() error {
	name := confedit.Absolute(confedit.Folder(s.main), "catalina.properties")
	data, _, err := s.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.props = properties(name, data)
	return err
}

func (s *server) element(i int, e xmltext.Element) {
	switch {
	case e.Name == "Server" && e.Parent < 0:
		n, err := strconv.ParseUint(e.Value("portOffset"), 10, 16)
		if err == nil {
			s.offset = int(n)
		}
		s.take(i, e, "port", confedit.Listens)
	case e.Name == "Connector":
		s.take(i, e, "port", confedit.Listens)
		s.take(i, e, "redirectPort", confedit.Announces)
		s.take(i, e, "proxyPort", confedit.Announces)
	}
}

// take adds the place of an attribute that is a port above 0; -1 is none, and 0 is
// any that is free.
func (s *server) take(i int, e xmltext.Element, name string, role confedit.Role) {
	a, ok := e.Attr(name)
	if !ok || s.Full(len(s.spots), s.main, a.Line) {
		return
	}
	sp := spot{element: i, attr: a, place: confedit.Place{
		File: s.main, Line: a.Line, From: a.From, To: a.To, Role: role, Of: e.Name,
	}}
	if e.Name == "Connector" {
		sp.place.Of = "Connector " + protocol(e)
	}
	if role == confedit.Listens {
		sp.place.Addr = address(e)
	}
	text, ok := s.resolve(a, &sp)
	if !ok {
		s.Note(s.main, a.Line, fmt.Sprintf("%s=%q has a property that is set elsewhere", name, a.Value))
		return
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err == nil && n <= 0 {
		return
	}
	if name != "proxyPort" {
		n += int64(s.offset)
	}
	if err != nil || n > 65535 {
		s.Note(s.main, a.Line, fmt.Sprintf("%s=%q is no port", name, a.Value))
		return
	}
	sp.place.Port = uint16(n)
	s.spots = append(s.spots, sp)
}

func protocol(e xmltext.Element) string {
	if p := e.Value("protocol"); p != "" {
		return p
	}
	return "HTTP/1.1"
}

// address is what an element binds: without an address a connector takes all, an AJP
// connector and the shutdown port loopback.
func address(e xmltext.Element) string {
	a := e.Value("address")
	ajp := strings.HasPrefix(e.Value("protocol"), "AJP") || strings.Contains(e.Value("protocol"), ".ajp.")
	if a == "localhost" || a == "" && (e.Name == "Server" || ajp) {
		return "127.0.0.1"
	}
	return a
}

// resolve is the text of a value: itself, or that of the one property it consists
// of, which may name its own default as in ${port:-8080}.
func (s *server) resolve(a xmltext.Attr, sp *spot) (string, bool) {
	name, ok := strings.CutPrefix(a.Value, "${")
	if !ok {
		return a.Value, !strings.Contains(a.Value, "${")
	}
	name, ok = strings.CutSuffix(name, "}")
	if !ok || strings.Contains(name, "${") {
		return "", false
	}
	name, standard, has := strings.Cut(name, ":-")
	sp.place.Via = name
	if p, ok := s.props[name]; ok {
		sp.prop = &p
		return p.value, true
	}
	if has && a.Plain() {
		sp.place.To = a.To - s.width(1)
		sp.place.From = sp.place.To - s.width(len(standard))
		s.Note(s.main, a.Line, "${"+name+"} has its default here; a -D option of Java may give it another value")
	}
	return standard, has && a.Plain()
}

// width is how many bytes n signs of ASCII take in the file.
func (s *server) width(n int) int { return len(s.doc.Encode(strings.Repeat("x", n))) }

// follow finds the redirect ports that name a connector of this server.
func (s *server) follow() {
	listens := map[uint16]bool{}
	for _, sp := range s.spots {
		if sp.place.Role == confedit.Listens && sp.place.Of != "Server" {
			listens[sp.place.Port] = true
		}
	}
	for i, sp := range s.spots {
		if sp.attr.Name == "redirectPort" && listens[sp.place.Port] {
			s.spots[i].place.Role = confedit.Follows
		}
	}
}
