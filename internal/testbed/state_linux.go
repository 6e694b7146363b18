package testbed

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// tree compares the machine's files with those it was booted from. Only what the
// overlay has taken up can differ, which is little, so nothing else is read.
type tree struct {
	base, upper, merged string
	skip                []string
	found               map[string]string
}

func (m *Machine) files(skip []string) map[string]string {
	m.t.Helper()
	w := tree{base: m.base, upper: m.upper, merged: m.Root("/"), skip: skip, found: map[string]string{}}
	err := w.folder("/", true)
	for _, dir := range tellsSystemd() {
		w.base, w.skip = "", nil
		if err2 := w.folder(dir, false); !errors.Is(err2, fs.ErrNotExist) {
			err = errors.Join(err, err2)
		}
	}
	if err != nil {
		m.t.Fatalf("the machine's files: %v", err)
	}
	return w.found
}

// folder looks at what is in a folder, and at what was in it when the machine was
// made. Where the overlay has not taken the folder up, both are the same.
func (w *tree) folder(dir string, known bool) error {
	now, err := names(filepath.Join(w.merged, dir))
	if err != nil {
		return err
	}
	for _, name := range now {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(filepath.Join(w.upper, path)); known && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := w.path(path, known); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if !known {
		return nil
	}
	was, err := names(filepath.Join(w.base, dir))
	for _, name := range was {
		if path := filepath.Join(dir, name); !slices.Contains(now, name) && !w.skips(path) {
			w.found[path] = "gone"
		}
	}
	return err
}

func (w *tree) path(path string, known bool) error {
	if w.skips(path) {
		return nil
	}
	is, err := entry(filepath.Join(w.merged, path))
	if err != nil {
		return err
	}
	was := ""
	if known {
		was, err = entry(filepath.Join(w.base, path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if is != was {
		w.found[path] = is
	}
	if !strings.HasPrefix(is, "folder") {
		return nil
	}
	return w.folder(path, strings.HasPrefix(was, "folder"))
}

func (w *tree) skips(path string) bool {
	return slices.ContainsFunc(w.skip, func(s string) bool { return path == s || strings.HasPrefix(path, s+"/") })
}

// names are sorted by os.ReadDir.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, err
}

// entry is all of a file but its times and inode.
func entry(path string) (string, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return "", &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	owner := fmt.Sprintf("%04o %d:%d", st.Mode&0o7777, st.Uid, st.Gid)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return "folder " + owner, nil
	case unix.S_IFLNK:
		target, err := os.Readlink(path)
		return fmt.Sprintf("link %d:%d to %s", st.Uid, st.Gid, target), err
	case unix.S_IFREG:
		sum, err := hash(path)
		return "file " + owner + " " + sum, err
	}
	return fmt.Sprintf("special %o %s", st.Mode&unix.S_IFMT, owner), nil
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)[:12]), err
}
