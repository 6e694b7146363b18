// Package urlcheck is berth check's answer for URL prefixes, as text for people and
// as an api/v1 document. Its sentences are package sentence/prefixes'.
package urlcheck

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/prefix"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/share/urlprefix"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence/prefixes"
)

// Check is the answer for some prefixes on one machine.
type Check struct {
	words   prefixes.Words
	answers []prefix.Answer
}

// Errors of [New].
var (
	ErrNoHTTPSys = errors.New("URL prefixes are registered with HTTP.sys, a part of Windows: this machine has none")
	ErrMixed     = errors.New("endpoints and URL prefixes are asked about apart")
	ErrAccount   = errors.New("an account is named by its SID here: names are translated")
)

// Looks tells whether a word is meant as a URL prefix.
func Looks(word string) bool { return strings.Contains(word, "://") }

// Ports are those of the texts that are prefixes.
func Ports(texts []string) []uint16 {
	var out []uint16
	for _, t := range texts {
		if p, err := urlprefix.Parse(t); err == nil {
			out = append(out, p.Port)
		}
	}
	return out
}

// New judges each of texts on the machine of set, for the account as, or for the
// asker where as is "". The error is [ErrMixed] where a text is not meant as a prefix,
// [ErrNoHTTPSys] where set is of another system, [ErrAccount] where as is no SID.
func New(set *fact.Set, texts []string, as string) (Check, error) {
	if slices.ContainsFunc(texts, func(t string) bool { return !Looks(t) }) {
		return Check{}, ErrMixed
	}
	if os := set.Machine.OS; os != "windows" && os != "" {
		return Check{}, ErrNoHTTPSys
	}
	who := prefix.Asker(set)
	if as != "" {
		if !strings.HasPrefix(as, "S-1-") || strings.Trim(as[4:], "0123456789-") != "" {
			return Check{}, ErrAccount
		}
		who = prefix.Account(as)
	}
	c := Check{words: prefixes.Words{Who: who, As: as != ""}}
	c.words.X = chain.NewIndex(set)
	for _, t := range texts {
		c.answers = append(c.answers, prefix.Check(set, t, who))
	}
	return c, nil
}

// Exit is the exit code: 0 every prefix could be registered, 1 one could not, 3 of
// one it could not be learned.
func (c Check) Exit() int {
	exit := 0
	for _, a := range c.answers {
		switch {
		case a.Works == prefix.No:
			return 1
		case a.Works == prefix.Unknown:
			exit = 3
		}
	}
	return exit
}

// Document is the answer as api/v1 says it.
func (c Check) Document() v1.Check {
	set := c.words.X.Set
	m := set.Machine
	doc := v1.Check{
		Head: v1.Head{API: v1.API, Kind: "Check", At: set.At, Exit: c.Exit(), Machine: &v1.Machine{OS: m.OS, Arch: m.Arch, Kernel: m.Kernel, Host: m.Host}},
		Tail: v1.Tail{Findings: []v1.Finding{}, Remedies: []v1.Remedy{}, Warnings: []v1.Warning{}, Gaps: report.Gaps(set.Gaps, &m)}, Checks: []v1.CheckOne{},
	}
	for _, a := range c.answers {
		doc.Prefixes = append(doc.Prefixes, c.one(a))
	}
	return doc
}

func (c Check) one(a prefix.Answer) v1.PrefixCheck {
	v := v1.PrefixCheck{Prefix: a.Text, Answer: c.words.Headline(a), SID: a.Who.SID, Administrator: a.Who.Admin,
		Verdicts: []v1.Verdict{}, Findings: []v1.Finding{}, Remedies: []v1.Remedy{}}
	if a.Prefix.Port != 0 {
		v.Canonical, v.Bucket, v.Port = a.Prefix.String(), a.Prefix.Bucket.String(), a.Prefix.Port
	}
	if a.Works != prefix.Unknown {
		can := a.Works == prefix.Yes
		v.CanRegister = &can
	}
	if r, refused := a.Refusal(); refused && a.Works == prefix.No {
		v.Code = uint32(r.Code)
	}
	for _, r := range a.Verdicts {
		v.Verdicts = append(v.Verdicts, v1.Verdict{Rule: string(r.Rule), OK: r.OK, Errno: r.Code.Name(), Code: uint32(r.Code),
			Confidence: string(r.Confidence), Text: c.words.Verdict(r), About: ids(r.About), Args: r.Args})
	}
	for _, f := range a.Findings {
		v.Findings = append(v.Findings, v1.Finding{Rule: string(f.Rule), Confidence: string(f.Confidence), Text: c.words.Finding(f), About: ids(f.About), Args: f.Args})
	}
	for _, s := range a.Steps {
		v.Remedies = append(v.Remedies, v1.Remedy{ID: s.Kind, Kind: s.Kind, Text: c.words.Step(s), Effect: prefixes.Undo(s), Command: prefixes.Lines(s.Command)})
	}
	return v
}

func ids(in []fact.ID) []string {
	var out []string
	for _, id := range in {
		out = append(out, string(id))
	}
	return out
}

// WriteText writes the answer for a person: for each prefix the sentence that
// answers, why, what requests meet, what can be done; then what was not looked at.
func (c Check) WriteText(out io.Writer, st layout.Style) error {
	b := &strings.Builder{}
	said := map[string]bool{}
	for i, a := range c.answers {
		if i > 0 {
			b.WriteByte('\n')
		}
		c.write(b, st, a, said)
	}
	lines := report.GapLines(c.words.X.Set.Gaps, &c.words.X.Set.Machine)
	section(b, st, "Not looked at:", lines)
	_, err := io.WriteString(out, b.String())
	return err
}

// write leaves out the findings that were said of an earlier prefix in the same words.
func (c Check) write(b *strings.Builder, st layout.Style, a prefix.Answer, said map[string]bool) {
	fmt.Fprintln(b, st.Strong(layout.Wrap(c.words.Headline(a), "", st.Width)))
	for _, v := range a.Verdicts {
		fmt.Fprintf(b, "  %s\n", layout.Wrap(c.words.Verdict(v), "  ", st.Width))
	}
	var meets []string
	for _, f := range a.Findings {
		if s := c.words.Finding(f); !said[s] {
			said[s] = true
			meets = append(meets, s)
		}
	}
	section(b, st, "What to expect:", meets)
	c.todo(b, st, a.Steps)
}

func section(b *strings.Builder, st layout.Style, head string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", head)
	for _, l := range slices.Compact(lines) {
		fmt.Fprintf(b, "  %s\n", layout.Wrap(l, "  ", st.Width))
	}
}

func (c Check) todo(b *strings.Builder, st layout.Style, steps []prefix.Step) {
	const indent = "                "
	if len(steps) > 0 {
		fmt.Fprintln(b, "\nWhat you can do, gentlest first:")
	}
	for _, s := range steps {
		fmt.Fprintf(b, "  %-13s %s\n", s.Kind, layout.Wrap(c.words.Step(s), indent, st.Width))
		for _, l := range prefixes.Lines(s.Command) {
			fmt.Fprintf(b, "%s%s\n", indent, st.Faint(l))
		}
		if u := prefixes.Undo(s); u != "" {
			fmt.Fprintf(b, "%s%s\n", indent, layout.Wrap(u, indent, st.Width))
		}
	}
}
