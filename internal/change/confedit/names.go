package confedit

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Folder is the folder of a file, by either kind of slash.
func Folder(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i > 0 {
		return name[:i]
	}
	return "/"
}

// Absolute is the name of a file that is given relative to dir. On Windows, which a
// drive or two backslashes tell, a name that begins with a slash is on dir's drive.
func Absolute(dir, name string) string {
	switch {
	case drive(name) || strings.HasPrefix(name, `\\`):
		return name
	case drive(dir) && strings.HasPrefix(name, "/"):
		return dir[:2] + name
	case strings.HasPrefix(name, "/"):
		return path.Clean(name)
	case drive(dir) || strings.Contains(dir, `\`):
		return strings.TrimRight(dir, `\/`) + "/" + name
	}
	return path.Join(dir, name)
}

func drive(name string) bool {
	return len(name) > 1 && name[1] == ':' && name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z'
}

// Same is what all spellings of a file's name have in common; links are not followed.
func Same(name string) string {
	if drive(name) || strings.HasPrefix(name, `\\`) {
		name = strings.ToLower(strings.ReplaceAll(name, `\`, "/"))
	}
	return path.Clean(name)
}

// Hidden reports whether a pattern of the C library would have left a name out that
// path/filepath does not: one that begins with a dot, unless the pattern says so.
func Hidden(pattern, name string) bool {
	base := func(s string) string { return s[strings.LastIndexAny(s, `/\`)+1:] }
	return strings.HasPrefix(base(name), ".") && !strings.HasPrefix(base(pattern), ".")
}

// Kept are the files of a tree, to read them again.
func Kept(t Tree) Files {
	k := kept{}
	for _, f := range t.Files {
		k[Same(f.Name)] = f
	}
	return k
}

type kept map[string]File

func (k kept) ReadFile(name string) ([]byte, error) {
	f, ok := k[Same(name)]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return f.Data, nil
}

func (k kept) Glob(pattern string) ([]string, error) {
	var out []string
	for key, f := range k {
		ok, err := path.Match(Same(pattern), key)
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
