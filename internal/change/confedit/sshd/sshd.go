// Package sshd reads and edits the configuration of OpenSSH's server as
// sshd_config(5) and servconf.c of OpenSSH 9 describe it. It is pure.
package sshd

import (
	"fmt"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

// Default is the port that sshd takes where none is written.
const Default = 22

// confDir is where sshd looks for included files with relative names, whatever the
// main file's own folder is.
const confDir = "/etc/ssh"

// maxDepth is how deep sshd lets files include one another.
const maxDepth = 16

// most is how many Port lines sshd takes, and more than it takes of ListenAddress.
const most = 256

// Mains are the patterns of the main files that sshd has on an OS (runtime.GOOS) as it
// is packaged, likeliest first.
func Mains(goos string) []string {
	switch goos {
	case "windows":
		return []string{`C:\ProgramData\ssh\sshd_config`}
	case "darwin":
		return []string{"/etc/ssh/sshd_config", "/opt/homebrew/etc/ssh/sshd_config", "/usr/local/etc/ssh/sshd_config"}
	}
	return []string{"/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config"}
}

// Parse cuts a configuration into pieces.
func Parse(data []byte) piece.Doc {
	first := true // nothing but blanks since the line began
	return piece.Cut(data, func(rest string) (piece.Kind, int, string) {
		kind, n, text := next(rest, first)
		first = kind == piece.Newline || first && kind == piece.Blank
		return kind, n, text
	})
}

// RoundTrip parses data and prints it again.
func RoundTrip(data []byte) ([]byte, error) { return Parse(data).Bytes(), nil }

const blanks = " \t\r\f"

func next(rest string, first bool) (piece.Kind, int, string) {
	switch c := rest[0]; {
	case c == '\n':
		return piece.Newline, 1, ""
	case strings.IndexByte(blanks, c) >= 0:
		return piece.Blank, piece.Run(rest, blanks), ""
	case c == '#':
		return piece.Comment, piece.Until(rest, "\n"), ""
	case c == '=' && !first:
		return piece.Mark, 1, ""
	case c == '"':
		line := rest[:piece.Until(rest, "\n")]
		if end := strings.IndexByte(line[1:], '"'); end >= 0 {
			return piece.Word, end + 2, line[1 : end+1]
		}
		return piece.Word, len(line), strings.TrimRight(line[1:], blanks)
	case first:
		n := piece.Until(rest, blanks+"\n=#\"")
		return piece.Word, n, rest[:n]
	}
	n := piece.Until(rest, blanks+"\n\"")
	return piece.Word, n, rest[:n]
}

// line is a keyword with its arguments.
type line struct {
	keyword string // in small letters
	args    []piece.Piece
	at      int // where the keyword begins
	end     int // behind the last argument
}

// lines are the statements of a file. The one = that may stand behind the keyword is
// left out, any other is an argument, which no keyword of interest here takes.
func lines(d piece.Doc) []line {
	var all []line
	for _, s := range d.Statements() {
		args := s[1:]
		if len(args) > 0 && args[0].Kind == piece.Mark {
			args = args[1:]
		}
		all = append(all, line{strings.ToLower(s[0].Text), args, s[0].From, s[len(s)-1].To()})
	}
	return all
}

// Read follows the Include lines from main and finds what takes a port. Errors say
// which file could not be read; patterns that match nothing are none, as for sshd.
func Read(files confedit.Files, main string) (confedit.Tree, error) {
	r, err := read(files, main)
	if err != nil {
		return confedit.Tree{}, err
	}
	return r.Tree, nil
}

func read(files confedit.Files, main string) (*reader, error) {
	r := &reader{Reading: piece.Start("sshd", files), main: main, dir: confDir}
	if !strings.HasPrefix(main, "/") {
		r.dir = confedit.Folder(main)
	}
	if err := r.file(main, 0, false); err != nil {
		return nil, err
	}
	r.places()
	return r, nil
}

// reader keeps the Port and ListenAddress lines until it is known what they make
// together.
type reader struct {
	*piece.Reading
	main, dir string
	ports     []confedit.Place
	addresses []confedit.Place // Port is 0 where the line has none
}

func (r *reader) file(name string, depth int, matched bool) error {
	data, fresh, err := r.Open(name)
	if err != nil || !fresh {
		return err
	}
	at := piece.LinesOf(data)
	for _, l := range lines(Parse(data)) {
		n := at.At(l.at)
		switch l.keyword {
		case "match":
			matched = true
		case "include":
			err = r.include(name, n, l.args, depth, matched)
		case "port", "listenaddress":
			if matched {
				r.Note(name, n, "sshd refuses "+l.keyword+" in a Match block")
				continue
			}
			r.takes(name, n, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) include(file string, n int, patterns []piece.Piece, depth int, matched bool) error {
	if depth >= maxDepth {
		r.Note(file, n, fmt.Sprintf("sshd follows at most %d levels of Include", maxDepth))
		return nil
	}
	for _, p := range patterns {
		pattern := p.Text
		if strings.HasPrefix(pattern, "~") {
			r.Note(file, n, "Include "+pattern+" is for users' files")
			continue
		}
		for _, name := range r.Match(file, n, confedit.Absolute(r.dir, pattern)) {
			if err := r.Missing(file, n, r.file(name, depth+1, matched)); err != nil {
				return fmt.Errorf("%s:%d: %w", file, n, err)
			}
		}
	}
	return nil
}

// takes keeps a Port or ListenAddress line.
func (r *reader) takes(file string, n int, l line) {
	if len(l.args) == 0 {
		r.Note(file, n, l.keyword+" without a value")
		return
	}
	if len(r.ports) >= most || len(r.addresses) >= most {
		r.Note(file, n, fmt.Sprintf("sshd takes no more than %d of these lines", most))
		return
	}
	word := l.args[0]
	from, plain := word.Inside()
	s, ok := piece.Spell(word.Text)
	isPort := l.keyword == "port"
	if !plain || !ok || isPort && (s.Port == 0 || s.PortAt > 0) {
		r.Note(file, n, fmt.Sprintf("%s %s is no number or address that can be read", l.keyword, word.Text))
		return
	}
	p := confedit.Place{
		File: file, Line: n, From: from, To: from + len(word.Text), Role: confedit.Listens,
		Addr: s.Addr, Port: s.Port,
	}
	if isPort {
		r.ports = append(r.ports, p)
		return
	}
	if s.PortAt == 0 && s.Port > 0 { // ListenAddress 22: sshd takes it for a host
		p.Addr, p.Port = word.Text, 0
	}
	r.addresses = append(r.addresses, p)
}

// places joins the lines as sshd does: an address without a port takes all of Port,
// which is 22 where it is not written; Port alone takes every address; and where all
// addresses have ports, Port takes nothing.
func (r *reader) places() {
	var bare []string
	for _, a := range r.addresses {
		if a.Port == 0 {
			bare = append(bare, a.Addr)
			continue
		}
		r.Put(a)
	}
	if len(r.addresses) == 0 {
		bare = []string{""}
	}
	ports := r.ports
	if len(ports) == 0 && len(bare) > 0 {
		ports = []confedit.Place{r.implied()}
	}
	for _, p := range ports {
		if len(bare) == 0 {
			r.Note(p.File, p.Line, "Port has no effect: every ListenAddress has a port of its own")
		}
		for _, addr := range bare {
			p.Addr = addr
			r.Put(p)
		}
	}
}

// implied is the spot for a Port line: behind a commented one where there is one (the
// file that OpenSSH ships), else before the first Match, else at the end.
func (r *reader) implied() confedit.Place {
	data := piece.Data(r.Tree, r.main).Data
	end := len(data)
	d := Parse(data)
	for _, l := range lines(d) {
		if l.keyword == "match" {
			end = lineStart(data, l.at)
			break
		}
	}
	at := end
	for _, p := range d.Pieces {
		word := strings.Fields(strings.ToLower(strings.TrimLeft(p.Raw, "#")))
		if p.Kind == piece.Comment && p.To() < end && len(word) == 2 && word[0] == "port" {
			at = p.To() + 1
			break
		}
	}
	return confedit.Place{
		File: r.main, Line: piece.LinesOf(data).At(at), From: at, To: at,
		Role: confedit.Listens, Port: Default, Implied: true,
	}
}

func lineStart(data []byte, at int) int {
	return strings.LastIndexByte(string(data[:at]), '\n') + 1
}
