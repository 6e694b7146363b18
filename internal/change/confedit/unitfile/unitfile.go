// Package unitfile reads systemd unit files with their drop-ins as systemd.syntax(7)
// and systemd.unit(5) describe them, finds the ports that socket units listen on, and
// writes drop-ins. It is pure.
package unitfile

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// SearchPath returns the folders of system units, those that win first, as
// systemd.unit(5) lists them.
func SearchPath() []string {
	return []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}
}

// Parse cuts a unit file into pieces: a section or an assignment is one Word, with
// the lines that a backslash joins to it.
func Parse(data []byte) piece.Doc {
	return piece.Cut(data, func(rest string) (piece.Kind, int, string) {
		n := piece.Run(rest, blanks)
		switch {
		case rest[0] == '\n':
			return piece.Newline, 1, ""
		case n > 0:
			return piece.Blank, n, ""
		case rest[0] == '#' || rest[0] == ';':
			return piece.Comment, piece.Until(rest, "\n"), ""
		}
		n = joined(rest)
		return piece.Word, n, rest[:n]
	})
}

// RoundTrip parses data and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return Parse(data).Bytes(), nil }

const blanks = " \t\r"

// joined is the length of an assignment: to the end of the first line that no
// backslash ends. Comment lines in between do not end it.
func joined(s string) int {
	for at := 0; ; {
		end := at + piece.Until(s[at:], "\n")
		text := s[at:end]
		if end == len(s) || !(at > 0 && comment(text)) && !goesOn(text) {
			return end
		}
		at = end + 1
	}
}

func comment(line string) bool {
	line = strings.TrimLeft(line, blanks)
	return line != "" && (line[0] == '#' || line[0] == ';')
}

// goesOn tells whether a line ends in a backslash that is not itself escaped.
func goesOn(line string) bool {
	line = strings.TrimSuffix(line, "\r")
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// Setting is one assignment.
type Setting struct {
	File     string
	Line     int
	Section  string // without brackets
	Key      string
	Value    string // in one line
	From, To int    // the bytes of the value; its text is Value where it is on one line
}

// Settings are the assignments of a file in order.
func Settings(f confedit.File) []Setting {
	var all []Setting
	section := ""
	at := piece.LinesOf(f.Data)
	for _, p := range Parse(f.Data).Pieces {
		if p.Kind != piece.Word {
			continue
		}
		if name, ok := strings.CutPrefix(strings.TrimRight(p.Raw, blanks), "["); ok {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		key, value, ok := strings.Cut(p.Raw, "=")
		if !ok {
			continue
		}
		trimmed := strings.Trim(value, blanks)
		from := p.From + len(key) + 1 + piece.Run(value, blanks)
		if trimmed == "" {
			from = p.From + len(key) + 1
		}
		all = append(all, Setting{
			File: f.Name, Line: at.At(p.From), Section: section, Key: strings.TrimRight(key, blanks),
			Value: oneLine(trimmed), From: from, To: from + len(trimmed),
		})
	}
	return all
}

// oneLine joins continued lines as systemd does: a blank for each backslash, also for
// one at the end of the file.
func oneLine(s string) string {
	var parts []string
	for i, l := range strings.Split(s, "\n") {
		if i > 0 && comment(l) {
			continue
		}
		if goesOn(l) {
			l = strings.TrimSuffix(strings.TrimSuffix(l, "\r"), `\`)
		}
		parts = append(parts, strings.Trim(l, blanks))
	}
	return strings.Trim(strings.Join(parts, " "), blanks)
}

// Read reads a unit and its drop-ins. Unit is a name, looked for in dirs, or a path,
// whose last element is the name; dirs are the folders of units, those that win
// first (SearchPath). The tree's files are in the order in which they take effect.
func Read(files confedit.Files, unit string, dirs []string) (confedit.Tree, error) {
	r := piece.Start("systemd", files)
	if err := open(r, unit, dirs); err != nil {
		return confedit.Tree{}, err
	}
	for _, name := range dropIns(r, path.Base(unit), dirs) {
		if _, _, err := r.Open(name); err != nil {
			return confedit.Tree{}, err
		}
	}
	for _, s := range Listens(r.Tree) {
		put(r, s)
	}
	return r.Tree, nil
}

func open(r *piece.Reading, unit string, dirs []string) error {
	candidates := []string{unit}
	if !strings.HasPrefix(unit, "/") {
		candidates = nil
		for _, name := range slices.Compact([]string{unit, template(unit)}) {
			for _, d := range dirs {
				candidates = append(candidates, path.Join(d, name))
			}
		}
	}
	for _, name := range candidates {
		_, _, err := r.Open(name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fmt.Errorf("%s: %w", unit, fs.ErrNotExist)
}

// template is the name of the unit that an instance is made of, or the name itself.
func template(unit string) string {
	name, rest, ok := strings.Cut(unit, "@")
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot <= 0 {
		return unit
	}
	return name + "@" + rest[dot:]
}

// dropIns are the drop-ins of a unit in the order in which they take effect: by file
// name, and of those with one name the one of the folder that wins. A folder for the
// unit wins over one for its template, its prefixes and its type.
func dropIns(r *piece.Reading, unit string, dirs []string) []string {
	byName := map[string]string{}
	var bases []string
	for _, owner := range owners(unit) {
		for _, d := range dirs {
			for _, name := range r.Match(unit, 0, path.Join(d, owner+".d", "*.conf")) {
				base := path.Base(name)
				if _, taken := byName[base]; !taken {
					byName[base] = name
					bases = append(bases, base)
				}
			}
		}
	}
	slices.Sort(bases)
	out := make([]string, 0, len(bases))
	for _, b := range bases {
		out = append(out, byName[b])
	}
	return out
}

// owners are the names whose .d folders count for a unit: a-b@c.socket, a-b@.socket,
// a-.socket, socket.
func owners(unit string) []string {
	dot := strings.LastIndexByte(unit, '.')
	if dot < 0 {
		return []string{unit}
	}
	all := slices.Compact([]string{unit, template(unit)})
	name, _, _ := strings.Cut(unit[:dot], "@")
	for i := strings.LastIndexByte(strings.TrimSuffix(name, "-"), '-'); i > 0; i = strings.LastIndexByte(name[:i], '-') {
		all = append(all, name[:i+1]+unit[dot:])
	}
	return append(all, unit[dot+1:])
}
