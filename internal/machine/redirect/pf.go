package redirect

import (
	"bufio"
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// pfTables reads what macOS' packet filter may be told to redirect. Its rules of now
// are behind /dev/pf, which root alone may open, in structs that Apple keeps to itself:
// they are a gap. What its configuration says stands beside it, as a hint, since pf may
// not run, or may have been told otherwise.
type pfTables struct {
	files func(folder string) []string // names of a folder's files, none where it cannot be read
	read  func(path string) []byte     // nil where it cannot be read
}

const (
	pfConf    = "/etc/pf.conf"
	pfAnchors = "/etc/pf.anchors"

	maxPFFiles = 64
	maxPFLines = 8 // that are quoted
)

func (p pfTables) set(q Query) fact.Set {
	paths := []string{pfConf}
	for _, name := range p.files(pfAnchors) {
		paths = append(paths, pfAnchors+"/"+name)
	}
	slices.Sort(paths)
	var lines []string
	for _, path := range paths[:min(len(paths), maxPFFiles)] {
		for _, line := range pfRedirects(p.read(path), q.Ports) {
			lines = append(lines, path+": "+line)
		}
	}
	g := fact.Gap{Kind: fact.GapNoNAT, Subject: "pf's redirections", Hint: "sudo pfctl -a '*' -s nat"}
	if len(lines) > 0 {
		g.Err = "its configuration has " + strings.Join(lines[:min(len(lines), maxPFLines)], "; ")
	}
	return fact.Set{Gaps: []fact.Gap{g}}
}

// pfRedirects are the lines of a configuration that redirect one of the ports, or with
// none asked for, any.
func pfRedirects(b []byte, ports []uint16) []string {
	var out []string
	var whole string // of a line that goes on in the next one
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if more, ok := strings.CutSuffix(text, `\`); ok {
			whole += more + " "
			continue
		}
		line := strings.Join(strings.Fields(whole+text), " ")
		whole = ""
		if takes, ok := pfPorts(line); ok && (len(ports) == 0 || slices.ContainsFunc(ports, takes)) {
			out = append(out, line)
		}
	}
	return out
}

// pfPorts tells which ports a line redirects; ok is false for any other line. A port
// that it does not name by number, it may.
func pfPorts(line string) (takes func(uint16) bool, ok bool) {
	rule, _, ok := strings.Cut(line, "->")
	rule, isRedirect := strings.CutPrefix(rule, "rdr ")
	if !ok || !isRedirect {
		return nil, false
	}
	_, to, named := strings.Cut(rule, " to ")
	_, list, hasPort := strings.Cut(to, "port")
	if !named || !hasPort {
		return func(uint16) bool { return true }, true
	}
	words := strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune("{}=, \t", r) })
	return func(port uint16) bool {
		return slices.ContainsFunc(words, func(w string) bool { return pfHas(w, port) })
	}, true
}

// pfHas reads "80", "8000:8099", ":1023" or "1024:", and lets a name be any port.
func pfHas(word string, port uint16) bool {
	lo, hi, isRange := strings.Cut(word, ":")
	from, okFrom := pfPort(lo, 0)
	to, okTo := pfPort(hi, 65535)
	switch {
	case !okFrom || !okTo:
		return true
	case isRange:
		return from <= port && port <= to
	}
	return from == port
}

func pfPort(s string, open uint16) (uint16, bool) {
	if s == "" {
		return open, true
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil
}
