package apache

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// Server is the Server of the trees that Read returns.
const Server = "apache"

// Options is what a configuration does not say of itself.
type Options struct {
	// Root is the ServerRoot that is built into httpd; "" is the main file's folder,
	// or the one above where that is called conf.
	Root string
	// Defines are the -D of httpd's command line.
	Defines []string
	// Env is the environment httpd is started with, Debian's envvars among it.
	Env map[string]string
}

// Bounds on what one Read walks through, includes counted as often as they are
// included.
const (
	maxIncluded = 64      // how deep
	maxSteps    = 1 << 21 // directives
	maxPlaces   = 1 << 16
	maxValue    = 1 << 12 // bytes that variables add to a word
	maxDefines  = 1 << 12
)

// Outside begins the Via of a place whose variable httpd is given from outside, by its
// environment: no file of the tree says its value.
const Outside = "env:"

// onlyIf begins the note on a place whose conditions are not known to hold.
const onlyIf = "only in "

// Read reads a configuration from its main file, whose name must be absolute, and
// follows its includes as httpd does: relative to ServerRoot, patterns sorted and
// without hidden files, folders whole.
//
// A place's Addr is as it is written, "" for Listen 80, *:80 and _default_:80. From
// and To span [ADDR:]PORT, a variable as it is written; the port alone, or the spot
// where it would stand, in an announcement. Sections whose condition is known not to
// hold (<IfDefine !X> behind Define X) are left out; where it is not known, the place
// has a Note that begins with "only in". Macros are noted and not expanded.
//
// What cannot be read, or hides a port, is a Note. Errors are of the main file, of
// syntax, and of sizes.
func Read(files confedit.Files, main string, o Options) (confedit.Tree, error) {
	r := &reader{files: files, o: o, root: o.Root, docs: map[string]*Doc{}, defines: map[string]string{}, modules: map[string]bool{}, names: map[string]bool{},
		tree: confedit.Tree{Server: Server}}
	if r.root == "" {
		r.root = rootOf(main)
	}
	for _, name := range o.Defines {
		r.defines[name] = ""
	}
	doc, err := r.file(main)
	if err != nil {
		return confedit.Tree{}, err
	}
	if err := r.walk(doc, doc.top, scope{}); err != nil {
		return confedit.Tree{}, err
	}
	r.announce()
	return r.tree, nil
}

func rootOf(main string) string {
	dir := confedit.Folder(main)
	if i := strings.LastIndexAny(dir, `/\`); i > 0 && strings.EqualFold(dir[i+1:], "conf") {
		return dir[:i]
	}
	return dir
}

type reader struct {
	files    confedit.Files
	o        Options
	root     string
	docs     map[string]*Doc
	open     []string          // what is being read, to see loops
	defines  map[string]string // so far
	modules  map[string]bool   // loaded so far: "ssl_module", "mod_ssl.c"
	names    map[string]bool   // the ServerNames and aliases
	tells    []told
	steps    int
	included int
	tree     confedit.Tree
}

// scope is where a directive stands.
type scope struct {
	host *vhost // nil outside a VirtualHost
	only string // the sections around it that may not hold
}

// vhost is what is known of a VirtualHost so far.
type vhost struct{ name string }

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

func (r *reader) note(doc *Doc, n *node, text string) {
	if len(r.tree.Notes) < maxPlaces {
		r.tree.Notes = append(r.tree.Notes, confedit.Note{File: doc.Name, Line: doc.line(n.from), Text: text})
	}
}

// short is as much of a word as a note repeats.
func short(s string) string { return s[:min(len(s), 128)] }

func (r *reader) walk(doc *Doc, nodes []*node, s scope) error {
	for _, n := range nodes {
		if r.steps++; r.steps > maxSteps || len(r.tree.Places) > maxPlaces {
			return fmt.Errorf("%s: %w", doc.Name, confedit.ErrTooLarge)
		}
		if err := r.one(doc, n, s); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) one(doc *Doc, n *node, s scope) error {
	switch n.name {
	case "include", "includeoptional":
		return r.include(doc, n, s)
	case "define", "undefine":
		r.define(doc, n, s)
	case "loadmodule":
		r.load(n)
	case "serverroot":
		if v, _ := r.value(n.arg(0)); v != "" {
			r.root = confedit.Absolute(r.root, v)
		}
	case "listen":
		r.listen(doc, n, s)
	case "namevirtualhost":
		r.follows(doc, n, s)
	case "servername", "serveralias":
		r.serverName(doc, n, s)
	case "use":
		r.note(doc, n, "a macro is used: what it says is not looked at")
	default:
		if n.section() {
			return r.section(doc, n, s)
		}
		r.tell(doc, n, s)
	}
	return nil
}

// section reads what is in a section that holds, or may hold.
func (r *reader) section(doc *Doc, n *node, s scope) error {
	switch holds := r.holds(n); {
	case n.name == "<macro":
		r.note(doc, n, "a macro: what it says is not looked at")
		return nil
	case n.name == "<virtualhost":
		return r.virtualHost(doc, n, s)
	case holds == no:
		return nil
	case holds == unknown:
		s.only += strings.TrimSpace(n.name+" "+short(n.arg(0))) + ">"
	}
	r.tell(doc, n, s)
	return r.walk(doc, n.block, s)
}

func (r *reader) virtualHost(doc *Doc, n *node, s scope) error {
	first := len(r.tree.Places)
	r.follows(doc, n, s)
	own := len(r.tree.Places)
	s.host = &vhost{}
	err := r.walk(doc, n.block, s)
	for i := first; i < own; i++ {
		r.tree.Places[i].Of = s.host.name
	}
	return err
}

type truth uint8

const (
	yes truth = iota
	no
	unknown
)

// holds judges the condition of a section by what is defined and loaded so far. What
// is not defined here may be on the command line, and a module may be built in.
func (r *reader) holds(n *node) truth {
	known := false
	name, not := strings.CutPrefix(n.arg(0), "!")
	switch n.name {
	case "<ifdefine":
		_, known = r.defines[name]
	case "<ifmodule":
		known = r.modules[strings.ToLower(name)]
	case "<if", "<elseif", "<else", "<ifversion", "<iffile", "<ifdirective", "<ifsection":
	default:
		return yes
	}
	switch {
	case !known:
		return unknown
	case not:
		return no
	}
	return yes
}

func (r *reader) define(doc *Doc, n *node, s scope) {
	name := n.arg(0)
	was, before := r.defines[name]
	if n.name == "undefine" {
		delete(r.defines, name)
	} else if before || len(r.defines) < maxDefines {
		r.defines[name], _ = r.value(n.arg(1))
	}
	if before && s.only != "" && was != r.defines[name] {
		r.note(doc, n, fmt.Sprintf("${%s} may still be %s", short(name), short(was)))
	}
}

// load keeps the two names of a module: mod_ssl.so is mod_ssl.c in <IfModule>.
func (r *reader) load(n *node) {
	file, _ := r.value(n.arg(1))
	file = strings.ToLower(file[strings.LastIndexAny(file, `/\`)+1:])
	base, _, _ := strings.Cut(file, ".")
	r.modules[strings.ToLower(n.arg(0))] = true
	r.modules[base+".c"] = true
}

// value expands the variables of a word, and names the first of them. What is
// not defined stays as it is.
func (r *reader) value(s string) (text, via string) {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			b.WriteString(s)
			return b.String(), via
		}
		b.WriteString(before)
		v, defined := r.defines[name]
		from := name
		if !defined {
			from = Outside + name
			if v, defined = r.o.Env[name]; !defined {
				v = "${" + name + "}"
			}
		}
		if len(v) > maxValue-b.Len() {
			v = ""
		}
		if via == "" {
			via = from
		}
		b.WriteString(v)
		s = after
	}
}

// include reads the files that an include names in the place where it stands.
func (r *reader) include(doc *Doc, n *node, s scope) error {
	name, _ := r.value(n.arg(0))
	if name == "" || strings.Contains(name, "${") {
		r.note(doc, n, "an include of a variable that is not known: "+short(n.arg(0)))
		return nil
	}
	name = confedit.Absolute(r.root, name)
	if !strings.ContainsAny(name, "*?[") {
		return r.enter(doc, n, name, s)
	}
	found, err := r.files.Glob(name)
	if err != nil {
		r.note(doc, n, fmt.Sprintf("the pattern %s cannot be read: %v", name, err))
	}
	for _, f := range found {
		if confedit.Hidden(name, f) {
			continue
		}
		if err := r.enter(doc, n, f, s); err != nil {
			return err
		}
	}
	return nil
}

// enter walks through an included file, or all that is in an included folder.
func (r *reader) enter(doc *Doc, n *node, name string, s scope) error {
	key := confedit.Same(name)
	if slices.Contains(r.open, key) || len(r.open) >= maxIncluded {
		r.note(doc, n, name+" includes itself, or is included too deep")
		return nil
	}
	if r.included++; r.included > 8*confedit.MaxFiles {
		return fmt.Errorf("%s: %w: too many includes", doc.Name, confedit.ErrTooLarge)
	}
	r.open = append(r.open, key)
	defer func() { r.open = r.open[:len(r.open)-1] }()
	in, err := r.file(name)
	if err == nil {
		return r.walk(in, in.top, s)
	}
	if errors.Is(err, confedit.ErrSyntax) || errors.Is(err, confedit.ErrTooLarge) {
		return err
	}
	inside, _ := r.files.Glob(strings.TrimRight(name, `/\`) + "/*")
	for _, f := range inside {
		if err := r.enter(doc, n, f, s); err != nil {
			return err
		}
	}
	switch {
	case len(inside) > 0:
	case !errors.Is(err, fs.ErrNotExist):
		r.note(doc, n, fmt.Sprintf("not read: %v", err))
	case n.name == "include":
		r.note(doc, n, name+" does not exist; httpd refuses such a configuration")
	}
	return nil
}
