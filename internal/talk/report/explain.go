package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/answer/lookalike"
	"github.com/berthd/berth/internal/answer/settle"
	"github.com/berthd/berth/internal/talk/report/advice"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/alike"
	"github.com/berthd/berth/internal/talk/report/urlerror"
)

// Explain is the answer to pasted texts.
type Explain struct {
	Index   *chain.Index
	Alike   []lookalike.Found // what reads like a conflict and is none, first of all
	Seen    []Seen
	Answers []Who
	Loose   []diagnose.Finding // error lines that name no port
	Ls      *Ls                // every listener, where the texts are about no single port
	Steps   []settle.Step      // the commands that would tell more, best first
	Errors  []urlerror.Error   // of HTTP.sys
	// Commands are those in the texts, judged.
	Commands []ruling.Verdict
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
	doc.LookAlikes, doc.Next, doc.Commands = alike.Rows(e.Alike), e.next(), advice.Document(e.Index, e.Commands)
	doc.PrefixErrors = urlerror.Document(e.Index, e.Errors)
	if e.Ls != nil {
		doc.Rows = e.Ls.rows()
	}
	doc.Findings, doc.Remedies, doc.Warnings, doc.Gaps = words(e.Index).findings(e.Loose), []v1.Remedy{}, []v1.Warning{}, Gaps(set.Gaps, &set.Machine)
	return doc
}

// WriteText writes what was recognised, then an answer for each port, and what to
// run next once for all of them.
func (e Explain) WriteText(out io.Writer, st layout.Style) error {
	b := &strings.Builder{}
	alike.Write(b, st, e.Alike)
	if len(e.Alike)*len(e.Seen) > 0 {
		b.WriteByte('\n')
	}
	for _, s := range e.Seen {
		where := cmp.Or(sentence.Clean(s.File, 160), "the paste")
		fmt.Fprintln(b, st.Faint(fmt.Sprintf("read in %s, %s: %s, %s", where, lines(s.First, s.Last), s.Kind, sentence.Plural(s.Rows, "row", "rows"))))
	}
	for _, a := range e.Answers {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		a.write(b, st)
	}
	urlerror.Write(b, st, e.Index, e.Errors)
	n := words(e.Index)
	if len(e.Loose) > 0 {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(b, "Without a port:")
		for _, f := range e.Loose {
			fmt.Fprintf(b, "  %s\n", layout.Wrap(n.Told(f), "  ", st.Width))
		}
	}
	if e.Ls != nil && len(e.Ls.Rows) == 0 {
		fmt.Fprintln(b, "\nNo listener is in the texts at hand.")
	} else if e.Ls != nil {
		b.WriteByte('\n')
		if err := e.Ls.WriteText(b, st); err != nil {
			return err
		}
	}
	advice.Write(b, st, e.Index, e.Commands, func(text string) bool {
		return slices.ContainsFunc(e.Seen, func(s Seen) bool { return s.File == text })
	})
	n.unseen(b, st, e.Index.Set.Gaps)
	_, err := io.WriteString(out, b.String())
	return err
}

// next is the one further command, nil where nothing is open.
func (e Explain) next() *v1.NextStep {
	if len(e.Steps) == 0 {
		return nil
	}
	return &v1.NextStep{Command: sentence.Clean(e.Steps[0].Command, 0), Tells: told(e.Steps[0]), More: len(e.Steps) - 1}
}

func lines(first, last int) string {
	if first == last {
		return "line " + sentence.Itoa(first)
	}
	return "lines " + sentence.Itoa(first) + " to " + sentence.Itoa(last)
}
