package ledger

import (
	"path/filepath"
	"slices"
	"strings"
)

// Here is l with what this machine's symbolic links say of its owners: a process is
// known by its own file, never by the link that it was started by. A link that is not
// there, or may not be read, says nothing. It reads the file system, and only for
// programs that are named by all of their path.
func (l Ledger) Here() Ledger {
	l.Promises = slices.Clone(l.Promises)
	for i := range l.Promises {
		owners := slices.Clone(l.Promises[i].Owners)
		for j := range owners {
			owners[j].Behind = behind(owners[j])
		}
		l.Promises[i].Owners = owners
	}
	return l
}

func behind(o Owner) string {
	name, _, _ := strings.Cut(o.Name, " -- ")
	name = strings.TrimSpace(name)
	if o.Kind != Exe || !filepath.IsAbs(name) {
		return ""
	}
	end, err := filepath.EvalSymlinks(name)
	if err != nil || end == filepath.Clean(name) {
		return ""
	}
	return end
}
