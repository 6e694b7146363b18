package nginx

import (
	"fmt"
	"slices"

	"github.com/berthd/berth/internal/change/confedit"
)

// again reads a tree from what it holds.
func again(t confedit.Tree) (*reader, error) {
	if t.Server != Server || len(t.Files) == 0 {
		return nil, fmt.Errorf("a tree of %q: %w", t.Server, confedit.ErrNoPlace)
	}
	o := Options{Unprivileged: slices.ContainsFunc(t.Places, func(p confedit.Place) bool { return p.Implied && p.Port == 8000 })}
	return read(confedit.Kept(t), t.Files[0].Name, o)
}
