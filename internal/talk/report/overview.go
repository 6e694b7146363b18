package report

import (
	"fmt"
	"io"

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
		}
		doc.Findings = append(doc.Findings, f)
	}
	return doc
}

// WriteText writes the overview for a person.
func (o Overview) WriteText(out io.Writer, st layout.Style) error {
	n := words(o.Index)
	for _, t := range o.Troubles {
		lead := "machine  "
		if t.Port != 0 {
			lead = "port " + sentence.Itoa(int(t.Port)) + "  "
		}
		fmt.Fprintf(out, "%s%s\n", st.Strong(lead), layout.Wrap(n.Told(t.Finding), "            ", st.Width))
	}
	if len(o.Troubles) > 0 {
		fmt.Fprintln(out, "            berth who PORT says more")
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
