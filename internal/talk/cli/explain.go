package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/talk/report"
)

type explainOptions struct{ ports []string }

// maxPaste bounds one pasted text; what is beyond is a gap.
const maxPaste = 16 << 20

func (a *app) explain() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain [FILE…|-]",
		Short: "the same answer from pasted netstat, tasklist, netsh and error texts of another machine",
		Long: `explain reads what you have from a machine where berth is not installed, and
answers as who does. Paste the outputs one after the other, in any language:
netstat -ano, tasklist /svc, netsh http show servicestate, ss, lsof, and their like;
a program's error lines too: they say which port it is about. Without a file it
reads standard input.

Exit codes: 0 answered; 1 nothing recognised; 2 the words are off; 3 a file could
not be read; 4 not permitted.`,
		Example: `  berth explain forum-post.txt
  netstat -aon | berth explain
  berth explain netstat.txt tasklist.txt servicestate.txt --port 80`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExplain(args, o) },
	}
	cmd.Flags().StringSliceVar(&o.ports, "port", nil, "answer for `PORT`, repeatable; without it for the ports the texts are about")
	return cmd
}

func (a *app) runExplain(names []string, o explainOptions) error {
	spans, err := parseSpans(o.ports)
	if err != nil {
		return err
	}
	texts, err := a.texts(names)
	if err != nil {
		return err
	}
	r, err := paste.Reader{PortNumber: catalog.NumberNamed, Ports: numbers(spans), Refused: refusal.PortOf}.Read(texts...)
	if err != nil {
		return &fail{ExitUsage, err, "explain reads text: the outputs of netstat, tasklist, netsh"}
	}
	said := refusal.Read(r.Set.Machine.OS, errorLines(&r))
	if len(r.Seen)+len(said) == 0 {
		return &fail{ExitNo, errors.New("nothing in the text was recognised"),
			"paste the output of: netstat -ano, tasklist /svc, netsh http show servicestate view=requestq"}
	}
	if !a.global.noRedact {
		r.Set.Redact()
	}
	return a.sayExplain(&r, asked(&r, spans), said)
}

// errorLines are the lines that no listing explains.
func errorLines(r *paste.Result) []refusal.Line {
	var out []refusal.Line
	for _, l := range r.Rest {
		out = append(out, refusal.Line{Text: l.Line, Where: fmt.Sprintf("line %d of %s", l.Number, cmp.Or(l.Text, "the paste"))})
	}
	return out
}

// texts reads the files, or standard input where there are none.
func (a *app) texts(names []string) ([]paste.Text, error) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	var out []paste.Text
	for _, n := range names {
		data, err := a.readText(n)
		if err != nil {
			code := ExitCouldNot
			if errors.Is(err, fs.ErrPermission) {
				code = ExitNotAllowed
			}
			return nil, &fail{code, err, "berth explain FILE, or paste into berth explain -"}
		}
		if n == "-" {
			n = ""
		}
		out = append(out, paste.Text{Name: n, Data: data})
	}
	return out, nil
}

func (a *app) readText(name string) ([]byte, error) {
	in := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, maxPaste+1))
}

// maxAsked bounds the ports that one question may name.
const maxAsked = 64

// numbers are the ports of spans, each once.
func numbers(spans []span) []uint16 {
	var ports []uint16
	for _, s := range spans {
		for p := int(s.from); p <= int(s.to) && len(ports) < maxAsked; p++ {
			if !slices.Contains(ports, uint16(p)) {
				ports = append(ports, uint16(p))
			}
		}
	}
	return ports
}

// asked is the ports to answer for: the person's, else those that the texts are
// about, else every one that is served in them.
func asked(r *paste.Result, spans []span) []uint16 {
	var ports []uint16
	add := func(p uint16) {
		if p != 0 && !slices.Contains(ports, p) {
			ports = append(ports, p)
		}
	}
	if len(spans) > 0 {
		return numbers(spans)
	}
	for _, k := range r.Asked {
		add(k.Port)
	}
	return ports
}

func (a *app) sayExplain(r *paste.Result, ports []uint16, said []refusal.Refusal) error {
	r.Set.AddGaps(refusal.LeftOpen(&r.Set, ports, said)...)
	x := chain.NewIndex(&r.Set)
	e := report.Explain{Index: x}
	for _, s := range r.Seen {
		e.Seen = append(e.Seen, report.Seen{Kind: string(s.Kind), File: s.Text, First: s.FirstLine, Last: s.LastLine, Rows: s.Rows})
	}
	for _, p := range ports {
		e.Answers = append(e.Answers, answerIn(x, diagnose.Question{Endpoint: fact.Endpoint{Port: p}, Refusals: refusal.Of(p, said)}))
	}
	for _, s := range refusal.Of(0, said) {
		e.Loose = append(e.Loose, diagnose.ErrorLine(s))
	}
	if len(ports) == 0 && len(r.Seen) > 0 {
		ls := report.NewLs(x, func(r report.ListRow) bool { return r.Socket.State.Serves() && !connected(r.Socket) })
		e.Ls = &ls
	}
	if a.global.json {
		return a.document(e.Document())
	}
	return a.text(e.WriteText)
}
