// Package nginx reads nginx's configuration without losing a byte, finds every place
// that takes a TCP port, and makes the edits that move it or take it out.
//
// The grammar is that of ngx_conf_read_token (nginx 1.27, src/core/ngx_conf_file.c),
// with the Lua blocks of OpenResty, whose braces only a reader of Lua can count.
// Variables are not expanded: nginx does not allow them in listen. UDP (listen ...
// udp, listen ... quic) is never a place. The package is pure; it writes nothing, and
// nothing in it depends on the OS it runs on.
package nginx

import (
	"bytes"
	"fmt"

	"github.com/berthd/berth/internal/change/confedit"
)

// Doc is one file, parsed.
type Doc struct {
	Name string
	data []byte
	top  []*directive

	counted, newlines int // so far, see line
}

// word is one word of a directive: data[from:to] is what stands between its quotes,
// and value the same with its escapes undone.
type word struct {
	from, to int
	value    string
}

// directive is a name, its arguments, and what follows: a semicolon or a block.
type directive struct {
	words    []word
	from, to int // from the first word to behind the semicolon or the closing brace
	open     int // behind the opening brace; 0 where there is no block
	block    []*directive
	up       *directive
}

func (d *directive) name() string { return d.words[0].value }

func (d *directive) arg(i int) string {
	if i < len(d.words) {
		return d.words[i].value
	}
	return ""
}

// Bytes prints the file: what Parse was given.
func (d *Doc) Bytes() []byte {
	p := printer{data: d.data}
	p.print(d.top)
	p.upTo(len(d.data))
	return p.out.Bytes()
}

// RoundTrip parses a file and prints it.
func RoundTrip(data []byte) ([]byte, error) {
	d, err := Parse("", data)
	if err != nil {
		return nil, err
	}
	return d.Bytes(), nil
}

// printer writes directives and what stands between them.
type printer struct {
	data []byte
	at   int
	out  bytes.Buffer
}

func (p *printer) upTo(to int) {
	p.out.Write(p.data[p.at:to])
	p.at = to
}

func (p *printer) print(ds []*directive) {
	for _, d := range ds {
		for _, w := range d.words {
			p.upTo(w.from)
			p.upTo(w.to)
		}
		p.print(d.block)
		p.upTo(d.to)
	}
}

// line is the line of a byte, from 1.
func line(data []byte, at int) int { return bytes.Count(data[:at], []byte("\n")) + 1 }

// line is the line of a byte; it is quick when asked in order.
func (d *Doc) line(at int) int {
	if at < d.counted {
		d.counted, d.newlines = 0, 0
	}
	d.newlines += bytes.Count(d.data[d.counted:at], []byte("\n"))
	d.counted = at
	return d.newlines + 1
}

func syntax(name string, data []byte, at int, why string) error {
	return fmt.Errorf("%s:%d: %w: %s", name, line(data, min(at, len(data))), confedit.ErrSyntax, why)
}
