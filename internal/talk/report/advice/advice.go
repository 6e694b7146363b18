// Package advice writes what is said of the commands in a text: each with what it would
// do, what it breaks, how it is taken back and what to do instead.
package advice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/judged"
)

// Document is verdicts as api/v1 says them. x is the index of the set that they were
// made on.
func Document(x *chain.Index, all []ruling.Verdict) []v1.Command {
	w := judged.Words{N: sentence.Names{X: x}}
	out := []v1.Command{}
	for _, v := range all {
		c := v1.Command{Command: sentence.Clean(v.Command, 0), Rule: string(v.Rule), Verdict: string(v.Class), Confidence: string(v.Confidence), Text: w.Does(v),
			Args: v.Args, Notes: []v1.Note{}, Needs: string(v.Need), Reversal: string(v.Reversal), Sources: v.Sources}
		for _, l := range v.Where {
			c.Where = append(c.Where, v1.Place{File: l.Text, Line: l.Number})
		}
		for _, n := range v.Notes {
			c.Notes = append(c.Notes, v1.Note{ID: string(n.ID), Text: w.Note(v, n), About: rowIDs(n.About), Args: n.Args})
		}
		for _, u := range v.Undo {
			c.Undo = append(c.Undo, sentence.Clean(u, 0))
		}
		for _, i := range v.Instead {
			c.Instead = append(c.Instead, v1.Instead{Remedy: i.Remedy, Command: sentence.Clean(i.Command, 0), Text: w.Instead(i)})
		}
		out = append(out, c)
	}
	return out
}

func rowIDs(ids []fact.ID) []string {
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

// Write writes a section on the commands in texts, in their order. Those that only
// look, and those that nobody knows, are a line each at its end. A look in a text of
// which listed tells that outputs stand in it is no advice, and left out.
func Write(b *strings.Builder, st layout.Style, x *chain.Index, all []ruling.Verdict, listed func(text string) bool) {
	all = slices.DeleteFunc(slices.Clone(all), func(v ruling.Verdict) bool {
		return v.Class == known.Look && len(v.Where) > 0 && listed(v.Where[0].Text)
	})
	if len(all) == 0 {
		return
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	file, one := oneText(all)
	fmt.Fprintln(b, "The commands in "+cmp.Or(sentence.Clean(file, 160), "the text")+":")
	w := judged.Words{N: sentence.Names{X: x}}
	var looks, unknown []string
	for _, v := range all {
		switch {
		case v.Class == known.Look:
			looks = append(looks, said(v, one))
		case v.Rule == known.NotJudged:
			unknown = append(unknown, said(v, one))
		default:
			judgedOne(b, st, w, v, one)
		}
	}
	if len(looks)+len(unknown) > 0 {
		b.WriteByte('\n')
	}
	for _, rest := range [...]struct {
		words string
		list  []string
	}{{"Only look, and change nothing: ", looks}, {"Not known to berth, so not judged: ", unknown}} {
		if len(rest.list) > 0 {
			fmt.Fprintf(b, "  %s\n", layout.Wrap(rest.words+strings.Join(rest.list, "; ")+".", "  ", st.Width))
		}
	}
}

// oneText is the name of the text that all commands stand in, where it is one.
func oneText(all []ruling.Verdict) (file string, one bool) {
	for i, v := range all {
		for j, l := range v.Where {
			if i+j == 0 {
				file = l.Text
			} else if l.Text != file {
				return "", false
			}
		}
	}
	return file, true
}

// judgedOne writes one verdict: what the command does, what is to be known of it
// here, how it is taken back, what to do instead.
func judgedOne(b *strings.Builder, st layout.Style, w judged.Words, v ruling.Verdict, one bool) {
	const in = "    "
	fmt.Fprintf(b, "\n  %s\n", st.Strong(layout.Wrap(said(v, one), "  ", st.Width)))
	class := sentence.Upper(judged.Class(v.Class))
	if v.Confidence == ruling.Possible {
		class = "Possibly " + judged.Class(v.Class)
	}
	if n := judged.Needs(v.Need); n != "" {
		class += "; " + n
	}
	fmt.Fprintf(b, "%s%s\n", in, layout.Wrap(class+". "+w.Does(v), in, st.Width))
	for _, n := range v.Notes {
		fmt.Fprintf(b, "%s%s\n", in, layout.Wrap(w.Note(v, n), in, st.Width))
	}
	if u := w.Undo(v); u != "" {
		fmt.Fprintf(b, "%s%s\n", in, layout.Wrap("Undo: "+u, in, st.Width))
	}
	var ways []string
	for _, i := range v.Instead {
		ways = append(ways, w.Instead(i))
	}
	if len(ways) > 0 && v.Class != known.Sound && v.Class != known.NoChange {
		fmt.Fprintf(b, "%s%s\n", in, layout.Wrap("Instead: "+strings.Join(ways, "; or "), in, st.Width))
	}
}

// said is a command and where it stands; the name of the only text goes without
// saying.
func said(v ruling.Verdict, one bool) string {
	var at []string
	for _, l := range v.Where {
		where := sentence.Itoa(l.Number)
		if !one {
			where += " of " + cmp.Or(sentence.Clean(l.Text, 80), "the paste")
		}
		at = append(at, where)
	}
	lines := "line "
	if len(at) > 1 {
		lines = "lines "
	}
	return lines + sentence.List(at) + ": " + sentence.Clean(v.Command, sentence.CommandWidth)
}
