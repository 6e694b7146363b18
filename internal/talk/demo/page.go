// Package demo tells the stories of `berth demo`: a real conflict on this machine,
// and the recorded one that berth was born from.
package demo

import (
	"fmt"
	"io"
	"strings"

	"github.com/berthd/berth/internal/talk/report/layout"
)

// Answer is one of berth's answers, ready to be written.
type Answer interface {
	WriteText(w io.Writer, st layout.Style) error
}

// Page is where a story is told. After the first error it stays silent.
type Page struct {
	Out   io.Writer
	Style layout.Style
	err   error
}

// Say writes a line of the story.
func (p *Page) Say(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.Out, format, args...)
	}
}

// Err is the first error of writing.
func (p *Page) Err() error { return p.err }

// Show writes an answer, indented.
func (p *Page) Show(a Answer) error {
	var b strings.Builder
	st := p.Style
	if st.Width > 8 {
		st.Width -= len(margin)
	}
	if err := a.WriteText(&b, st); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		p.Say("%s", indented(st.ASCII(line)))
	}
	return p.err
}

// margin stands before every line that is quoted.
const margin = "     "

func indented(line string) string {
	if strings.TrimSpace(line) == "" {
		return line
	}
	return margin + line
}
