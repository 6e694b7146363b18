package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/cli/filter"
	"github.com/berthd/berth/internal/talk/report"
)

type lsOptions struct {
	ports      []string
	protos     []string
	pids       []int
	users      []string
	services   []string
	containers []string
	all        bool
	allNetns   bool
	allHolders bool
}

func (a *app) ls() *cobra.Command {
	var o lsOptions
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "every listener and its owner",
		Long: `ls lists what listens on this machine, and who has it. Filters of one kind mean
"any of these", filters of different kinds "all of these".

Exit codes: 0, also when the list is empty; 2 the words are off; 3 could not look.`,
		Example: `  berth ls
  berth ls --port 80,443,8000-8099
  berth ls --user www-data --proto tcp
  berth ls --all --port 5432       connections too`,
		Args: noArgs("ls", "berth ls --port 80 filters; berth who 80 asks about one port"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runLs(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.ports, "port", nil, "`PORT` or FROM-TO, repeatable")
	f.StringSliceVar(&o.protos, "proto", nil, "tcp, udp, udplite, sctp or raw, repeatable")
	f.IntSliceVar(&o.pids, "pid", nil, "sockets that process `PID` holds")
	f.StringSliceVar(&o.users, "user", nil, "sockets of user `NAME` or uid")
	f.StringSliceVar(&o.services, "service", nil, "sockets of unit `NAME`, with or without .service")
	f.StringSliceVar(&o.containers, "container", nil, "sockets of container `NAME`")
	f.BoolVar(&o.all, "all", false, "connections and bound sockets too")
	f.BoolVar(&o.allNetns, "all-netns", false, "every network namespace")
	f.BoolVar(&o.allHolders, "all-holders", false, "search every process for further holders")
	return cmd
}

func noArgs(name, hint string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage(hint, "%s takes no argument, and %q was given", name, args[0])
		}
		return nil
	}
}

func (a *app) runLs(ctx context.Context, o lsOptions) error {
	spans, err := parseSpans(o.ports)
	if err != nil {
		return err
	}
	protos, err := parseProtos(o.protos)
	if err != nil {
		return err
	}
	set, err := a.facts(ctx, snapshot.Query{
		Ports: filter.Singles(spans), Protos: protos, Owners: true, AllStates: o.all, AllNetns: o.allNetns, Context: o.allNetns, AllHolders: o.allHolders,
	})
	if err != nil {
		return err
	}
	if err := seen(&set); err != nil {
		return err
	}
	x := chain.NewIndex(&set)
	by := filter.Filter{Spans: spans, Protos: protos, PIDs: o.pids, Users: o.users, Units: o.services, Containers: o.containers, All: o.all, AllNetns: o.allNetns}
	l := report.NewLs(x, func(r report.ListRow) bool { return by.Keeps(x, r) })
	if a.global.json {
		return a.document(l.Document())
	}
	if err := a.text(l.WriteText); err != nil {
		return err
	}
	return a.talkGaps(&set)
}

// talkGaps says on stderr what a list could not show.
func (a *app) talkGaps(set *fact.Set) error {
	var told []fact.Gap
	for _, g := range set.Gaps {
		switch g.Kind {
		case fact.GapCgroupsLeft, fact.GapBoundLeft, fact.GapKernelOwned, fact.GapVanished:
		default:
			told = append(told, g)
		}
	}
	for _, l := range report.GapLines(told, &set.Machine) {
		fmt.Fprintln(a.Err, "note:", l)
	}
	return nil
}

func parseSpans(words []string) ([]filter.Span, error) {
	var out []filter.Span
	for _, w := range words {
		lo, hi, isRange := strings.Cut(w, "-")
		if !isRange {
			hi = lo
		}
		a, err := parseEndpoint(lo, "")
		if err != nil {
			return nil, err
		}
		b, err := parseEndpoint(hi, "")
		if err != nil {
			return nil, err
		}
		if a.Port > b.Port || a.Host+b.Host != "" || a.Proto+b.Proto != "" {
			return nil, usage("FROM-TO, the lower number first, as in 8000-8099", "--port %q is no port or range of ports", w)
		}
		out = append(out, filter.Span{From: a.Port, To: b.Port})
	}
	return out, nil
}

func parseProtos(words []string) ([]fact.Proto, error) {
	var out []fact.Proto
	for _, w := range words {
		p, ok := fact.ParseProto(w)
		if !ok {
			return nil, usage("tcp, udp, udplite, sctp or raw", "--proto %q is not a protocol berth knows", w)
		}
		out = append(out, p)
	}
	return out, nil
}
