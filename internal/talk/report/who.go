// Package report makes answers, lists and checks into text for people and into
// api/v1 documents for programs. Its sentences are package sentence's, the look on
// a terminal is package layout's.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/reach"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/settle"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
	"github.com/berthd/berth/internal/talk/report/sentence/windows"
)

// Who is one answer, ready to be said.
type Who struct {
	Answer   diagnose.Answer
	Index    *chain.Index
	Remedies []remedy.Remedy
	PortName string // registered name of the port, "" for none
	Leads    bool   // berth free can be asked next
	From     string // of the saved snapshot that was asked, "" for this machine
}

// Document is the answer as api/v1 says it.
func (w Who) Document() v1.Who {
	c, n := converter{w.Index}, words(w.Index)
	set := w.Index.Set
	doc := v1.Who{
		Head: head(set, "Who", w.Answer.Exit()), Endpoint: endpoint(w.Answer.Endpoint), Status: string(w.Answer.Status),
		Answer: n.Headline(w.Answer), Holders: c.holders(w.Answer.Holders), Others: c.holders(w.Answer.Others),
		Tail: v1.Tail{Findings: n.findings(w.Answer.Findings), Remedies: n.remedies(w.Remedies), Warnings: n.warnings(w.Answer.Findings), Gaps: Gaps(w.Answer.Gaps, &set.Machine)},
	}
	doc.Endpoint.Name = w.PortName
	for _, p := range w.Answer.Protos {
		doc.Protos = append(doc.Protos, v1.ProtoStatus{Proto: string(p.Proto), Status: string(p.Status)})
	}
	return doc
}

func (n names) findings(fs []diagnose.Finding) []v1.Finding {
	out := make([]v1.Finding, 0, len(fs))
	for _, f := range fs {
		out = append(out, v1.Finding{Rule: string(f.Rule), Confidence: string(f.Confidence), Text: n.Told(f),
			About: ids(f.About), Args: f.Args})
	}
	return out
}

// WriteText writes the answer for a person: the sentence that answers, the
// chain, why, what can be done, what was not looked at.
func (w Who) WriteText(out io.Writer, st layout.Style) error {
	b := &strings.Builder{}
	w.write(b, st)
	words(w.Index).unseen(b, st, w.Answer.Gaps)
	_, err := io.WriteString(out, b.String())
	return err
}

// write writes everything but what was not looked at.
func (w Who) write(b *strings.Builder, st layout.Style) {
	n := words(w.Index)
	n.told = slices.ContainsFunc(w.Answer.Findings, func(f diagnose.Finding) bool {
		return f.Rule == diagnose.RuleKnown && f.Confidence != diagnose.Possible
	})
	fmt.Fprintln(b, st.Strong(layout.Wrap(n.Headline(w.Answer), "", st.Width)))
	for _, h := range w.Answer.Holders {
		b.WriteByte('\n')
		n.block(b, st, h)
	}
	for _, h := range w.Answer.Others {
		b.WriteByte('\n')
		n.block(b, st, h)
	}
	n.why(b, st, w.Answer)
	n.todo(b, st, w.Remedies)
	if len(w.Remedies) > 0 && w.Leads {
		does := "   shows every step, does it when you agree, and can take it back"
		if w.From != "" {
			does = "   shows every step of each"
		}
		fmt.Fprintf(b, "  %s\n", layout.Wrap(sentence.ShellLine(w.freeing())+does, "  ", st.Width))
	}
	n.wrong(b, st, w.Answer.Findings)
}

// freeing is the command that leads from the answer to a free port. free means TCP
// where it is told nothing.
func (w Who) freeing() []string {
	e := w.Answer.Endpoint
	for _, p := range w.Answer.Protos {
		if p.Status != diagnose.Free && e.Proto == "" {
			e.Proto = p.Proto
		}
	}
	if e.Proto == fact.TCP {
		e.Proto = ""
	}
	line := []string{"berth", "free", e.String()}
	if w.From != "" {
		line = append(line, "--from", w.From)
	}
	return line
}

func (n names) block(b *strings.Builder, st layout.Style, h chain.Holder) {
	fmt.Fprintf(b, "  %s   %s\n", n.socketsLine(h), n.reach(h))
	var lines []layout.Line
	for _, same := range n.copies(h.Nodes) {
		l := n.nodeLine(same[0])
		if len(same) > 1 {
			var more []fact.ID
			for _, nd := range same[1:] {
				more = append(more, nd.ID)
			}
			l.Text += ", and " + sentence.Plural(len(more), "copy", "copies") + " of it (" + n.pids(more) + ")"
		}
		lines = append(lines, l)
	}
	if len(lines) == 0 {
		lines = n.nobody(h)
	}
	layout.Tree(b, st, "  ", lines)
}

func (n names) socketsLine(h chain.Holder) string {
	var out []string
	for _, id := range h.Sockets {
		s := n.X.Socket(id)
		t := n.Socket(s)
		if s.Proto != fact.TCP {
			t += "/" + string(s.Proto)
		}
		if only, known := s.V6Only(); known && !only && s.Wildcard() && s.Local.Addr().Is6() {
			t += " (IPv4 too)"
		}
		if s.Device != "" {
			t += "%" + sentence.Name(s.Device)
		}
		if !slices.Contains(out, t) { // one address shared by copies of one program
			out = append(out, t)
		}
	}
	return strings.Join(out, "  ")
}

func (n names) nobody(h chain.Holder) []layout.Line {
	s := n.X.Socket(h.Sockets[0])
	if s.Linux == nil || s.Linux.Inode == 0 {
		return nil
	}
	t := "socket of uid ?"
	if s.Linux.UID != nil {
		t = "socket of uid " + sentence.Itoa(int(*s.Linux.UID))
	}
	if s.Linux.Cgroup != "" && s.Linux.Cgroup != "/" {
		t += ", made in cgroup " + sentence.Clean(s.Linux.Cgroup, 120)
	}
	return []layout.Line{{Text: t}}
}

func (n names) reach(h chain.Holder) string {
	widest, scope := -1, reach.None
	for _, id := range h.Sockets {
		r := reach.Of(n.X.Socket(id), &n.X.Set.Machine)
		if i := reachRank(r.Scope); i > widest {
			widest, scope = i, r.Scope
		}
	}
	switch scope {
	case reach.Machine:
		return "reachable from this machine only"
	case reach.Network:
		return "reachable from the network, firewall not looked at"
	case reach.Address:
		return "reachable through that address, firewall not looked at"
	case reach.Link:
		return "reachable from the same link, firewall not looked at"
	case reach.Netns:
		return "in another network namespace"
	}
	return "bound, takes no traffic"
}

func reachRank(s reach.Scope) int {
	for i, t := range [...]reach.Scope{reach.None, reach.Netns, reach.Machine, reach.Link, reach.Address, reach.Network} {
		if s == t {
			return i
		}
	}
	return 0
}

func (n names) why(b *strings.Builder, st layout.Style, a diagnose.Answer) {
	if len(a.Findings) == 0 {
		return
	}
	fmt.Fprintln(b, "\nWhy:")
	pid1 := slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleSocketActivated })
	guesses := merelyUsual(a.Findings)
	for _, f := range a.Findings {
		if len(guesses) > 1 && slices.Contains(guesses, f.Args["entry"]) && f.Rule == diagnose.RuleLikelyBehind {
			if f.Args["entry"] == guesses[0] {
				fmt.Fprintf(b, "  %s\n", layout.Wrap(windows.Usual(guesses), "  ", st.Width))
			}
			continue
		}
		if p := n.X.Process(first(f.About)); pid1 && f.Rule == diagnose.RuleKnown && p != nil && p.PID == 1 {
			continue // the socket unit has said it
		}
		fmt.Fprintf(b, "  %s\n", layout.Wrap(n.Told(f), "  ", st.Width))
	}
}

// merelyUsual are those who may stand behind the kernel's HTTP listener for no better
// reason than that they often do: one sentence is enough for all of them.
func merelyUsual(fs []diagnose.Finding) []string {
	var out []string
	for _, f := range fs {
		if f.Rule == diagnose.RuleLikelyBehind && f.Args[string(catalog.ServiceRuns)] == "" && f.Args[string(catalog.URLReserved)] == "" {
			out = append(out, f.Args["entry"])
		}
	}
	return out
}

func (n names) todo(b *strings.Builder, st layout.Style, rs []remedy.Remedy) {
	if len(rs) == 0 {
		return
	}
	fmt.Fprintln(b, "\nWhat you can do, gentlest first:")
	for _, r := range rs {
		fmt.Fprintf(b, "  %-8s %s\n", r.Kind, layout.Wrap(n.Remedy(r), "           ", st.Width))
		if e := n.Effect(r); e != "" {
			fmt.Fprintf(b, "           %s\n", layout.Wrap("Cost: "+sentence.Cost(e)+".", "           ", st.Width))
		}
		for _, c := range r.Command {
			if line := n.Command(c); !strings.Contains(r.Text, line) {
				fmt.Fprintf(b, "           %s\n", st.Faint(line))
			}
		}
	}
}

// wrong says which popular cures break something here.
func (n names) wrong(b *strings.Builder, st layout.Style, fs []diagnose.Finding) {
	ws := n.warnings(fs)
	if len(ws) == 0 {
		return
	}
	fmt.Fprintln(b, "\nBetter not:")
	for _, w := range ws {
		fmt.Fprintf(b, "  %s\n", layout.Wrap(w.Advice+": "+w.Why, "    ", st.Width))
	}
}

// warnings are the catalog's, for the holders that it recognised by more than numbers.
func (n names) warnings(fs []diagnose.Finding) []v1.Warning {
	out := []v1.Warning{}
	for _, f := range fs {
		e, ok := catalog.ByID(f.Args["entry"])
		if f.Rule != diagnose.RuleKnown || f.Confidence == diagnose.Possible || !ok || leaked(fs, first(f.About)) {
			continue
		}
		fill := func(text string) string { return catalog.Fill(text, n.holderWord(first(f.About))) }
		for _, w := range e.Warnings {
			if advice, ok := n.passedOn(w.Advice); ok {
				out = append(out, v1.Warning{Advice: fill(advice), Why: fill(w.Why)})
			}
		}
	}
	return out
}

func (n names) unseen(b *strings.Builder, st layout.Style, gaps []fact.Gap) {
	if lines := GapLines(unasked(gaps), &n.X.Set.Machine); len(lines) > 0 {
		fmt.Fprintln(b, "\nNot looked at:")
		for _, l := range lines {
			fmt.Fprintf(b, "  %s\n", layout.Wrap(l, "  ", st.Width))
		}
	}
	n.next(b, st, settle.Steps(gaps))
}

// GapLines says each gap once, with its hint; gaps of several rows that read
// alike are one line.
func GapLines(gaps []fact.Gap, m *fact.Machine) []string {
	var out []string
	for _, g := range merged(gaps) {
		l := sentence.Gap(g)
		if g.Kind == fact.GapNotThisOS {
			l = noReaders(gaps, m)
		}
		if h := sentence.GapHint(g, m); h != "" && g.Kind != fact.GapNotThisOS {
			l += " (" + h + ")"
		}
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

// merged makes one gap of those that one missing call, or one silent command, left.
func merged(gaps []fact.Gap) []fact.Gap {
	var out []fact.Gap
	at := map[fact.Gap]int{}
	for _, g := range gaps {
		key := fact.Gap{Kind: g.Kind, Err: g.Err, Hint: g.Hint}
		i, seen := at[key]
		switch {
		case g.Kind != fact.GapNoCall && g.Kind != fact.GapCommand || g.Err == "":
		case seen:
			out[i].Subject += ", " + g.Subject
			continue
		default:
			at[key] = len(out)
		}
		out = append(out, g)
	}
	return out
}

// passedOn is a popular cure as people type it on the machine's system, false where
// nobody can.
func (n names) passedOn(advice string) (string, bool) {
	if n.X.Set.Machine.OS != "windows" {
		return advice, true
	}
	if program, ok := strings.CutPrefix(advice, "killall "); ok {
		return "taskkill /F /IM " + strings.TrimRight(program, "0123456789") + ".exe", true
	}
	return advice, !strings.HasPrefix(advice, "systemctl ") && !strings.HasPrefix(advice, "sudo ")
}

// leaked: nothing stands behind a leaked forwarder that a popular cure could break.
func leaked(fs []diagnose.Finding, id fact.ID) bool {
	return slices.ContainsFunc(fs, func(f diagnose.Finding) bool {
		return f.Rule == diagnose.RuleStaleForwarder && first(f.About) == id
	})
}

// holderWord gives a warning's placeholders their values, where the holder has them.
func (n names) holderWord(id fact.ID) func(string) string {
	return func(word string) string {
		p := n.X.Process(id)
		if p == nil {
			return ""
		}
		switch word {
		case "pid":
			return sentence.Itoa(p.PID)
		case "user":
			return sentence.Name(p.User)
		case "port":
			for i := range n.X.Set.Sockets {
				s := &n.X.Set.Sockets[i]
				if slices.ContainsFunc(n.X.Links(s.ID, fact.HeldBy, fact.InheritedBy), func(l fact.Link) bool { return l.To == id }) {
					return sentence.Itoa(int(s.Local.Port()))
				}
			}
		}
		return ""
	}
}

func first(ids []fact.ID) fact.ID {
	if len(ids) == 0 {
		return ""
	}
	return ids[0]
}
