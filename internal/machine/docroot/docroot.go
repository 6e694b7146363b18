// Package docroot reads what kind of site stands in a web server's document root: for
// now, whether it is a WordPress and what its configuration says of itself.
//
// The PHP is looked at, never executed: only constants that are set to a literal at
// the top level count, outside of comments and strings. It needs the right to read
// the file, works on every OS and blocks as long as the disk does.
package docroot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// MaxConfig and MaxRoots bound what is read: bytes of a file, and roots.
const (
	MaxConfig = 1 << 20
	MaxRoots  = 256
)

// Read reads every root once, in order; roots beyond MaxRoots are left out, and cut
// says so.
func Read(paths []string) (roots []fact.DocRoot, cut bool) {
	var seen []string
	for _, p := range paths {
		p = filepath.Clean(p)
		if slices.Contains(seen, p) {
			continue
		}
		if len(seen) == MaxRoots {
			return roots, true
		}
		seen = append(seen, p)
		roots = append(roots, read(p))
	}
	return roots, false
}

// read looks for wp-config.php where WordPress looks for it: in the root, else one
// folder up, unless that one is a WordPress of its own.
func read(root string) fact.DocRoot {
	r := fact.DocRoot{Path: root}
	text, err := slurp(filepath.Join(root, "wp-config.php"))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return found(r, filepath.Join(root, "wp-config.php"), text, err)
	}
	if !exists(filepath.Join(root, "wp-load.php")) {
		return r
	}
	up := filepath.Dir(root)
	if up == root || exists(filepath.Join(up, "wp-settings.php")) {
		return r
	}
	text, err = slurp(filepath.Join(up, "wp-config.php"))
	if errors.Is(err, fs.ErrNotExist) {
		return r // not set up yet
	}
	return found(r, filepath.Join(up, "wp-config.php"), text, err)
}

func found(r fact.DocRoot, name string, text []byte, err error) fact.DocRoot {
	r.Config = name
	if err != nil {
		r.Err = err.Error()
		return r
	}
	r.Defines = Defines(text)
	if len(text) == MaxConfig {
		r.Err = "read only in part: too large for a configuration"
	}
	return r
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// slurp reads a plain file, at most MaxConfig bytes of it. A pipe or a device in its
// place is not opened.
func slurp(name string) ([]byte, error) {
	i, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !i.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a plain file")}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxConfig))
}
