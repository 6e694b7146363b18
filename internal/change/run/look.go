package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Look returns the absolute path of a program: name itself where it is absolute, else
// the first of that name in the system's own folders for programs. PATH of the
// environment is not asked. It needs no privilege; errors wrap [ErrNotFound] or
// [ErrShell].
func Look(name string) (string, error) {
	if filepath.IsAbs(name) {
		if !runnable(name) {
			return "", fmt.Errorf("%s: %w", name, ErrNotFound)
		}
		return name, needsShell(name)
	}
	if name == "" || name != filepath.Base(name) || strings.ContainsAny(name, `/\:`) || name == "." || name == ".." {
		return "", fmt.Errorf("%q: %w: neither a name nor an absolute path", name, ErrNotFound)
	}
	for _, dir := range folders() {
		if path := filepath.Join(dir, name+suffix(name)); runnable(path) {
			return path, needsShell(path)
		}
	}
	return "", fmt.Errorf("%s: %w in %s", name, ErrNotFound, strings.Join(folders(), string(filepath.ListSeparator)))
}

func needsShell(path string) error {
	if needsInterpreter(strings.ToLower(filepath.Ext(path))) {
		return fmt.Errorf("%s: %w", path, ErrShell)
	}
	return nil
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && executable(info)
}
