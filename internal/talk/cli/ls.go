package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
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
		Ports: singles(spans), Protos: protos, Owners: true, AllStates: o.all, AllNetns: o.allNetns, Context: o.allNetns, AllHolders: o.allHolders,
	})
	if err != nil {
		return err
	}
	if err := seen(&set); err != nil {
		return err
	}
	x := chain.NewIndex(&set)
	l := report.NewLs(x, func(r report.ListRow) bool { return o.keep(x, r, spans, protos) })
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

func (o lsOptions) keep(x *chain.Index, r report.ListRow, spans []span, protos []fact.Proto) bool {
	s := r.Socket
	return (o.all || s.State.Serves() && !connected(s)) &&
		(o.allNetns || s.Netns == "") &&
		(len(spans) == 0 || slices.ContainsFunc(spans, func(p span) bool { return p.from <= s.Local.Port() && s.Local.Port() <= p.to })) &&
		(len(protos) == 0 || slices.Contains(protos, s.Proto)) &&
		o.keepOwner(x, r)
}

func connected(s *fact.Socket) bool { return s.Remote.IsValid() && s.Remote.Port() != 0 }

func (o lsOptions) keepOwner(x *chain.Index, r report.ListRow) bool {
	if len(o.pids)+len(o.users)+len(o.services)+len(o.containers) == 0 {
		return true
	}
	f := rowFacts(x, r)
	return anyOf(o.pids, f.pids) && anyOf(o.users, f.users) && anyOf(withSuffix(o.services), f.units) && anyOf(o.containers, f.containers)
}

// owners are the names under which a row can be asked for.
type owners struct {
	pids                     []int
	users, units, containers []string
}

func rowFacts(x *chain.Index, r report.ListRow) owners {
	var f owners
	if l := r.Socket.Linux; l != nil && l.UID != nil {
		f.users = append(f.users, strconv.Itoa(int(*l.UID)))
	}
	if r.Socket.PID != 0 {
		f.pids = append(f.pids, r.Socket.PID)
	}
	f.walk(x, r.Holder.Nodes)
	return f
}

func (f *owners) walk(x *chain.Index, nodes []chain.Node) {
	for _, n := range nodes {
		for _, id := range append([]fact.ID{n.ID}, n.Workers...) {
			f.one(x, id)
		}
		f.walk(x, n.Children)
	}
}

func (f *owners) one(x *chain.Index, id fact.ID) {
	if p := x.Process(id); p != nil {
		f.pids = append(f.pids, p.PID)
		f.users = append(f.users, p.User)
		if p.UID != nil {
			f.users = append(f.users, strconv.Itoa(int(*p.UID)))
		}
	}
	if u := x.Unit(id); u != nil {
		f.units = append(f.units, u.Name)
	}
	if k := x.Container(id); k != nil {
		f.containers = append(f.containers, k.Name, k.Full, strings.TrimPrefix(string(k.ID), "container:"+k.Engine+"/"))
	}
}

func anyOf[T comparable](wanted, have []T) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w T) bool { return slices.Contains(have, w) })
}

// withSuffix lets a person leave ".service" out.
func withSuffix(names []string) []string {
	out := slices.Clone(names)
	for _, n := range names {
		if !strings.Contains(n, ".") {
			out = append(out, n+".service", n+".socket")
		}
	}
	return out
}

type span struct{ from, to uint16 }

func parseSpans(words []string) ([]span, error) {
	var out []span
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
		out = append(out, span{a.Port, b.Port})
	}
	return out, nil
}

// singles is the ports for the kernel to filter by, where no range is asked for.
func singles(spans []span) []uint16 {
	var out []uint16
	for _, s := range spans {
		if s.from != s.to || len(spans) > 16 {
			return nil
		}
		out = append(out, s.from)
	}
	return out
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
