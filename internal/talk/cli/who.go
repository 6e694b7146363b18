package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report"
)

type whoOptions struct {
	proto      string
	allHolders bool
}

func (a *app) who() *cobra.Command {
	var o whoOptions
	cmd := &cobra.Command{
		Use:   "who ENDPOINT",
		Short: "who holds a port, why, from where it can be reached, and what can be done",
		Long: `who names the holder of a port down to the thing you can act on: process,
service, container, or the part of the kernel that has it, and says why.

ENDPOINT is [ADDR:]PORT[/PROTO]. Without a protocol every one is looked at.

Exit codes: 0 free; 1 a plain bind would fail, or its traffic would go elsewhere;
2 the words are off; 3 could not look; 4 not permitted.`,
		Example: `  berth who 80
  berth who 53/udp
  berth who localhost:3000
  berth who 80 --from web1.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("berth who 80", "who asks about one endpoint, and %d were given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runWho(cmd.Context(), args[0], o) },
	}
	cmd.Flags().StringVar(&o.proto, "proto", "", "tcp, udp, udplite, sctp or raw")
	cmd.Flags().BoolVar(&o.allHolders, "all-holders", false, "search every process for further holders of the same socket, and look for bound sockets beside a listener")
	return cmd
}

func (a *app) runWho(ctx context.Context, text string, o whoOptions) error {
	e, err := parseEndpoint(text, o.proto)
	if err != nil {
		return err
	}
	set, err := a.facts(ctx, snapshot.Query{
		Ports: []uint16{e.Port}, Protos: e.Protos(), Addrs: e.Addrs, Owners: true, Context: true, AllHolders: o.allHolders,
	})
	if err != nil {
		return err
	}
	w := answer(&set, e)
	w.Leads, w.From = true, a.global.from
	a.exit = w.Answer.Exit()
	if a.global.json {
		return a.document(w.Document())
	}
	return a.text(w.WriteText)
}

// answer judges one endpoint of a set.
func answer(set *fact.Set, e fact.Endpoint) report.Who {
	return answerIn(chain.NewIndex(set), diagnose.Question{Endpoint: e})
}

func answerIn(x *chain.Index, q diagnose.Question) report.Who {
	ans, e := diagnose.Who(x, q), q.Endpoint
	port, _ := catalog.PortName(e.Protos(fact.TCP)[0], e.Port)
	return report.Who{Answer: ans, Index: x, Remedies: remedy.Suggest(ans, x), PortName: port}
}
