// Package source reads the catalog as it is written, entries in TOML and the
// port registry as a table, and turns both into what package catalog carries.
// Only the generator and tests use it; the berth binary never does.
//
// The package is pure: bytes in, values or bytes out.
package source

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/berthd/berth/internal/answer/catalog"
)

// maxFile bounds the size of one file of entries.
const maxFile = 1 << 20

// Row is one entry with the examples that are its tests and the place where it
// is written.
type Row struct {
	catalog.Entry
	Examples        []catalog.Subject // subjects that the entry must fit
	CounterExamples []catalog.Subject // subjects that it must not fit
	File            string
	Line            int // of its [[entry]]
}

// Error is what is wrong with a file, in one line.
type Error struct {
	File string
	Line int // counted from 1
	What string
}

// Error gives "file:line: what".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What) }

// Load reads one file of entries, fills in the standard texts and checks every
// rule that concerns one entry alone, its examples included; [Check] looks across
// entries. An error is always an [*Error], the first one in the file. name is
// only used in it.
func Load(name string, text []byte) ([]Row, error) {
	if len(text) > maxFile {
		return nil, &Error{name, 1, fmt.Sprintf("file is larger than %d bytes", maxFile)}
	}
	var rows []Row
	for _, c := range split(text) {
		row, err := c.row()
		if err == nil {
			err = checkRow(&row)
		}
		if err != nil {
			return nil, &Error{name, c.first + c.lineOf(err), oneLine(err)}
		}
		row.File, row.Line = name, c.first
		rows = append(rows, row)
	}
	return rows, nil
}

// chunk is one entry's text. Entries are decoded one by one because the decoder
// tells positions by key, and the keys of two entries are the same.
type chunk struct {
	text  string
	first int // line of its first line
}

const header = "[[entry]]"

func split(text []byte) []chunk {
	var chunks []chunk
	start, first := 0, 1
	line := 0
	for at := 0; at < len(text); {
		line++
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if strings.TrimSpace(string(text[at:end])) == header && at > start {
			chunks = append(chunks, chunk{string(text[start:at]), first})
			start, first = at, line
		}
		at = end
	}
	chunks = append(chunks, chunk{string(text[start:]), first})
	return dropPreface(chunks)
}

// dropPreface leaves out the comments before the first entry.
func dropPreface(chunks []chunk) []chunk {
	for line := range strings.Lines(chunks[0].text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			return chunks
		}
	}
	return chunks[1:]
}

func (c chunk) row() (Row, error) {
	var f struct {
		Entry []rawEntry `toml:"entry"`
	}
	if err := toml.NewDecoder(strings.NewReader(c.text)).DisallowUnknownFields().Decode(&f); err != nil {
		return Row{}, err
	}
	if len(f.Entry) != 1 {
		return Row{}, broken("", "text before the first %s", header)
	}
	return f.Entry[0].row()
}

// problem is a broken rule, with the key, and where several lines have that key
// its value as written, whose line shows it best.
type problem struct{ key, value, what string }

func (p problem) Error() string { return p.what }

// lineOf is the number of lines before the one that err is about.
func (c chunk) lineOf(err error) int {
	if d := decoding(err); d != nil {
		line, _ := d.Position()
		return line - 1
	}
	var p problem
	if errors.As(err, &p) && p.key != "" {
		return c.lineOfKey(p.key, p.value)
	}
	return 0
}

func (c chunk) lineOfKey(key, value string) int {
	n := 0
	for line := range strings.Lines(c.text) {
		if _, after, found := strings.Cut(line, key); found && strings.HasPrefix(strings.TrimLeft(after, " \t"), "=") && strings.Contains(after, value) {
			return n
		}
		n++
	}
	return 0
}

// decoding is the decoder's error, of several unknown keys the first; nil if err is
// another one.
func decoding(err error) *toml.DecodeError {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		return &unknown.Errors[0]
	}
	var d *toml.DecodeError
	errors.As(err, &d)
	return d
}

// oneLine gives err's words, without the name of the decoder.
func oneLine(err error) string {
	what := strings.TrimPrefix(err.Error(), "toml: ")
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		key := unknown.Errors[0].Key()
		what = "unknown key " + key[len(key)-1]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, what)
}
