// Package apache reads the configuration of Apache's httpd without losing a byte,
// finds every place that takes a TCP port, and makes the edits that move it or take
// it out.
//
// The grammar is httpd 2.4's: lines, joined by a backslash at their end, comments
// included; words in quotes; sections; ${NAME} from Define, then from the environment
// (server/config.c, server/util.c, server/core.c). What .htaccess says is not looked
// at. The package is pure; it writes nothing, and nothing in it depends on the OS it
// runs on.
package apache

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/berthd/berth/internal/change/confedit"
)

// Doc is one file, parsed.
type Doc struct {
	Name string
	data []byte
	top  []*node

	counted, newlines int // so far, see line
}

// node is a directive, or a section with what is in it.
type node struct {
	name     string // in small letters; "<virtualhost" for a section
	from, to int    // its line or joined lines, line end included
	text     string // of the same, joined
	joints   []joint
	words    []word // its arguments; of a section those before the last >
	block    []*node
	end      int // of a section: behind the line that closes it
}

// joint says that from byte at on, text is what the file has from byte from on.
type joint struct{ at, from int }

// word is one argument: text[from:to] is what stands between its quotes, and value
// the same with its escapes undone.
type word struct {
	from, to int
	value    string
}

// off is the byte of the file that byte i of the text is.
func (n *node) off(i int) int {
	j := sort.Search(len(n.joints), func(j int) bool { return n.joints[j].at > i }) - 1
	if j < 0 {
		return n.from + i
	}
	return n.joints[j].from + i - n.joints[j].at
}

// span is where text[from:to] is in the file.
func (n *node) span(from, to int) (int, int) {
	if from == to {
		return n.off(from), n.off(from)
	}
	return n.off(from), n.off(to-1) + 1
}

func (n *node) arg(i int) string {
	if i < len(n.words) {
		return n.words[i].value
	}
	return ""
}

func (n *node) section() bool { return n.name[0] == '<' }

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

func (p *printer) print(nodes []*node) {
	for _, n := range nodes {
		for _, w := range n.words {
			from, to := n.span(w.from, w.to)
			p.upTo(from)
			p.upTo(to)
		}
		p.upTo(n.to)
		p.print(n.block)
		if n.section() {
			p.upTo(n.end)
		}
	}
}

// line is the line of a byte, from 1; it is quick when asked in order.
func (d *Doc) line(at int) int {
	if at < d.counted {
		d.counted, d.newlines = 0, 0
	}
	d.newlines += bytes.Count(d.data[d.counted:at], []byte("\n"))
	d.counted = at
	return d.newlines + 1
}

func (d *Doc) fail(at int, why string) error {
	return fmt.Errorf("%s:%d: %w: %s", d.Name, d.line(min(at, len(d.data))), confedit.ErrSyntax, why)
}
