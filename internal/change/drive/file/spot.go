package file

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/berthd/berth/internal/answer/plan"
)

// spot is where a file is, or would be.
type spot struct {
	name    string // as it was asked for
	path    string // where the links from name end
	exists  bool
	nearest string   // the folder above name, or the nearest one to it that exists
	folder  *os.Root // where path is, once it is opened: no link on the way counts any more
}

func (s spot) dir() string  { return filepath.Dir(s.path) }
func (s spot) base() string { return filepath.Base(s.path) }

// target is the file that a symbolic link leads to, "" where name is none.
func (s spot) target() string {
	if s.path == s.name {
		return ""
	}
	return s.path
}

func locate(name string) (spot, error) {
	if !filepath.IsAbs(name) || filepath.Clean(name) != name || !filepath.IsLocal(filepath.Base(name)) {
		return spot{}, fmt.Errorf("%q is not the absolute path of a file", name)
	}
	s := spot{name: name, path: name}
	info, err := os.Lstat(name)
	if absent(err) {
		s.nearest, err = nearest(filepath.Dir(name))
		return s, err
	}
	if err != nil {
		return spot{}, err
	}
	s.exists, s.nearest = true, filepath.Dir(name)
	if info.Mode()&os.ModeSymlink != 0 {
		if s.path, err = filepath.EvalSymlinks(name); err != nil {
			return spot{}, fmt.Errorf("%s: %w that leads nowhere: %w", name, ErrLink, err)
		}
		if info, err = os.Lstat(s.path); err != nil {
			return spot{}, err
		}
	}
	if !info.Mode().IsRegular() {
		return spot{}, fmt.Errorf("%s: %w: %s", s.path, ErrNotAFile, info.Mode())
	}
	return s, nil
}

// nearest is the folder, or the first one above it that exists.
func nearest(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			return dir, nil
		case err == nil:
			return "", fmt.Errorf("%s is no folder", dir)
		case !absent(err) || dir == filepath.Dir(dir):
			return "", err
		}
		dir = filepath.Dir(dir)
	}
}

// read returns the state of what is there.
func (s spot) read() (plan.State, error) {
	if !s.exists {
		return plan.State{"exists": "no", "parents": s.nearest}, nil
	}
	f, err := s.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return s.state(f)
}

func (s spot) open() (*os.File, error) {
	if s.folder != nil {
		return s.folder.OpenFile(s.base(), os.O_RDONLY|nonblock, 0)
	}
	return os.OpenFile(s.path, os.O_RDONLY|nonblock, 0)
}

func (s spot) state(f *os.File) (plan.State, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotAFile
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSize {
		return nil, ErrTooLarge
	}
	now, err := dress(s.path, f)
	if err != nil {
		return nil, err
	}
	now["exists"], now["content"], now["parents"] = "yes", string(data), s.nearest
	if t := s.target(); t != "" {
		now["target"] = t
	}
	if n := hardLinks(f); n > 1 {
		now["links"] = strconv.Itoa(n)
	}
	return now, nil
}
