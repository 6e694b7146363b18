// Package urlerror says what an error of HTTP.sys in a text means: for the URL prefix
// that a program wanted, and with what else is known of the machine. It is text for
// people and rows of an api/v1 document; its sentences are package sentence/prefixes'.
package urlerror

import (
	"cmp"
	"fmt"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/prefix"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/share/urlprefix"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/prefixes"
)

// Error is one error of a registration, explained.
type Error struct {
	Where  string // the line that tells it
	Prefix string // "" where the line names none
	prefix.Explanation
}

// Explain finds the errors of HTTP.sys among refusals. Whose rights the program had
// no text tells: it is taken for an account without special ones.
func Explain(x *chain.Index, said []refusal.Refusal) []Error {
	var out []Error
	for _, r := range said {
		code, ok := urlprefix.CodeNamed(r.Errno)
		if !ok {
			continue
		}
		if e, known := prefix.Explain(x.Set, code, r.Prefix, prefix.Who{}); known {
			out = append(out, Error{r.Where, r.Prefix, e})
		}
	}
	return out
}

// Write writes a section, nothing where there are no errors.
func Write(b *strings.Builder, st layout.Style, x *chain.Index, errs []Error) {
	w := prefixes.Words{}
	w.X = x
	for _, e := range errs {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(b, st.Strong(layout.Wrap(headline(e), "", st.Width)))
		for _, f := range e.Causes {
			fmt.Fprintf(b, "  %s\n", layout.Wrap(sentence.Upper(w.Finding(f)), "  ", st.Width))
		}
		if e.Answer == nil {
			continue
		}
		for _, s := range e.Answer.Steps {
			fmt.Fprintf(b, "  %-13s %s\n", s.Kind, layout.Wrap(w.Step(s), "                ", st.Width))
			for _, l := range prefixes.Lines(s.Command) {
				fmt.Fprintf(b, "                %s\n", st.Faint(l))
			}
		}
	}
}

func headline(e Error) string {
	what := "a URL"
	if e.Prefix != "" {
		what = prefixes.URL(e.Prefix)
	}
	s := "HTTP.sys refused " + what + " with error " + e.Code.String() + " (" + e.Code.Name() + "), " + cmp.Or(sentence.Clean(e.Where, 160), "a line of the texts") + " says."
	if e.Shown {
		return s + " The cause is in the texts:"
	}
	return s + " It means:"
}

// Document is errs as api/v1 says them.
func Document(x *chain.Index, errs []Error) []v1.PrefixError {
	w := prefixes.Words{}
	w.X = x
	out := make([]v1.PrefixError, 0, len(errs))
	for _, e := range errs {
		v := v1.PrefixError{Where: e.Where, Prefix: e.Prefix, Code: uint32(e.Code), Errno: e.Code.Name(), Shown: e.Shown, Causes: []v1.Finding{}, Remedies: []v1.Remedy{}}
		for _, f := range e.Causes {
			v.Causes = append(v.Causes, v1.Finding{Rule: string(f.Rule), Confidence: string(f.Confidence), Text: w.Finding(f), Args: f.Args})
		}
		if e.Answer != nil {
			for _, s := range e.Answer.Steps {
				v.Remedies = append(v.Remedies, v1.Remedy{ID: s.Kind, Kind: s.Kind, Text: w.Step(s), Effect: prefixes.Undo(s), Command: prefixes.Lines(s.Command)})
			}
		}
		out = append(out, v)
	}
	return out
}
