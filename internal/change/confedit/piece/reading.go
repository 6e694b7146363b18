package piece

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
)

// Reading is a tree that is being read.
type Reading struct {
	confedit.Tree
	from confedit.Files
	full bool
}

// Start begins the tree of a server.
func Start(server string, files confedit.Files) *Reading {
	return &Reading{Tree: confedit.Tree{Server: server}, from: files}
}

// Open reads a file the first time it is asked for. Fresh is false for a file that
// the tree has already, or that would be one too many, which is noted.
func (r *Reading) Open(name string) (data []byte, fresh bool, err error) {
	for _, f := range r.Files {
		if f.Name == name {
			return f.Data, false, nil
		}
	}
	if len(r.Files) >= confedit.MaxFiles {
		r.Note(name, 0, fmt.Sprintf("not read: the configuration has more than %d files", confedit.MaxFiles))
		return nil, false, nil
	}
	if data, err = r.from.ReadFile(name); err != nil {
		return nil, false, err
	}
	if len(data) > confedit.MaxFile {
		return nil, false, fmt.Errorf("%s: %w", name, confedit.ErrTooLarge)
	}
	r.Files = append(r.Files, confedit.File{Name: name, Data: data})
	return data, true, nil
}

// Match lists the files of a pattern, without those that begin with a dot where the
// pattern does not; a pattern that cannot be read is noted at the place that names it.
func (r *Reading) Match(file string, line int, pattern string) []string {
	names, err := r.from.Glob(pattern)
	if err != nil {
		r.Note(file, line, fmt.Sprintf("%s: %v", pattern, err))
	}
	return slices.DeleteFunc(names, func(name string) bool { return confedit.Hidden(pattern, name) })
}

// Note adds a note.
func (r *Reading) Note(file string, line int, text string) {
	r.Notes = append(r.Notes, confedit.Note{File: file, Line: line, Text: text})
}

// Missing notes a file that could not be read where the server would go on; any
// other error comes back.
func (r *Reading) Missing(file string, line int, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.Note(file, line, err.Error())
	return nil
}

// MaxPlaces bounds the places of a configuration where a move compares them with one
// another.
const MaxPlaces = 1 << 12

// Full tells whether there are so many places already that others are left out, and
// notes where that began.
func (r *Reading) Full(n int, file string, line int) bool {
	if n >= MaxPlaces && !r.full {
		r.full = true
		r.Note(file, line, fmt.Sprintf("there are more than %d places; the rest is not looked at", MaxPlaces))
	}
	return r.full
}

// Put adds a place.
func (r *Reading) Put(p confedit.Place) { r.Places = append(r.Places, p) }

// Data is the bytes of a file of a tree.
func Data(t confedit.Tree, name string) confedit.File {
	for _, f := range t.Files {
		if f.Name == name {
			return f
		}
	}
	return confedit.File{Name: name}
}

// Memory is a configuration that is not on disk, by name.
type Memory map[string]string

// ReadFile returns a file's bytes.
func (m Memory) ReadFile(name string) ([]byte, error) {
	s, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return []byte(s), nil
}

// Glob returns the names that match a pattern of path, sorted.
func (m Memory) Glob(pattern string) ([]string, error) {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, name)
		}
	}
	return out, nil
}
