package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/talk/pasted"
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
	e, err := pasted.Explain(pasted.Question{Texts: texts, Ports: numbers(spans), Raw: a.global.noRedact})
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
