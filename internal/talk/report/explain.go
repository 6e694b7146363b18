package report

import (
	"cmp"
	"fmt"
	"io"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Explain is the answer to pasted texts.
type Explain struct {
	Index   *diagnose.Index
	Seen    []Seen
	Answers []Who
	Ls      *Ls // every listener, where the texts are about no single port
}

// Seen is one stretch of a text that was recognised.
type Seen struct {
	Kind        string
	File        string // "" = standard input
	First, Last int    // lines, from 1
	Rows        int
}

// Document is the answer as api/v1 says it.
func (e Explain) Document() v1.Explain {
	set := e.Index.Set
	doc := v1.Explain{Head: head(set, "Explain", 0), Seen: []v1.Seen{}, Answers: []v1.Who{}}
	for _, s := range e.Seen {
		doc.Seen = append(doc.Seen, v1.Seen{Kind: s.Kind, File: s.File, First: s.First, Last: s.Last, Rows: s.Rows})
	}
	for _, a := range e.Answers {
		doc.Answers = append(doc.Answers, a.Document())
	}
	if e.Ls != nil {
		doc.Rows = e.Ls.rows()
	}
	doc.Findings, doc.Remedies, doc.Warnings, doc.Gaps = []v1.Finding{}, []v1.Remedy{}, []v1.Warning{}, Gaps(set.Gaps, &set.Machine)
	return doc
}

// WriteText writes what was recognised, then an answer for each port.
func (e Explain) WriteText(out io.Writer, st layout.Style) error {
	for _, s := range e.Seen {
		where := cmp.Or(sentence.Name(s.File), "the paste")
		fmt.Fprintln(out, st.Faint(fmt.Sprintf("read in %s, lines %d to %d: %s, %s", where, s.First, s.Last, s.Kind, sentence.Plural(s.Rows, "row", "rows"))))
	}
	fmt.Fprintln(out)
	for i, a := range e.Answers {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if err := a.WriteText(out, st); err != nil {
			return err
		}
	}
	if e.Ls == nil {
		return nil
	}
	return e.Ls.WriteText(out, st)
}
