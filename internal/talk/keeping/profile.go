package keeping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/ledger"
	"github.com/berthd/berth/internal/keep/ledger/judge"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/layout"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// Profile is the answer for all ports of a ledger at once.
type Profile struct {
	name     string
	ledger   ledger.Ledger
	index    *chain.Index
	verdicts []judge.Verdict
}

// CheckProfile answers `berth check --profile NAME`: a built-in profile, or a ledger's
// file.
func CheckProfile(ctx context.Context, s Shell, name string) error {
	p := Profile{}
	var ok bool
	if p.ledger, ok = ledger.Profile(name); ok {
		p.name = strings.ToLower(name)
	} else {
		var err error
		if p.ledger, err = named(s, name); err != nil {
			return err
		}
		if s.From() == "" { // another machine's links are not known
			p.ledger = p.ledger.Here()
		}
	}
	if len(p.ledger.Promises) == 0 {
		return s.Fail(exitUsage, fmt.Errorf("%s promises nothing", name), "berth guard --help shows what a ledger looks like")
	}
	set, err := s.Facts(ctx, snapshot.Query{Ports: p.ledger.Ports(), Protos: p.protos(), Owners: true})
	if err != nil {
		return err
	}
	p.index = chain.NewIndex(&set)
	p.verdicts = judge.Judge(p.ledger.Promises, p.index)
	s.Exit(p.exit())
	return s.Say(p.WriteText, p.Document())
}

// named is a ledger that a person named: a file.
func named(s Shell, name string) (ledger.Ledger, error) {
	l, err := ledger.Load(name)
	if errors.Is(err, os.ErrNotExist) && filepath.Base(name) == name && !strings.Contains(name, ".") {
		return l, s.Fail(exitUsage, fmt.Errorf("there is no profile %q", name), "one of "+strings.Join(ledger.Profiles(), ", ")+", or a file such as "+ledger.Name)
	}
	return l, loading(s, err)
}

// loading gives a ledger's error its exit code.
func loading(s Shell, err error) error {
	var ps ledger.Problems
	var p ledger.Problem
	var missing ledger.Missing
	switch {
	case err == nil:
		return nil
	case errors.As(err, &missing):
		return s.Fail(exitUsage, err, "berth guard --help shows what a ledger looks like")
	case errors.As(err, &ps):
		for _, p := range ps[:len(ps)-1] {
			fmt.Fprintln(s.Err, "error:", problem(p))
		}
		return s.Fail(exitUsage, ps[len(ps)-1], "")
	case errors.As(err, &p):
		return s.Fail(exitUsage, p, "")
	case errors.Is(err, os.ErrPermission):
		return s.Fail(exitNotAllowed, err, "")
	}
	return s.Fail(exitCouldNot, err, "")
}

func (p Profile) protos() []fact.Proto {
	var out []fact.Proto
	for _, q := range p.ledger.Promises {
		if !slices.Contains(out, q.Proto) {
			out = append(out, q.Proto)
		}
	}
	return out
}

func (p Profile) exit() int {
	switch {
	case p.count(judge.Broken) > 0:
		return exitNo
	case p.count(judge.Unknown) > 0:
		return exitCouldNot
	}
	return 0
}

func (p Profile) count(s judge.Status) (n int) {
	for _, v := range p.verdicts {
		if v.Status == s {
			n++
		}
	}
	return n
}

// Document is the answer as api/v1 says it.
func (p Profile) Document() v1.Profile {
	set := p.index.Set
	doc := v1.Profile{
		Head: v1.Head{API: v1.API, Kind: "Profile", At: set.At, Exit: p.exit(), Machine: machine(set.Machine)},
		Name: p.name, Promises: []v1.Promised{}, Gaps: report.Gaps(set.Gaps, &set.Machine),
	}
	if p.name == "" {
		doc.Files = p.ledger.Files
	}
	for _, v := range p.verdicts {
		doc.Promises = append(doc.Promises, promised(v, p.index))
	}
	return doc
}

// WriteText writes a sentence that answers, a table of all ports, and for each that a
// stranger has what leads out.
func (p Profile) WriteText(out io.Writer, st layout.Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.headline())
	if err := layout.Table(&b, st, p.columns(), p.rows()); err != nil {
		return err
	}
	p.section(&b, st, "Taken by somebody else:", judge.Broken)
	p.section(&b, st, "Not known:", judge.Unknown)
	if lines := p.gaps(); len(lines) > 0 {
		fmt.Fprintln(&b, "\nNot looked at:")
		for _, l := range lines {
			fmt.Fprintln(&b, "  "+layout.Wrap(l, "  ", st.Width))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (p Profile) headline() string {
	n := map[string]int{}
	for _, v := range p.verdicts {
		state, _ := wordsOf(p.index).state(v)
		n[state]++
	}
	var parts []string
	for _, c := range [...]struct{ state, words string }{{taken, "taken by somebody else"}, {unknown, "not known"}, {own, "held by its own"}, {shared, "shared by URL"}, {free, "free"}} {
		if n[c.state] > 0 {
			parts = append(parts, sentence.Itoa(n[c.state])+" "+c.words)
		}
	}
	return sentence.List(cleaned(p.ledger.Files)) + ": " + strings.Join(parts, ", ") + "."
}

func (p Profile) columns() []layout.Column {
	return []layout.Column{{Title: "FOR", Least: 8}, {Title: "PORT", Least: 9}, {Title: "STATE", Least: 6}, {Title: "HOLDER", Least: 16}}
}

func (p Profile) rows() [][]string {
	w := wordsOf(p.index)
	var out [][]string
	for _, v := range p.verdicts {
		who := v.Promise.Module
		if who == "" {
			who = v.Promise.Owner()
		}
		state, holder := w.state(v)
		out = append(out, []string{sentence.Name(who), v.Promise.Endpoint(), state, holder})
	}
	return out
}

// The words of the table's third column.
const (
	taken   = "taken"
	unknown = "?"
	own     = "its own"
	shared  = "shared"
	free    = "free"
)

func (w words) state(v judge.Verdict) (state, holder string) {
	switch v.Status {
	case judge.Broken:
		return taken, w.holders(v.Strangers)
	case judge.Unknown:
		if len(v.Hidden) == 0 {
			return unknown, "-"
		}
		return unknown, w.holders(v.Hidden)
	case judge.Kept:
		return own, w.holders(v.Owners)
	}
	if len(v.Shared) > 0 {
		return shared, w.holders(v.Shared)
	}
	return free, "-"
}

func (p Profile) section(b *strings.Builder, st layout.Style, title string, status judge.Status) {
	if p.count(status) == 0 {
		return
	}
	fmt.Fprintln(b, "\n"+title)
	w := wordsOf(p.index)
	for _, v := range p.verdicts {
		if v.Status != status {
			continue
		}
		fmt.Fprintln(b, "  "+layout.Wrap(sentence.Full(w.verdict(v)), "  ", st.Width))
		for _, c := range wayOut(v, p.index) {
			fmt.Fprintln(b, "      "+c)
		}
	}
}

// gaps are what could not be looked at and may change an answer.
func (p Profile) gaps() []string {
	var told []fact.Gap
	for _, g := range p.index.Set.Gaps {
		switch g.Kind {
		case fact.GapCgroupsLeft, fact.GapBoundLeft, fact.GapKernelOwned, fact.GapVanished:
		default:
			told = append(told, g)
		}
	}
	return report.GapLines(told, &p.index.Set.Machine)
}
