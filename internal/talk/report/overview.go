package report

import (
	"fmt"
	"io"
	"slices"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Overview is what berth says without arguments: what is wrong first, then who
// listens.
type Overview struct {
	Ls
	Troubles []diagnose.Trouble
	// Right is the command that puts a trouble right, nil where there is none.
	Right func(diagnose.Finding) []string
}

// Document is the overview as api/v1 says it.
func (o Overview) Document() v1.Overview {
	n, set := words(o.Index), o.Index.Set
	doc := v1.Overview{Head: head(set, "Overview", 0), Rows: o.rows()}
	doc.Remedies, doc.Warnings = []v1.Remedy{}, []v1.Warning{}
	doc.Findings = []v1.Finding{}
	doc.Gaps = Gaps(set.Gaps, &set.Machine)
	for _, t := range o.Troubles {
		f := n.findings([]diagnose.Finding{t.Finding})[0]
		if f.Args == nil {
			f.Args = map[string]string{}
		}
		if t.Port != 0 {
			f.Args["port"] = sentence.Itoa(int(t.Port))
		} else if right := o.Right(t.Finding); right != nil {
			f.Args["remedy"] = right[3]
		}
		doc.Findings = append(doc.Findings, f)
	}
	return doc
}

// WriteText writes the overview for a person.
func (o Overview) WriteText(out io.Writer, st layout.Style) error {
	n := words(o.Index)
	var said []string
	for _, t := range o.Troubles {
		lead := "machine  "
		if t.Port != 0 {
			lead = "port " + sentence.Itoa(int(t.Port)) + "  "
		}
		fmt.Fprintf(out, "%s%s\n", st.Strong(lead), layout.Wrap(n.Told(t.Finding), "            ", st.Width))
		if right := o.Right(t.Finding); t.Port == 0 && right != nil && !slices.Contains(said, right[3]) {
			said = append(said, right[3])
			fmt.Fprintf(out, "            %s   shows what puts it right, step by step\n", n.Command(right))
		}
	}
	if slices.ContainsFunc(o.Troubles, func(t diagnose.Trouble) bool { return t.Port != 0 }) {
		fmt.Fprintln(out, "            berth who PORT says more")
	}
	if len(o.Troubles) > 0 {
		fmt.Fprintln(out)
	}
	if len(o.Rows) == 0 {
		said := "Nothing listens here, as far as this user can see."
		if len(o.Troubles) == 0 {
			said += " berth demo shows what an answer looks like."
		}
		_, err := fmt.Fprintln(out, said)
		return err
	}
	return o.Ls.WriteText(out, st)
}
