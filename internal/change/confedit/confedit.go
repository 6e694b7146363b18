// Package confedit finds every place in a server's configuration that takes a port,
// and changes the fewest bytes to move it.
//
// It holds what all servers have in common; each server's grammar is a room of its
// own below, with two functions: Read follows the includes from the main file and
// returns a Tree, and Move returns the edits that take a tree's places from one
// endpoint to another. Nothing here writes a file: bytes in, edits out.
package confedit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Files is where a configuration is read from. Names are as the configuration has
// them, made absolute by the server's own rules.
type Files interface {
	// ReadFile returns a file's bytes; the error wraps fs.ErrNotExist where there is none.
	ReadFile(name string) ([]byte, error)
	// Glob returns the names that match a pattern of path/filepath, sorted.
	Glob(pattern string) ([]string, error)
}

// Disk reads the machine's own files.
type Disk struct{}

// ReadFile reads a file of the machine, at most MaxFile bytes of it.
func (Disk) ReadFile(name string) ([]byte, error) {
	if i, err := os.Stat(name); err == nil && i.Size() > MaxFile {
		return nil, fmt.Errorf("%s: %w", name, ErrTooLarge)
	}
	return os.ReadFile(name)
}

// Glob lists files of the machine.
func (Disk) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

// MaxFile and MaxFiles bound one file in bytes, and the files of a configuration.
const (
	MaxFile  = 16 << 20
	MaxFiles = 4096
)

// What Read and Move may refuse with; errors name the file and the line.
var (
	ErrTooLarge = errors.New("too large for a configuration file")
	ErrSyntax   = errors.New("cannot be read")
	ErrNoPlace  = errors.New("nothing in the configuration takes this endpoint")
	ErrImplied  = errors.New("the port is written nowhere") // and no line can be added safely
	ErrVariable = errors.New("the port is in a variable that has another value elsewhere")
)

// File is one file of a configuration.
type File struct {
	Name string
	Data []byte
}

// Role is what a place does with the port.
type Role string

// Listens: the server binds it. Follows: it must name the same port as a place that
// listens (Apache's VirtualHost). Announces: what the server tells clients (Apache's
// ServerName host:port, nginx's return 301 https://host:port).
const (
	Listens   Role = "listens"
	Follows   Role = "follows"
	Announces Role = "announces"
)

// Place is one spot that takes a port.
type Place struct {
	File     string
	Line     int // from 1
	From, To int // the bytes of File that spell the endpoint; From == To where Implied
	Role     Role
	Addr     string // "" is every address; "*" is kept as "", IPv6 without brackets
	Port     uint16
	Implied  bool   // the port is the server's default, and not written there
	Via      string // the variable (Define) that the place takes the port from
	Of       string // whose it is: server_name, site, connector
}

// Note is something that Read could not follow, or a reader should know.
type Note struct {
	File string
	Line int
	Text string
}

// Tree is a server's configuration as it was read.
type Tree struct {
	Server string // "nginx", "apache", ...
	Files  []File // each once, in the order in which the server reads them
	Places []Place
	Notes  []Note
}

// Endpoint is what a place takes. An empty Addr means every place of the port in
// the first argument of Move, and "as it is there" in the second.
type Endpoint struct {
	Addr string
	Port uint16
}

// Edit replaces the bytes From to To of a file by Text.
type Edit struct {
	File     string
	From, To int
	Text     string
}

// On returns the places that take e, in the tree's order.
func (t Tree) On(e Endpoint) []Place {
	var out []Place
	for _, p := range t.Places {
		if p.Port == e.Port && (e.Addr == "" || e.Addr == p.Addr) {
			out = append(out, p)
		}
	}
	return out
}

// Apply returns the bytes of f with those of edits that are about it done. Edits may
// come in any order and must not overlap.
func Apply(f File, edits []Edit) ([]byte, error) {
	mine := slices.DeleteFunc(slices.Clone(edits), func(e Edit) bool { return e.File != f.Name })
	slices.SortStableFunc(mine, func(a, b Edit) int { return a.From - b.From })
	var out bytes.Buffer
	at := 0
	for _, e := range mine {
		if e.From < at || e.To < e.From || e.To > len(f.Data) {
			return nil, fmt.Errorf("%s: an edit of bytes %d to %d does not fit", f.Name, e.From, e.To)
		}
		out.Write(f.Data[at:e.From])
		out.WriteString(e.Text)
		at = e.To
	}
	out.Write(f.Data[at:])
	return out.Bytes(), nil
}
