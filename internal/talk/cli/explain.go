package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/machine/paste/collect"
	"github.com/berthd/berth/internal/talk/cli/filter"
	"github.com/berthd/berth/internal/talk/pasted"
)

type explainOptions struct {
	ports   []string
	collect string
}

func (a *app) explain() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain [FILE…|-]",
		Short: "the same answer from pasted netstat, tasklist, netsh and error texts of another machine",
		Long: `explain reads what you have from a machine where berth is not installed, and
answers as who does. Paste the outputs one after the other, in any language:
netstat -ano, tasklist /svc, netsh http show servicestate, ss, lsof, and their like;
a program's error lines too: they say which port it is about. Commands and .reg
files in the text are judged one by one: what each would do, what it breaks, how it
is taken back; with --from FILE against the facts of that snapshot. Without a file
it reads standard input.

With --collect it prints a short script for a machine where berth cannot run: cmd
without PowerShell for Windows XP and later, sh for the others. The script changes
nothing and writes one file, which explain reads.

Exit codes: 0 answered; 1 nothing recognised; 2 the words are off; 3 a file could
not be read; 4 not permitted.`,
		Example: `  berth explain forum-post.txt
  netstat -aon | berth explain
  berth explain netstat.txt tasklist.txt servicestate.txt --port 80
  berth explain --collect windows >berth-collect.cmd`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runExplain(args, o) },
	}
	cmd.Flags().StringSliceVar(&o.ports, "port", nil, "answer for `PORT`, repeatable; without it for the ports the texts are about")
	cmd.Flags().StringVar(&o.collect, "collect", "", "print a script for a machine where berth cannot run: `OS` is windows, linux or mac")
	return cmd
}

func (a *app) runExplain(names []string, o explainOptions) error {
	if o.collect != "" {
		return a.script(o.collect, names)
	}
	spans, err := parseSpans(o.ports)
	if err != nil {
		return err
	}
	texts, err := a.texts(names)
	if err != nil {
		return err
	}
	q := pasted.Question{Texts: texts, Ports: numbers(spans), Raw: a.global.noRedact}
	if a.global.from != "" {
		if q.Machine, err = a.load(a.global.from); err != nil {
			return err
		}
	}
	e, err := pasted.Explain(q)
	switch {
	case errors.Is(err, pasted.ErrNothing):
		return &fail{ExitNo, err, "paste the output of: netstat -ano, tasklist /svc, netsh http show servicestate view=requestq"}
	case err != nil:
		return &fail{ExitUsage, err, "explain reads text: the outputs of netstat, tasklist, netsh"}
	case a.global.json:
		return a.document(e.Document())
	}
	return a.text(e.WriteText)
}

// texts reads the files, or standard input where there are none.
func (a *app) texts(names []string) ([]paste.Text, error) {
	texts, err := pasted.Files(names, a.In)
	if err != nil {
		return nil, &fail{openCode(err), err, "berth explain FILE, or paste into berth explain -"}
	}
	return texts, nil
}

// script prints what to run on a machine where berth cannot, and says how.
func (a *app) script(system string, names []string) error {
	name, text, ok := collect.Script(system)
	switch {
	case !ok:
		return usage("one of windows, linux, mac", "there is no script for %q", system)
	case len(names) > 0 || a.global.json:
		return usage("berth explain --collect "+system+" >"+name, "--collect prints a script: it reads no file and makes no document")
	}
	if _, err := io.WriteString(a.Out, text); err != nil {
		return err
	}
	for _, l := range collect.How(system) {
		fmt.Fprintln(a.Err, "note:", l)
	}
	return nil
}

// maxAsked bounds the ports that one question may name.
const maxAsked = 64

// numbers are the ports of spans, each once.
func numbers(spans []filter.Span) []uint16 {
	var ports []uint16
	for _, s := range spans {
		for p := int(s.From); p <= int(s.To) && len(ports) < maxAsked; p++ {
			if !slices.Contains(ports, uint16(p)) {
				ports = append(ports, uint16(p))
			}
		}
	}
	return ports
}
