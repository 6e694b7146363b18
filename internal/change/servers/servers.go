// Package servers finds a server's configuration on this machine, takes its places
// from one endpoint to another, and says which files that changes. It writes nothing.
package servers

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/iis"
)

// What Edit may refuse with, beside the errors of confedit.
var (
	ErrServer = errors.New("berth edits no configuration of this server")
	ErrWhose  = errors.New("berth cannot tell by its name which server it configures")
	ErrMain   = errors.New("its main configuration file was not found")
)

// Request is which configuration, and what is to become of it.
type Request struct {
	Server   string   // "nginx", "apache", ...
	Main     string   // the main file, "" to look for it
	Args     []string // the running server's command line, which may name the file
	From, To confedit.Endpoint
	// Once asks for something else than a move: of the lines that ask for From twice,
	// one stays. To is of no account then.
	Once bool
}

// Change is one file, before and after.
type Change struct {
	Name          string
	Before, After []byte
}

// Result is an edited configuration.
type Result struct {
	Server  string
	Main    string
	Changes []Change
	Checks  bool     // the server can check itself
	Roots   []string // the document roots that it serves
	Notes   []confedit.Note
}

// server is how one sort of server is configured.
type server struct {
	name   string
	mains  func(goos string) []string // patterns, likeliest first
	flags  []string                   // that name the main file on a command line
	read   func(files confedit.Files, main string, args []string) (confedit.Tree, error)
	move   func(t confedit.Tree, from, to confedit.Endpoint) ([]confedit.Edit, error)
	once   func(t confedit.Tree, from confedit.Endpoint) ([]confedit.Edit, error) // nil where a server may not be asked twice
	checks bool
	roots  string // the directive that names a document root
}

func find(name string) (server, error) {
	for _, s := range all() {
		if s.name == name {
			return s, nil
		}
	}
	return server{}, fmt.Errorf("%q: %w", name, ErrServer)
}

// Known tells whether Edit knows a server.
func Known(name string) bool {
	_, err := find(name)
	return err == nil
}

// Edit reads a server's configuration with all it includes, and moves every place on
// From to To. It reads files, needs the right to, and blocks as long as the disk does.
// Errors are, or wrap, ErrServer, ErrWhose, ErrMain, and those of confedit; where a file cannot
// be read they are fs.ErrPermission.
func Edit(files confedit.Files, r Request) (Result, error) {
	if r.Server == "" {
		return Result{}, fmt.Errorf("%s: %w", r.Main, ErrWhose)
	}
	s, err := find(r.Server)
	if err != nil {
		return Result{}, err
	}
	t, main, err := s.tree(files, r)
	if err != nil {
		return Result{}, err
	}
	out := Result{Server: s.name, Main: main, Checks: s.checks, Notes: t.Notes, Roots: roots(t, s.roots)}
	edits, err := s.edits(t, r)
	if err != nil {
		return out, err
	}
	for _, f := range t.Files {
		after, err := confedit.Apply(f, edits)
		if err != nil {
			return out, err
		}
		if !bytes.Equal(after, f.Data) {
			out.Changes = append(out.Changes, Change{f.Name, f.Data, after})
		}
	}
	return out, nil
}

// Listens reads a server's configuration, and returns the ports that it listens on,
// sorted; none where the configuration does not tell all of it. Errors are as Edit's.
func Listens(files confedit.Files, r Request) ([]uint16, error) {
	s, err := find(r.Server)
	if err != nil {
		return nil, err
	}
	t, _, err := s.tree(files, r)
	if err != nil || slices.ContainsFunc(t.Notes, doubtful) {
		return nil, err
	}
	var out []uint16
	for _, p := range t.Places {
		if p.Role == confedit.Listens && p.Port != 0 {
			out = append(out, p.Port)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// doubtful tells that behind a note there may be another place that listens. What is
// listened on under a condition is among the places.
func doubtful(n confedit.Note) bool {
	for _, harmless := range []string{"only in ", " tells applications a port", " tests ", "port_in_redirect", " several addresses", " is UDP"} {
		if strings.Contains(n.Text, harmless) {
			return false
		}
	}
	return true
}

func (s server) edits(t confedit.Tree, r Request) ([]confedit.Edit, error) {
	switch {
	case !r.Once:
		return s.move(t, r.From, r.To)
	case s.once == nil:
		return nil, fmt.Errorf("%s: %w", s.name, ErrServer)
	}
	return s.once(t, r.From)
}

// onlyOnce leaves one of the places of each group that is on from.
func onlyOnce(twice func(confedit.Tree) [][]confedit.Place, once func(confedit.Tree, []confedit.Place) ([]confedit.Edit, error)) func(confedit.Tree, confedit.Endpoint) ([]confedit.Edit, error) {
	return func(t confedit.Tree, from confedit.Endpoint) ([]confedit.Edit, error) {
		var out []confedit.Edit
		for _, group := range twice(t) {
			if len(group) == 0 || group[0].Port != from.Port {
				continue
			}
			edits, err := once(t, group)
			if err != nil {
				return nil, err
			}
			out = append(out, edits...)
		}
		if len(out) == 0 {
			return nil, confedit.ErrNoPlace
		}
		return out, nil
	}
}

// tree reads the configuration from the file that was named, that the running server
// was given, or that is usual here.
func (s server) tree(files confedit.Files, r Request) (confedit.Tree, string, error) {
	main := r.Main
	if main == "" {
		main = named(r.Args, s.flags)
	}
	if r.Main != "" {
		if t, whole, ok := s.including(files, main, r.Args); ok {
			return t, whole, nil
		}
	}
	if main != "" {
		t, err := s.read(files, main, r.Args)
		return t, main, err
	}
	for _, pattern := range s.mains(runtime.GOOS) {
		found, _ := files.Glob(pattern)
		for _, name := range found {
			t, err := s.read(files, name, r.Args)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return t, name, err
		}
	}
	return confedit.Tree{}, "", fmt.Errorf("%s: %w", s.name, ErrMain)
}

// including finds the usual main file that includes part: a Listen is nothing without
// its VirtualHosts, a site not without the server around it, and one place that keeps
// the port keeps the whole server from starting.
func (s server) including(files confedit.Files, part string, args []string) (confedit.Tree, string, bool) {
	for _, pattern := range s.mains(runtime.GOOS) {
		found, _ := files.Glob(pattern)
		for _, name := range found {
			if name == part {
				continue
			}
			t, err := s.read(files, name, args)
			if err == nil && slices.ContainsFunc(t.Files, func(f confedit.File) bool { return f.Name == part }) {
				return t, name, true
			}
		}
	}
	return confedit.Tree{}, "", false
}

// absolute: on Windows, too, servers take a name that begins with a slash.
func absolute(name string) bool { return strings.HasPrefix(name, "/") || filepath.IsAbs(name) }

// named is the value of one of flags, joined to it or behind it.
func named(args, flags []string) string {
	for i, a := range args {
		for _, f := range flags {
			if v, ok := strings.CutPrefix(a, f+"="); ok && absolute(v) {
				return v
			}
			if a == f && i+1 < len(args) && absolute(args[i+1]) {
				return args[i+1]
			}
		}
	}
	return ""
}

// ends tells what stands between two directives of either grammar. A quoted path
// with one of these in it is not found.
func ends(r rune) bool { return r == '\n' || r == '\r' || r == ';' || r == '{' || r == '}' }

// roots are the values of a directive, each once.
func roots(t confedit.Tree, directive string) []string {
	if directive == "" {
		return nil
	}
	var out []string
	seen := map[string]bool{}
	for _, f := range t.Files {
		for _, line := range strings.FieldsFunc(string(f.Data), ends) {
			word, rest, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(line, "\t", " ")), " ")
			value := strings.Trim(strings.TrimSpace(rest), `"'`)
			if strings.EqualFold(word, directive) && value != "" && !strings.ContainsAny(value, "$%") && !seen[value] {
				seen[value] = true
				out = append(out, value)
			}
		}
	}
	return out
}

// Sites are the sites of IIS on this machine that are bound to a port; none where
// there is no IIS, or its configuration cannot be read.
func Sites(files confedit.Files, port uint16) []string {
	t, err := iis.Read(files, iis.Main)
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range t.On(confedit.Endpoint{Port: port}) {
		if p.Of != "" && !slices.Contains(out, p.Of) {
			out = append(out, p.Of)
		}
	}
	return out
}
