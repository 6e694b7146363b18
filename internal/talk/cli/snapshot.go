package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

func (a *app) snapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "snapshot",
		Short: "save what this machine says, and ask it later or elsewhere",
		Long: `A snapshot is everything berth can read of a machine at one moment, in one JSON
file. Every reading command takes it with --from, on any OS. Command lines are
redacted unless --no-redact is given; environments are not in it.`,
		Example: `  berth snapshot save web1.json
  berth who 80 --from web1.json
  berth snapshot info web1.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("save or info", "snapshot has no %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage("berth snapshot save FILE, berth snapshot info FILE", "snapshot needs a verb")
		},
	}
	cmd.AddCommand(a.snapshotSave(), a.snapshotInfo())
	return cmd
}

func (a *app) snapshotSave() *cobra.Command {
	var texts []string
	cmd := &cobra.Command{
		Use:   "save FILE",
		Short: "write a snapshot; - is standard output",
		Long: `save reads the whole machine and writes one file. An existing file is replaced
only when the new one is complete. With --paste it saves what texts of another
machine tell, as explain reads them.

Exit codes: 0 written; 2 the words are off; 3 could not look or write; 4 not permitted.`,
		Example: `  berth snapshot save web1.json
  sudo berth snapshot save - | ssh desk 'cat > web1.json'
  berth snapshot save pc.json --paste netstat.txt --paste servicestate.txt`,
		Args: oneArg("snapshot save", "FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runSave(cmd.Context(), args[0], texts) },
	}
	cmd.Flags().StringArrayVar(&texts, "paste", nil, "save what the texts in `FILE` tell, not this machine; repeatable, - is standard input")
	return cmd
}

// saved is what a snapshot is to hold: this machine, or what texts tell.
func (a *app) saved(ctx context.Context, texts []string) (fact.Set, error) {
	if len(texts) == 0 {
		return a.facts(ctx, snapshot.Everything())
	}
	if a.global.from != "" || a.global.netns != "" {
		return fact.Set{}, usage("leave one of them out", "--paste takes the facts from texts, and --from or --netns from elsewhere")
	}
	return a.told(texts)
}

// told is what pasted texts tell of their machine.
func (a *app) told(names []string) (fact.Set, error) {
	texts, err := a.texts(names)
	if err != nil {
		return fact.Set{}, err
	}
	r, err := paste.Reader{PortNumber: catalog.NumberNamed}.Read(texts...)
	if err != nil {
		return fact.Set{}, &fail{ExitUsage, err, "--paste takes text: the outputs of netstat, tasklist, netsh"}
	}
	if len(r.Seen) == 0 {
		return fact.Set{}, &fail{ExitNo, errors.New("nothing in the text was recognised"), "berth explain --help says what is read"}
	}
	if !a.global.noRedact {
		r.Set.Redact()
	}
	return r.Set, nil
}

func oneArg(name, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("berth "+name+" "+what, "%s takes one %s, and %d were given", name, what, len(args))
		}
		return nil
	}
}

func (a *app) runSave(ctx context.Context, name string, texts []string) error {
	a.interruptible()
	set, err := a.saved(ctx, texts)
	if err != nil {
		return err
	}
	if name == "-" {
		return a.harmless(func(w io.Writer) error { return snapshot.Save(w, &set, "berth "+a.Version) })
	}
	if err := snapshot.SaveFile(name, &set, "berth "+a.Version); err != nil {
		return &fail{openCode(err), err, "choose a place you may write to"}
	}
	fmt.Fprintf(a.Err, "note: %s, %s, %s written to %s\n", sentence.Plural(len(set.Sockets), "socket", "sockets"),
		sentence.Plural(len(set.Processes), "process", "processes"), sentence.Plural(len(set.Gaps), "gap", "gaps"), oneLine(name))
	return nil
}

func (a *app) snapshotInfo() *cobra.Command {
	return &cobra.Command{
		Use:     "info FILE",
		Short:   "which machine and moment a snapshot is of, and what it could not see",
		Example: "  berth snapshot info web1.json",
		Args:    oneArg("snapshot info", "FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := a.load(args[0])
			if err != nil {
				return err
			}
			return a.sayInfo(&set)
		},
	}
}

func (a *app) sayInfo(set *fact.Set) error {
	info := report.NewInfo(set)
	if a.global.json {
		return a.document(info.Document())
	}
	return a.text(info.WriteText)
}
