package unit

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxGroup bounds how many units Also= may add.
const maxGroup = 64

// linkSet are symlinks by path, as the machine sees it, with their targets.
type linkSet map[string]string

// String writes one link a line, sorted: "PATH -> TARGET".
func (l linkSet) String() string {
	rows := make([]string, 0, len(l))
	for path, target := range l {
		rows = append(rows, path+" -> "+target)
	}
	slices.Sort(rows)
	return strings.Join(rows, "\n")
}

// file is the link by which the unit's file is known, where it is kept elsewhere. An
// alias has another name than its target, and a link to wants stands in a folder.
func (l linkSet) file(id string) linkSet {
	out := linkSet{}
	for name, target := range l {
		if path.Base(name) == id && path.Base(target) == id && !wanting(path.Dir(name)) {
			out[name] = target
		}
	}
	return out
}

// parseLinks reads what String wrote. A link outside of dirs is an error: none is made
// anywhere else.
func parseLinks(text string, dirs []string) (linkSet, error) {
	out := linkSet{}
	for row := range strings.SplitSeq(text, "\n") {
		if row == "" {
			continue
		}
		file, target, ok := strings.Cut(row, " -> ")
		if !ok || target == "" || path.Clean(file) != file || !slices.ContainsFunc(dirs, func(d string) bool { return strings.HasPrefix(file, d+"/") }) {
			return nil, fmt.Errorf("%q is no link of a unit", row)
		}
		out[file] = target
	}
	return out, nil
}

// configured are the folders among a manager's unit path in which enabling and
// masking make links: not those of packages, nor what generators and the manager
// write for themselves.
func configured(unitPath []string) []string {
	var out []string
	for _, dir := range unitPath {
		base := path.Base(dir)
		if (base == "system" || base == "user") && !strings.HasPrefix(dir, "/usr/") && !strings.HasPrefix(dir, "/lib/") {
			out = append(out, dir)
		}
	}
	return out
}

// files looks at the machine's unit files.
type files struct {
	root     string
	unitPath []string
}

func (f files) at(name string) string { return filepath.Join(f.root, name) }

// group is the unit by all its names, and the units that are enabled and disabled with
// it (Also=).
func (f files) group(names []string) []string {
	group := slices.Clone(names)
	for i := 0; i < len(group) && len(group) < maxGroup; i++ {
		for _, text := range f.texts(group[i]) {
			for _, name := range also(text) {
				if !slices.Contains(group, name) {
					group = append(group, name)
				}
			}
		}
	}
	return group
}

// texts are the unit's file, whether it is masked or not, and its drop-ins. An
// instance has its template's.
func (f files) texts(name string) []string {
	var out []string
	if before, rest, ok := strings.Cut(name, "@"); ok {
		if i := strings.LastIndexByte(rest, '.'); i > 0 {
			out = f.texts(before + "@" + rest[i:])
		}
	}
	main := false
	for _, dir := range f.unitPath {
		if text, err := os.ReadFile(f.at(path.Join(dir, name))); err == nil && len(text) > 0 && !main {
			out, main = append(out, string(text)), true
		}
		drops, err := os.ReadDir(f.at(path.Join(dir, name+".d")))
		if err != nil {
			continue
		}
		for _, d := range drops {
			if text, err := os.ReadFile(f.at(path.Join(dir, name+".d", d.Name()))); err == nil {
				out = append(out, string(text))
			}
		}
	}
	return out
}

// also are the names in Also= of a unit file's [Install]. Those with a specifier are
// left out.
func also(text string) []string {
	var names []string
	section := ""
	text = strings.NewReplacer("\\\r\n", " ", "\\\n", " ").Replace(text)
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = line
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section != "[Install]" || strings.TrimSpace(key) != "Also" {
			continue
		}
		for _, name := range strings.Fields(value) {
			if isUnit(name) && !strings.Contains(name, "%") {
				names = append(names, name)
			}
		}
	}
	return names
}

// scan finds the links that enable the units of a group: aliases, and what stands in
// a folder of Wants=, Requires= or Upholds=. A mask is no such link.
func (f files) scan(group []string) (linkSet, error) {
	out := linkSet{}
	for _, dir := range configured(f.unitPath) {
		entries, err := os.ReadDir(f.at(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			if e.IsDir() && wanting(name) {
				inner, err := os.ReadDir(f.at(name))
				if err != nil {
					return nil, err
				}
				for _, e := range inner {
					f.note(out, path.Join(name, e.Name()), group)
				}
			}
			f.note(out, name, group)
		}
	}
	return out, nil
}

func wanting(dir string) bool {
	return strings.HasSuffix(dir, ".wants") || strings.HasSuffix(dir, ".requires") || strings.HasSuffix(dir, ".upholds")
}

func (f files) note(out linkSet, name string, group []string) {
	target, err := os.Readlink(f.at(name))
	if err != nil || target == os.DevNull || strings.Contains(target, "\n") {
		return
	}
	if slices.Contains(group, path.Base(name)) || slices.Contains(group, path.Base(target)) {
		out[name] = target
	}
}

// masked tells whether a unit is masked in the folders of the machine's
// configuration, and in those of /run.
func (f files) masked(name string) (persistent, runtime bool) {
	for _, dir := range configured(f.unitPath) {
		target, err := os.Readlink(f.at(path.Join(dir, name)))
		if err != nil || target != os.DevNull {
			continue
		}
		if strings.HasPrefix(dir, "/run/") {
			runtime = true
		} else {
			persistent = true
		}
	}
	return persistent, runtime
}

// inTheWay refuses to mask a unit that has a file of its own where the mask would be.
func (f files) inTheWay(id string) error {
	for _, dir := range configured(f.unitPath) {
		name := path.Join(dir, id)
		info, err := os.Lstat(f.at(name))
		if err != nil || strings.HasPrefix(dir, "/run/") {
			continue
		}
		if target, err := os.Readlink(f.at(name)); err != nil && info.Size() > 0 || err == nil && target != os.DevNull {
			return fmt.Errorf("%s is where the mask would be, so this unit can only be disabled: %w", name, fs.ErrExist)
		}
	}
	return nil
}

// forgotten refuses to disable a unit whose file is but linked: systemd would know it
// no more.
func (f files) forgotten(id string) error {
	found, err := f.scan([]string{id})
	if err != nil {
		return err
	}
	for name, target := range found.file(id) {
		return fmt.Errorf("disabling it would remove it, since its file is only linked (%s to %s); ask for \"linked\"", name, target)
	}
	return nil
}

// restore makes the links want out of now, and removes folders that are empty then.
func (f files) restore(want, now linkSet) error {
	for name, target := range now {
		if want[name] == target {
			continue
		}
		if err := os.Remove(f.at(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if dir := path.Dir(name); wanting(dir) && !needed(want, dir) {
			_ = os.Remove(f.at(dir)) // it stays when it is not empty
		}
	}
	for name, target := range want {
		if now[name] == target {
			continue
		}
		if err := f.link(name, target); err != nil {
			return err
		}
	}
	return nil
}

// link makes a link in place of another, or of none. A file is not replaced.
func (f files) link(name, target string) error {
	if err := os.MkdirAll(f.at(path.Dir(name)), 0o755); err != nil {
		return err
	}
	switch is, err := os.Readlink(f.at(name)); {
	case err == nil && is == target:
		return nil
	case err == nil:
		if err := os.Remove(f.at(name)); err != nil {
			return err
		}
	}
	return os.Symlink(target, f.at(name))
}

func needed(want linkSet, dir string) bool {
	for name := range want {
		if path.Dir(name) == dir {
			return true
		}
	}
	return false
}
