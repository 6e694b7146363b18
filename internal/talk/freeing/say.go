package freeing

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/change/apply"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/changes"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

func (s *session) document() v1.Free {
	who := report.Who{Answer: s.a, Index: s.x}.Document()
	who.Head.Kind, who.Head.From = "Free", s.From
	return v1.Free{Head: who.Head, Endpoint: &who.Endpoint, Status: who.Status, Answer: who.Answer, Ways: []v1.Way{}, Gaps: who.Gaps}
}

// end writes the answer and returns its exit code.
func (s *session) end(exit int, result, said string) (int, error) {
	s.doc.Exit, s.doc.Result, s.doc.Said = exit, result, said
	s.doc.Ways = s.waysDocument()
	return exit, s.Write(func(out io.Writer, st layout.Style) error {
		var b strings.Builder
		switch {
		case said != "":
			fmt.Fprintln(&b, layout.Sentences(said, st.Width))
		case result == "planned":
		case s.told:
			fmt.Fprintln(&b, "Nothing was changed.")
		default:
			fmt.Fprintln(&b, layout.Wrap(s.doc.Answer, "", st.Width))
		}
		if result == "choose" && !s.Terminal || result == "choose" && s.JSON {
			s.writeWays(&b, st)
			fmt.Fprintf(&b, "\nNothing was changed. %s shows every step of one.\n", s.again("ID", s.dry()...))
		}
		_, err := io.WriteString(out, b.String())
		return err
	}, s.doc)
}

func (s *session) waysDocument() []v1.Way {
	out := []v1.Way{}
	for _, w := range s.ways {
		j := v1.Way{Remedy: report.RemedyDocument(s.x, w.Remedy), Rank: changes.Note(w.why), Doable: w.refusal == nil}
		if w.refusal != nil {
			n := changes.Note(w.refusal.Reason)
			j.Refusal = &n
		} else {
			c := changes.CostDocument(w.plan.Cost)
			j.Cost, j.Goal = &c, changes.Goal(w.plan.Goal)
		}
		out = append(out, j)
	}
	return out
}

// showWays says who has the port and what can be done, for somebody who will choose.
func (s *session) showWays() error {
	var b strings.Builder
	fmt.Fprintln(&b, s.Style.Strong(layout.Wrap(s.doc.Answer, "", s.Style.Width)))
	s.writeWays(&b, s.Style)
	s.told = true
	_, err := io.WriteString(s.Out, s.ascii(b.String()))
	return err
}

func (s *session) ascii(text string) string {
	if s.Style.UTF8 {
		return text
	}
	return s.Style.ASCII(text)
}

func (s *session) writeWays(b *strings.Builder, st layout.Style) {
	if len(s.ways) == 0 {
		fmt.Fprintln(b, "\nberth knows no way out of this.")
		return
	}
	fmt.Fprintln(b, "\nWhat can be done, gentlest first:")
	n := sentence.Names{X: s.x}
	for i, w := range s.ways {
		fmt.Fprintf(b, "%3d  %s   (%s)\n", i+1, st.Strong(sentence.Clean(w.ID(), 120)), changes.Reason(w.why))
		fmt.Fprintf(b, "     %s\n", layout.Wrap(s.does(n, w), "     ", st.Width))
		if w.refusal != nil {
			fmt.Fprintf(b, "     %s\n", layout.Wrap("Not by berth: "+ended(changes.Reason(w.refusal.Reason)), "     ", st.Width))
		} else if len(w.plan.Steps) > 0 {
			fmt.Fprintf(b, "     %s\n", layout.Wrap("Cost: "+changes.CostLine(w.plan.Cost, effect(w))+".", "     ", st.Width))
		}
	}
	if s.hidden() && s.From == "" && s.x.Set.Machine.OS != "windows" {
		fmt.Fprintf(b, "\n%s\n", layout.Wrap("Who has the port is hidden from this user, and so are more ways: sudo berth free "+s.asked(), "", st.Width))
	}
}

// effect is what the catalog knows that people miss meanwhile. What is the same as of another way is not said again.
func effect(w way) string {
	e := sentence.Cost(sentence.Clean(w.Effect, 0))
	if len(w.plan.Steps) == 0 || strings.HasPrefix(e, "the same") || strings.HasPrefix(e, "that program") {
		return ""
	}
	return e
}

// ended is a text with its full stop.
func ended(text string) string { return strings.TrimSuffix(text, ".") + "." }

// asked is the endpoint in the shortest words that mean it.
func (s *session) asked() string {
	e := s.o.Endpoint
	if e.Proto == fact.TCP {
		e.Proto = "" // which free means where nothing is said
	}
	return e.String()
}

// hidden tells that the asker may not see who has the port.
func (s *session) hidden() bool {
	return slices.ContainsFunc(s.a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleOwnerHidden })
}

// again is this command with a remedy and more words, to paste.
func (s *session) again(remedy string, more ...string) string {
	line := []string{"berth", "free"}
	if s.o.Endpoint.Port != 0 {
		line = append(line, s.asked())
	}
	line = append(line, "--remedy", remedy)
	if s.o.For.Text != "" {
		line = append(line, "--for", s.o.For.Text)
	}
	if s.o.Port != 0 && !stays(remedy) {
		line = append(line, "--port", strconv.Itoa(int(s.o.Port)))
	}
	n := sentence.Names{X: s.x}
	return n.Command(append(line, more...))
}

// dry are the words that show a plan of what was asked, this machine or a saved one.
func (s *session) dry() []string {
	if s.From != "" {
		return []string{"--dry-run", "--from", s.From}
	}
	return []string{"--dry-run"}
}

// stays tells that a remedy gives nobody another port, whatever --port says.
func stays(id string) bool {
	kind, _, _ := strings.Cut(id, ":")
	return slices.Contains(kinds(), kind) && kind != string(catalog.Port) && kind != string(catalog.Move)
}

// does says what a way would do: its steps where berth does it, and else what a
// person does.
func (s *session) does(n sentence.Names, w way) string {
	if w.refusal != nil {
		return n.Remedy(w.Remedy)
	}
	if steps := changes.Steps(w.plan); steps != "" {
		return sentence.Full(steps)
	}
	if w.Kind == remedy.Port && len(w.plan.Goal.Binds) > 0 {
		text, stop := n.Remedy(w.Remedy), " Port"
		if !strings.HasSuffix(text, ".") { // a command, which a full stop would be taken to be of
			stop = "; port"
		}
		return fmt.Sprintf("%s%s %d is free.", text, stop, w.plan.Goal.Binds[0].Port)
	}
	return n.Remedy(w.Remedy)
}

// showPlan shows the exact changes before they are asked for.
func (s *session) showPlan(p plan.Plan) {
	doc := changes.Document(p)
	s.doc.Plan = &doc
	if s.JSON {
		return
	}
	var b strings.Builder
	s.writePlan(&b, s.Style, p)
	io.WriteString(s.Out, s.ascii(b.String()))
}

func (s *session) writePlan(b *strings.Builder, st layout.Style, p plan.Plan) {
	if !s.told {
		fmt.Fprintln(b, st.Strong(layout.Wrap(s.doc.Answer, "", st.Width)))
	}
	if id := sentence.Clean(p.Remedy, 120); len(p.Steps) > 0 {
		fmt.Fprintf(b, "\n%s would do this:\n", id)
	} else {
		fmt.Fprintf(b, "\n%s is for you to do, berth changes nothing here:\n", id)
	}
	changes.Write(b, st, p, s.effect)
	b.WriteByte('\n')
}

// planOnly ends with the plan and nothing done.
func (s *session) planOnly(p plan.Plan) (int, error) {
	doc := changes.Document(p)
	s.doc.Plan, s.doc.Exit, s.doc.Result = &doc, exitDone, "planned"
	if !s.o.DryRun && s.From == "" {
		s.doc.Exit = exitNo
	}
	s.doc.Ways = s.waysDocument()
	return s.doc.Exit, s.Write(func(out io.Writer, st layout.Style) error {
		var b strings.Builder
		s.writePlan(&b, st, p)
		b.WriteString(s.leads(p))
		_, err := io.WriteString(out, b.String())
		return err
	}, s.doc)
}

// leads says how to go on from a plan that was only shown.
func (s *session) leads(p plan.Plan) string {
	if !s.o.DryRun && s.From == "" || len(p.Steps) == 0 {
		return "Nothing was changed.\n"
	}
	where := "To do it"
	if s.From != "" {
		where = "On that machine"
	}
	if p.Cost.Privilege == "administrator" {
		where += ", as administrator"
	}
	return "Nothing was changed. " + where + ":\n  " + s.again(p.Remedy) + "\n"
}

// refused says why berth makes no plan of a way, and what a person can type.
func (s *session) refused(w *way) (int, error) {
	n := sentence.Names{X: s.x}
	said := "berth does not do " + sentence.Clean(w.ID(), 120) + ": " + ended(changes.Reason(w.refusal.Reason))
	if does := n.Remedy(w.Remedy); w.Text != "" || w.Command == nil {
		said += "\nWhat it would be: " + does
	}
	lines := w.refusal.Command
	if lines == nil {
		lines = w.Command
	}
	if len(lines) > 0 {
		said += "\nBy hand:"
		for _, c := range lines {
			said += "\n  " + n.Command(c)
		}
	}
	return s.end(exitNo, "refused", said)
}

// progress says what happens, on stderr.
func (d *Desk) progress(p apply.Progress) {
	if d.JSON {
		return
	}
	if text := changes.Progress(p); text != "" {
		fmt.Fprintln(d.Err, d.plain(text))
	}
}

func (d *Desk) plain(text string) string {
	if d.Style.UTF8 {
		return text
	}
	return d.Style.ASCII(text)
}
