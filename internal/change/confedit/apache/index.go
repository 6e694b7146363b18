package apache

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/change/confedit"
)

// spot is a word of a file.
type spot struct {
	doc *Doc
	n   *node
	w   word
}

func (s spot) raw() string { return s.n.text[s.w.from:s.w.to] }

// at names a byte of a file.
type at struct {
	file string
	from int
}

// index finds again in the files of a tree what a Place or a variable is about.
type index struct {
	tree    confedit.Tree
	words   map[at]spot
	defines map[string][]spot       // the values; one without a spot is an UnDefine
	maybe   map[at]bool             // by line: the places that may not be there
	hosts   map[at][]confedit.Place // by line: the addresses of a virtual host
}

func indexed(t confedit.Tree) (*index, error) {
	if t.Server != Server {
		return nil, fmt.Errorf("a tree of %q: %w", t.Server, confedit.ErrNoPlace)
	}
	x := &index{tree: t, words: map[at]spot{}, defines: map[string][]spot{}, maybe: map[at]bool{}, hosts: map[at][]confedit.Place{}}
	for _, f := range t.Files {
		doc, err := Parse(f.Name, f.Data)
		if err != nil {
			return nil, err
		}
		x.add(doc, doc.top)
	}
	for _, n := range t.Notes {
		if strings.HasPrefix(n.Text, onlyIf) {
			x.maybe[at{n.File, n.Line}] = true
		}
	}
	for _, p := range t.Places {
		if p.Role == confedit.Follows {
			x.hosts[at{p.File, p.Line}] = append(x.hosts[at{p.File, p.Line}], p)
		}
	}
	return x, nil
}

func (x *index) add(doc *Doc, nodes []*node) {
	for _, n := range nodes {
		x.add(doc, n.block)
		switch n.name {
		case "listen", "namevirtualhost", "<virtualhost":
			for _, w := range n.words {
				from, _ := n.span(w.from, w.to)
				x.words[at{doc.Name, from}] = spot{doc, n, w}
			}
		case "servername":
			if len(n.words) > 0 {
				from, to := portIn(n, n.words[0])
				off, _ := n.span(from, to)
				x.words[at{doc.Name, off}] = spot{doc, n, word{from, to, n.text[from:to]}}
			}
		case "define", "undefine":
			s := spot{}
			if len(n.words) > 1 {
				s = spot{doc, n, n.words[1]}
			}
			x.defines[n.arg(0)] = append(x.defines[n.arg(0)], s)
		}
	}
}

// certain reports whether a place is there whatever the conditions are.
func (x *index) certain(p confedit.Place) bool { return !x.maybe[at{p.File, p.Line}] }

// value are the spots at which a variable's one value is written.
func (x *index) value(name string) ([]spot, error) {
	spots := x.defines[name]
	if len(spots) == 0 {
		return nil, fmt.Errorf("${%s} comes from outside the configuration: %w", name, confedit.ErrVariable)
	}
	for _, s := range spots {
		if s.n == nil || s.raw() != s.w.value || s.raw() != spots[0].raw() {
			return nil, fmt.Errorf("${%s}: %w", name, confedit.ErrVariable)
		}
	}
	return spots, nil
}

// variable reads a word that is one variable and nothing else.
func variable(s string) (string, bool) {
	name, ok := strings.CutPrefix(s, "${")
	name, closed := strings.CutSuffix(name, "}")
	return name, ok && closed && !strings.ContainsAny(name, "${}")
}

// said spells an endpoint as httpd wants it.
func said(addr string, port uint16) string {
	if addr == "" {
		return strconv.Itoa(int(port))
	}
	return host(addr) + ":" + strconv.Itoa(int(port))
}

func host(addr string) string {
	if strings.Contains(addr, ":") {
		return "[" + addr + "]"
	}
	return addr
}
