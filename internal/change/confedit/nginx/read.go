package nginx

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// Server is the Server of the trees that Read returns.
const Server = "nginx"

// Options is what a configuration does not say of itself.
type Options struct {
	// Unprivileged: the master process does not run as root, so a server without a
	// listen takes 8000 in place of 80 (on Windows it is always 80).
	Unprivileged bool
}

// Bounds on what one Read walks through, includes counted as often as they are
// included.
const (
	maxIncluded = 64      // how deep
	maxSteps    = 1 << 21 // directives
	maxPlaces   = 1 << 16
	maxRange    = 256 // the ports of one listen A-B that become places of their own
)

// Read reads a configuration from its main file, whose name must be absolute, and
// follows its includes as nginx does: relative to the main file's folder, patterns
// sorted and without hidden files.
//
// A place's Addr is as it is written: "" for listen 80 and *:80, "0.0.0.0" for
// 0.0.0.0:80; both are one socket to nginx, and [Move] and [Twice] know. From and To
// span ADDR:PORT of a listen, and the port alone, or the spot where it would
// stand, in an announcement. A listen that gives an address and no port is Implied, and From is the end of
// the address. A server without a listen has an Implied place where one can be added.
//
// What cannot be read, or hides a port, is a Note. Errors are of the main file, of
// syntax, and of sizes.
func Read(files confedit.Files, main string, o Options) (confedit.Tree, error) {
	r, err := read(files, main, o)
	if err != nil {
		return confedit.Tree{}, err
	}
	return r.tree, nil
}

// listen is one listen directive as one server has it.
type listen struct {
	doc    *Doc
	d      *directive // nil where the server has none
	module string     // http, stream, mail
	server int        // the servers counted
	place  confedit.Place
}

type reader struct {
	files    confedit.Files
	o        Options
	dir      string
	docs     map[string]*Doc
	open     []string // what is being read, to see loops
	steps    int
	servers  int
	listens  []listen
	names    map[string]bool // the server_names
	tells    []told
	included int
	tree     confedit.Tree
}

// scope is where a directive stands.
type scope struct {
	module string
	server *server // nil outside a server
	inner  bool    // in a location or an if
}

// server is what is known of a server block so far.
type server struct {
	id      int
	doc     *Doc
	d       *directive
	name    string
	listens bool // or what it includes could not be read
	first   int  // index of its first listen
}

func read(files confedit.Files, main string, o Options) (*reader, error) {
	r := &reader{files: files, o: o, dir: confedit.Folder(main), docs: map[string]*Doc{}, names: map[string]bool{}, tree: confedit.Tree{Server: Server}}
	doc, err := r.file(main)
	if err != nil {
		return nil, err
	}
	if err := r.walk(doc, doc.top, scope{}); err != nil {
		return nil, err
	}
	for _, l := range r.listens {
		r.tree.Places = append(r.tree.Places, l.place)
	}
	r.announce()
	return r, nil
}

// file reads and parses a file, once.
func (r *reader) file(name string) (*Doc, error) {
	key := confedit.Same(name)
	if doc := r.docs[key]; doc != nil {
		return doc, nil
	}
	if len(r.tree.Files) >= confedit.MaxFiles {
		return nil, fmt.Errorf("%s: %w: more than %d files", name, confedit.ErrTooLarge, confedit.MaxFiles)
	}
	data, err := r.files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	doc, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	r.docs[key] = doc
	r.tree.Files = append(r.tree.Files, confedit.File{Name: name, Data: data})
	return doc, nil
}

func (r *reader) note(doc *Doc, d *directive, text string) {
	if len(r.tree.Notes) < maxPlaces {
		r.tree.Notes = append(r.tree.Notes, confedit.Note{File: doc.Name, Line: doc.line(d.from), Text: text})
	}
}

// short is as much of a word as a note repeats.
func short(s string) string { return s[:min(len(s), 128)] }

func (r *reader) walk(doc *Doc, ds []*directive, s scope) error {
	for _, d := range ds {
		if r.steps++; r.steps > maxSteps || len(r.listens) > maxPlaces {
			return fmt.Errorf("%s: %w", doc.Name, confedit.ErrTooLarge)
		}
		if err := r.one(doc, d, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) one(doc *Doc, d *directive, s scope) error {
	switch name := d.name(); {
	case name == "include" && d.open == 0:
		return r.include(doc, d, s)
	case s.module == "":
		if name == "http" || name == "stream" || name == "mail" {
			return r.walk(doc, d.block, scope{module: name})
		}
	case s.server == nil && name == "server" && d.open > 0:
		return r.server(doc, d, s)
	case s.server != nil && !s.inner && name == "listen":
		r.listen(doc, d, s)
	case s.server != nil && !s.inner && name == "server_name":
		r.serverName(d, s.server)
	case s.server != nil && (name == "location" || name == "if" || name == "limit_except"):
		r.tell(doc, d, s)
		return r.walk(doc, d.block, scope{s.module, s.server, true})
	default:
		r.tell(doc, d, s)
	}
	return nil
}

// server reads a server block; one of http that has no listen takes a default.
func (r *reader) server(doc *Doc, d *directive, s scope) error {
	r.servers++
	v := &server{id: r.servers, doc: doc, d: d, first: len(r.listens)}
	s.server = v
	if err := r.walk(doc, d.block, s); err != nil {
		return err
	}
	if !v.listens && s.module == "http" {
		port := uint16(80)
		if r.o.Unprivileged {
			port = 8000
		}
		at := spot(d)
		r.listens = append(r.listens, listen{doc: doc, module: s.module, server: v.id, place: confedit.Place{
			File: doc.Name, Line: doc.line(d.from), From: at, To: at, Role: confedit.Listens, Port: port, Implied: true}})
	}
	for i := v.first; i < len(r.listens); i++ {
		r.listens[i].place.Of = v.name
	}
	return nil
}

// spot is where a listen can be added to a server: in front of its first directive.
func spot(d *directive) int {
	if len(d.block) > 0 {
		return d.block[0].from
	}
	return d.open
}

func (r *reader) serverName(d *directive, v *server) {
	for _, w := range d.words[1:] {
		r.names[strings.ToLower(w.value)] = true
	}
	if v.name == "" {
		v.name = d.arg(1)
	}
}

// include reads the files that an include names in the place where it stands.
func (r *reader) include(doc *Doc, d *directive, s scope) error {
	name := d.arg(1)
	if name == "" || strings.Contains(name, "$") {
		r.note(doc, d, "an include that names no file")
		return nil
	}
	name = confedit.Absolute(r.dir, name)
	names := []string{name}
	if strings.ContainsAny(name, "*?[") {
		found, err := r.files.Glob(name)
		if err != nil {
			r.note(doc, d, fmt.Sprintf("the pattern %s cannot be read: %v", name, err))
		}
		names = slices.DeleteFunc(found, func(n string) bool { return confedit.Hidden(name, n) })
	}
	for _, n := range names {
		if err := r.enter(doc, d, n, s); err != nil {
			return err
		}
	}
	return nil
}

// enter walks through an included file.
func (r *reader) enter(doc *Doc, d *directive, name string, s scope) error {
	key := confedit.Same(name)
	if slices.Contains(r.open, key) || len(r.open) >= maxIncluded {
		r.note(doc, d, name+" includes itself, or is included too deep")
		return nil
	}
	if r.included++; r.included > 8*confedit.MaxFiles {
		return fmt.Errorf("%s: %w: too many includes", doc.Name, confedit.ErrTooLarge)
	}
	in, err := r.file(name)
	if err != nil && s.server != nil {
		s.server.listens = true
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.note(doc, d, name+" does not exist; nginx refuses such a configuration")
		return nil
	case errors.Is(err, confedit.ErrSyntax) || errors.Is(err, confedit.ErrTooLarge):
		return err
	case err != nil:
		r.note(doc, d, fmt.Sprintf("not read: %v", err))
		return nil
	}
	r.open = append(r.open, key)
	err = r.walk(in, in.top, s)
	r.open = r.open[:len(r.open)-1]
	return err
}
