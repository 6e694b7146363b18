package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/sys/bpfiter"
)

// Ports of the two owners. The namespace is the measurement's own.
const (
	servicePort = "80"
	crowdPort   = "81"
	serviceName = "berth-bench.service"
)

// bench is one measurement.
type bench struct {
	o             options
	programs      programs
	place         *place
	service       *owner // alone in the cgroup of a service
	crowd         *owner // in the root cgroup, with everybody else
	noBPF         error  // why the kernel's iterator is not permitted here
	left          []string
	out, talk     io.Writer
	results       []result
	whoService    *contender
	whoCrowd      *contender
	whoCrowdWalk  *contender
	bare, version *contender
	ls, ssAll     *contender
	peers         []*contender
}

// result is what one load gave.
type result struct {
	procs       int
	short, long *contest
}

func diagnose(ctx context.Context, o options, out io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("needs root: namespaces, control groups, other users' descriptors")
	}
	dir, err := os.MkdirTemp("", "berth-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{o: o, out: out, talk: os.Stderr}
	fmt.Fprintln(b.talk, "building")
	if b.programs, err = build(ctx, dir); err != nil {
		return err
	}
	if b.place, err = newPlace(); err != nil {
		return err
	}
	if err := b.owners(ctx); err != nil {
		return err
	}
	defer b.service.end()
	defer b.crowd.end()
	if err := b.permitted(ctx); err != nil {
		return err
	}
	b.contenders()
	b.head()
	for _, n := range o.procs {
		if err := b.load(ctx, n); err != nil {
			return err
		}
	}
	b.curve()
	return b.foot()
}

func (b *bench) owners(ctx context.Context) (err error) {
	if b.service, err = b.place.newOwner(ctx, servicePort, "/system.slice/"+serviceName); err != nil {
		return err
	}
	if b.crowd, err = b.place.newOwner(ctx, crowdPort, "/"); err != nil {
		b.service.end()
	}
	return err
}

// permitted finds out whether the kernel's iterator over descriptors may be used
// by the strong thread, and sees that the weak one may not.
func (b *bench) permitted(ctx context.Context) error {
	nobody := []uint64{1<<62 + 7}
	on(b.place.strong, func() { _, b.noBPF = bpfiter.Scan(ctx, nobody) })
	var err error
	on(b.place.weak, func() { _, err = bpfiter.Scan(ctx, nobody) })
	if err == nil {
		return errors.New("the iterator over descriptors is open to those without rights, so the walk cannot be measured")
	}
	if b.noBPF != nil {
		b.leave("BPF, which is not permitted here: " + b.noBPF.Error())
	}
	return nil
}

// leave says loudly what is not measured.
func (b *bench) leave(what string) {
	fmt.Fprintln(b.talk, "LEFT OUT:", what)
	b.left = append(b.left, what)
}

func (b *bench) contenders() {
	berth, service, crowd := b.programs.berth, []string{b.service.pid}, []string{b.crowd.pid}
	both := []string{b.service.pid, b.crowd.pid}
	b.whoService = &contender{name: "berth who, service", argv: []string{berth, "who", servicePort}, says: append(service, serviceName)}
	b.whoCrowd = &contender{name: "berth who, one cgroup, BPF", argv: []string{berth, "who", crowdPort}, says: crowd}
	b.whoCrowdWalk = &contender{name: "berth who, one cgroup, walk", argv: []string{berth, "who", crowdPort}, says: crowd, weak: true}
	b.bare = &contender{name: "bare dump", argv: []string{b.programs.baredump, servicePort}, says: []string{"1"}}
	b.version = &contender{name: "berth version", argv: []string{berth, "version"}}
	b.ls = &contender{name: "berth ls", argv: []string{berth, "ls"}, says: both}
	for _, argv := range [][]string{
		{"ss", "-ltnp", "sport = :" + servicePort},
		{"lsof", "-nP", "-iTCP:" + servicePort, "-sTCP:LISTEN"},
		{"fuser", servicePort + "/tcp"},
		{"netstat", "-ltnp"},
	} {
		path := find(argv[0])
		if path == "" {
			b.leave(argv[0] + ", which is not installed")
			continue
		}
		name := strings.Join(argv, " ")
		b.peers = append(b.peers, &contender{name: name, argv: append([]string{path}, argv[1:]...), says: service, peer: true})
	}
	if ss := find("ss"); ss != "" {
		b.ssAll = &contender{name: "ss -ltnp", argv: []string{ss, "-ltnp"}, says: both}
	}
}

// load makes one load, measures under it and ends it.
func (b *bench) load(ctx context.Context, procs int) error {
	fmt.Fprintf(b.talk, "load: %d processes with %d descriptors, %d sockets\n", procs, b.o.fds, b.o.sockets)
	c, line, err := b.place.start(ctx, nil, b.programs.loadgen, "-procs", strconv.Itoa(procs), "-fds", strconv.Itoa(b.o.fds),
		"-sockets", strconv.Itoa(b.o.sockets), "-for", b.o.limit.String())
	if err != nil {
		return err
	}
	defer c.end()
	if !strings.HasPrefix(line, "ready ") {
		return errors.Join(ctx.Err(), fmt.Errorf("the load did not start: %q", line))
	}
	b.loadHead(procs)
	r := result{procs: procs}
	if r.short, err = b.contest(ctx, b.o.pairs, b.whoService, b.bare, b.version); err != nil {
		return err
	}
	if r.long, err = b.contest(ctx, b.o.rounds, b.everybody()...); err != nil {
		return err
	}
	b.results = append(b.results, r)
	b.tables(r, procs)
	if b.o.nat > 0 && procs == b.natAt() {
		return b.withRules(ctx, procs)
	}
	return ctx.Err()
}

func (b *bench) everybody() []*contender {
	all := []*contender{b.whoService, b.whoCrowdWalk, b.ls}
	if b.noBPF == nil {
		all = append(all, b.whoCrowd)
	}
	if b.ssAll != nil {
		all = append(all, b.ssAll)
	}
	return append(all, b.peers...)
}

func (b *bench) contest(ctx context.Context, rounds int, all ...*contender) (*contest, error) {
	c, err := newContest(ctx, b.place, all...)
	if err != nil {
		return nil, err
	}
	for _, f := range c.failed {
		b.leave(f)
	}
	return c, c.rounds(ctx, b.place, rounds, b.talk)
}

// natAt is the load under which NAT rules are added: the first that is as large as
// the goals want, or else the last.
func (b *bench) natAt() int {
	for _, n := range b.o.procs {
		if n >= goalProcs {
			return n
		}
	}
	return b.o.procs[len(b.o.procs)-1]
}

// withRules measures once more with NAT rules in the namespace.
func (b *bench) withRules(ctx context.Context, procs int) error {
	nft := find("nft")
	if nft == "" {
		b.leave("NAT rules: nft is not installed")
		return nil
	}
	var text strings.Builder
	text.WriteString("table ip berth-bench {\nchain prerouting {\ntype nat hook prerouting priority -100;\n")
	for i := range b.o.nat {
		fmt.Fprintf(&text, "tcp dport %d dnat to 127.0.0.1:%d\n", 20000+i, 30000+i)
	}
	text.WriteString("}\n}\n")
	if err := b.place.feed(ctx, text.String(), nft, "-f", "-"); err != nil {
		b.leave("NAT rules: " + err.Error())
		return ctx.Err()
	}
	fmt.Fprintf(b.talk, "with %d NAT rules\n", b.o.nat)
	short, err := b.contest(ctx, b.o.pairs, b.whoService, b.bare)
	if err != nil {
		return err
	}
	long, err := b.contest(ctx, b.o.rounds, b.everybody()...)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\n### The same with %d NAT rules in the namespace\n", b.o.nat)
	b.tables(result{procs: procs, short: short, long: long}, procs)
	return b.place.feed(ctx, "delete table ip berth-bench\n", nft, "-f", "-")
}
