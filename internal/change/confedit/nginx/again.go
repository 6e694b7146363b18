package nginx

import (
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
)

// kept are the files of a tree, by what their names have in common.
type kept map[string]confedit.File

func (k kept) ReadFile(name string) ([]byte, error) {
	f, ok := k[same(name)]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return f.Data, nil
}

func (k kept) Glob(pattern string) ([]string, error) {
	var out []string
	for key, f := range k {
		ok, err := path.Match(same(pattern), key)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, f.Name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// again reads a tree from what it holds.
func again(t confedit.Tree) (*reader, error) {
	if t.Server != Server || len(t.Files) == 0 {
		return nil, fmt.Errorf("a tree of %q: %w", t.Server, confedit.ErrNoPlace)
	}
	o := Options{Unprivileged: slices.ContainsFunc(t.Places, func(p confedit.Place) bool { return p.Implied && p.Port == 8000 })}
	k := kept{}
	for _, f := range t.Files {
		k[same(f.Name)] = f
	}
	return read(k, t.Files[0].Name, o)
}
