package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Find names the ledgers that count in the folder dir: each berth.toml from there
// upwards, the nearest first; where there is none, the one of the first of the config
// folders that has one. None at all is no error. A file that somebody else than the
// asker or the system's administrator may have written is refused with a [Problem]:
// it would speak for the asker.
func Find(dir string, config []string) ([]string, error) {
	var out []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		ok, err := here(filepath.Join(d, Name))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, filepath.Join(d, Name))
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	for _, d := range config {
		if len(out) > 0 {
			break
		}
		ok, err := here(filepath.Join(d, Name))
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, filepath.Join(d, Name))
		}
	}
	return out, nil
}

func here(name string) (bool, error) {
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		return false, nil
	case err != nil:
		return false, err
	case !st.Mode().IsRegular():
		return false, nil
	}
	if who := stranger(name, st); who != "" {
		return false, Problem{Place{name, 1}, "this ledger may have been written by " + who, "name it with --file to use it all the same"}
	}
	return true, nil
}

// ConfigFolders are where a ledger is looked for last: the user's folder, then the
// system's. getenv is the environment.
func ConfigFolders(getenv func(string) string) []string {
	var out []string
	switch {
	case getenv("XDG_CONFIG_HOME") != "":
		out = append(out, filepath.Join(getenv("XDG_CONFIG_HOME"), "berth"))
	case runtime.GOOS == "windows":
		if d := getenv("APPDATA"); d != "" {
			out = append(out, filepath.Join(d, "berth"))
		}
	case getenv("HOME") != "":
		out = append(out, filepath.Join(getenv("HOME"), ".config", "berth"))
	}
	return append(out, SystemFolder(getenv))
}

// SystemFolder is the system's config folder: /etc/berth, %ProgramData%\berth, or
// /Library/Application Support/berth.
func SystemFolder(getenv func(string) string) string {
	switch runtime.GOOS {
	case "windows":
		if d := getenv("ProgramData"); d != "" {
			return filepath.Join(d, "berth")
		}
		return `C:\ProgramData\berth`
	case "darwin":
		return "/Library/Application Support/berth"
	}
	return "/etc/berth"
}

// Missing is a ledger that was named and is not there. It is fs.ErrNotExist.
type Missing struct{ File string }

// Error names the file.
func (m Missing) Error() string { return "there is no ledger " + m.File }

// Is tells that m is fs.ErrNotExist.
func (Missing) Is(err error) bool { return err == fs.ErrNotExist }

// Load reads and joins files, the one that counts most first. The error is
// [Problems], a [Missing], or that of a file that could not be read.
func Load(files ...string) (Ledger, error) {
	var all []Ledger
	var bad Problems
	for _, name := range files {
		text, err := read(name)
		if err != nil {
			return Ledger{}, err
		}
		l, err := Parse(name, text)
		var ps Problems
		if errors.As(err, &ps) {
			bad = append(bad, ps...)
		}
		all = append(all, l)
	}
	if len(bad) > 0 {
		return Ledger{}, bad
	}
	return Merge(all...), nil
}

// read refuses what is no regular file before it is opened: a pipe that nobody writes to
// would keep the opener for ever, and cannot be read again when it has changed.
func read(name string) ([]byte, error) {
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, Missing{name}
	case err != nil:
		return nil, err
	case st.IsDir():
		return nil, fmt.Errorf("%s is a folder, and a ledger is a file", name)
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file, and a ledger is one", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxSize+1))
}
