package cli

import (
	"context"
	"net/netip"
	"os/user"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/probe"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/keeping"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/urlcheck"
)

type checkOptions struct {
	proto     string
	reuseAddr bool
	noReuse   bool
	reusePort bool
	v6only    bool
	exclusive bool
	as        string
	noProbe   bool
	profile   string
	wait      time.Duration
	interval  time.Duration
}

func (a *app) check() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check ENDPOINT… | PREFIX… | --profile NAME",
		Short: "can I bind this? by rule, then by a try",
		Long: `check tells whether an endpoint can be bound with your flags, and if not, by which
rule, because of which socket, and what would let you in. Then it tries: a bind
with exactly these flags, taken back at once; a listen only where the rules say
that bind alone does not decide.

Without an address it checks 0.0.0.0 and [::], with SO_REUSEADDR, as servers do.

A URL prefix such as http://+:80/app/ is judged by HTTP.sys's rules: could it be
registered, with which error would that fail, and who would get its requests.

With --profile all ports of a stack are looked at at once: whether each is free, held
by its own module, which is no conflict, or by somebody else. NAME is iis, lamp, wamp,
xampp, or a ledger's file. Nothing is tried then.

Exit codes: 0 every endpoint can be bound; 1 one cannot, for any reason; 2 the
words are off; 3 could not look; 4 not permitted.`,
		Example: `  berth check 80
  berth check --profile xampp
  berth check 127.0.0.1:8080 '[::1]:8080'
  berth check 53/udp --as dnsmasq
  berth check http://+:80/app/ --from windows.json
  berth check 8080 --wait 30s && ./server`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 0 && o.profile != "":
				return usage("leave one of them out", "--profile names the ports, and %q was given, too", args[0])
			case o.profile != "" && (o.wait > 0 || o.as != "" || o.proto != ""):
				return usage("leave them out", "--profile looks and tries nothing: --wait, --as and --proto mean nothing there")
			case len(args) == 0 && o.profile == "":
				return usage("berth check 80", "check needs an endpoint")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.profile != "" {
				return keeping.CheckProfile(cmd.Context(), a.shell(), o.profile)
			}
			return a.runCheck(cmd.Context(), args, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.proto, "proto", "", "tcp or udp; tcp where nothing is said")
	f.BoolVar(&o.reuseAddr, "reuse-addr", false, "with SO_REUSEADDR (the default on Unix for TCP)")
	f.BoolVar(&o.noReuse, "no-reuse-addr", false, "without SO_REUSEADDR")
	f.BoolVar(&o.reusePort, "reuse-port", false, "with SO_REUSEPORT")
	f.BoolVar(&o.v6only, "v6only", false, "with IPV6_V6ONLY")
	f.BoolVar(&o.exclusive, "exclusive", false, "with SO_EXCLUSIVEADDRUSE (Windows)")
	f.StringVar(&o.as, "as", "", "judge for `USER` or uid (of a URL prefix: a SID), by rule alone")
	f.BoolVar(&o.noProbe, "no-probe", false, "by rule alone; try nothing")
	f.StringVar(&o.profile, "profile", "", "all ports of a stack: iis, lamp, wamp, xampp, or a ledger's `FILE`")
	f.DurationVar(&o.wait, "wait", 0, "ask again until it can be bound, at most this long")
	f.DurationVar(&o.interval, "interval", 250*time.Millisecond, "pause between two questions of --wait")
	return cmd
}

func (a *app) runCheck(ctx context.Context, args []string, o checkOptions) error {
	if slices.ContainsFunc(args, urlcheck.Looks) {
		return a.checkPrefixes(ctx, args, o)
	}
	asked, err := a.checkWords(args, o)
	if err != nil {
		return err
	}
	if o.wait > 0 {
		a.interruptible()
	}
	deadline := time.Now().Add(o.wait)
	for {
		c, err := a.checkOnce(ctx, asked, o)
		if err != nil {
			return err
		}
		left := time.Until(deadline)
		if c.Exit == ExitYes || left <= 0 {
			return a.sayCheck(c)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(left, o.interval)):
		}
	}
}

func (a *app) checkWords(args []string, o checkOptions) ([]fact.Endpoint, error) {
	switch {
	case o.reuseAddr && o.noReuse:
		return nil, usage("leave one of them out", "--reuse-addr and --no-reuse-addr contradict each other")
	case o.wait < 0 || o.interval <= 0:
		return nil, usage("a duration such as 30s", "--wait and --interval take positive durations")
	case o.wait > 0 && a.global.from != "":
		return nil, usage("leave one of them out", "--wait cannot wait for a saved snapshot to change")
	}
	var out []fact.Endpoint
	for _, arg := range args {
		e, err := parseEndpoint(arg, o.proto)
		if err != nil {
			return nil, err
		}
		if e.Proto == "" {
			e.Proto = fact.TCP
		}
		out = append(out, e)
	}
	return out, nil
}

func (a *app) checkOnce(ctx context.Context, asked []fact.Endpoint, o checkOptions) (report.Check, error) {
	q := snapshot.Query{Owners: true, Context: true, AllStates: true, Flags: true}
	for _, e := range asked {
		q.Ports = append(q.Ports, e.Port)
	}
	set, err := a.facts(ctx, q)
	if err != nil {
		return report.Check{}, err
	}
	x := chain.NewIndex(&set)
	c := report.Check{Index: x}
	who, err := asker(o.as, &set)
	if err != nil {
		return c, err
	}
	for _, e := range asked {
		for _, addr := range addresses(e, &set) {
			c.Ones = append(c.Ones, a.checkAddr(ctx, x, e, addr, who, o))
		}
		a.whyNot(&c, e)
	}
	c.Exit = ExitYes
	for _, one := range c.Ones {
		switch can, known := one.CanBind(); {
		case known && !can:
			c.Exit = ExitNo
		case !known && c.Exit == ExitYes:
			c.Exit = ExitCouldNot
		}
	}
	return c, nil
}

// addresses: without one, both wildcards; the IPv6 one only where there is IPv6.
func addresses(e fact.Endpoint, set *fact.Set) []netip.Addr {
	if len(e.Addrs) > 0 {
		return e.Addrs
	}
	if l := set.Machine.Linux; l != nil && l.NoIPv6 {
		return []netip.Addr{netip.IPv4Unspecified()}
	}
	return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
}

// newcomer is whose rights a check is judged with.
type newcomer struct {
	uid        uint32
	privileged bool
}

const capNetBindService = 10

func asker(as string, set *fact.Set) (newcomer, error) {
	if as == "" {
		k := set.Machine.Asker
		if k == nil {
			return newcomer{privileged: true}, nil
		}
		return newcomer{k.UID, k.CapEff&(1<<capNetBindService) != 0 || set.Machine.OS != "linux"}, nil
	}
	uid, err := lookupUID(as)
	if err != nil {
		return newcomer{}, usage("a user name of this machine, or a uid", "--as %q: %w", as, err)
	}
	return newcomer{uid, uid == 0}, nil
}

func (a *app) checkAddr(ctx context.Context, x *chain.Index, e fact.Endpoint, addr netip.Addr, who newcomer, o checkOptions) report.CheckOne {
	w := bindrule.Want{
		Proto: e.Proto, Local: netip.AddrPortFrom(addr, e.Port), ReusePort: o.reusePort, Exclusive: o.exclusive, UID: who.uid, Privileged: who.privileged,
		ReuseAddr: o.reuseAddr || x.Set.Machine.OS != "windows" && e.Proto == fact.TCP && !o.noReuse,
	}
	if o.v6only {
		w.V6Only = &o.v6only
	}
	for _, r := range x.Set.Ranges {
		if r.Kind == fact.SELinux && r.Holds(e.Proto, e.Port) {
			w.SELinuxType = r.Name
		}
	}
	one := report.CheckOne{Endpoint: e, Check: diagnose.CheckBind(x, w), Flags: flagWords(w, o), As: o.as}
	if !o.noProbe && o.as == "" && a.global.from == "" {
		one.Probe = a.try(ctx, x.Set, w, o, one.Check.NeedsListen())
	}
	return one
}

func flagWords(w bindrule.Want, o checkOptions) []string {
	var out []string
	for _, f := range [...]struct {
		on   bool
		word string
	}{{w.ReuseAddr, "SO_REUSEADDR"}, {w.ReusePort, "SO_REUSEPORT"}, {w.V6Only != nil && *w.V6Only, "IPV6_V6ONLY"}, {o.exclusive, "SO_EXCLUSIVEADDRUSE"}} {
		if f.on {
			out = append(out, f.word)
		}
	}
	return out
}

// try asks the kernel with exactly the wish's flags, where the facts are from.
// What was not tried is nil and a gap.
func (a *app) try(ctx context.Context, set *fact.Set, w bindrule.Want, o checkOptions, listen bool) *report.Probe {
	var r probe.Result
	err := a.within(ctx, func() error {
		r = probe.Try(ctx, probe.Request{
			Proto: w.Proto, Addr: w.Local, V6Only: w.V6Only, ReuseAddr: w.ReuseAddr, ReusePort: w.ReusePort, Exclusive: o.exclusive, Listen: listen,
		})
		return nil
	})
	if err != nil {
		r.Why = err.Error()
	}
	if !r.Ran {
		set.AddGaps(fact.Gap{Kind: fact.GapProbeSkipped, Subject: "a trial bind of " + w.Local.String(), Err: r.Why})
		return nil
	}
	return &report.Probe{OK: r.OK, Step: string(r.At), Errno: r.Failure.Name, Code: r.Failure.Errno, Words: r.Failure.Text}
}

// whyNot adds what who knows of the port, beyond the rules, and the ways out.
func (a *app) whyNot(c *report.Check, e fact.Endpoint) {
	ans := diagnose.Who(c.Index, diagnose.Question{Endpoint: e})
	for _, f := range ans.Findings {
		switch f.Rule {
		case diagnose.RuleFree, diagnose.RuleUnknown, diagnose.RuleTimeWait:
		default:
			c.Findings = append(c.Findings, f)
		}
	}
	for _, one := range c.Ones {
		if can, known := one.CanBind(); !can && known && one.Endpoint.Port == e.Port && len(one.Check.Holders) > 0 {
			c.Remedies = append(c.Remedies, remedy.Suggest(ans, c.Index)...)
			return
		}
	}
}

func (a *app) sayCheck(c report.Check) error {
	a.exit = c.Exit
	if a.global.json {
		return a.document(c.Document())
	}
	return a.text(c.WriteText)
}

// lookupUID reads a number, or finds a user name of this machine.
func lookupUID(as string) (uint32, error) {
	if n, err := strconv.ParseUint(as, 10, 32); err == nil {
		return uint32(n), nil
	}
	u, err := user.Lookup(as)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(u.Uid, 10, 32)
	return uint32(n), err
}
