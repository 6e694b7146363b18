// Package diag tells a Go program whose port it is, when its Listen failed.
//
//	ln, err := net.Listen("tcp", ":8080")
//	if err != nil {
//		log.Fatal(diag.Explain(err))
//	}
//
// prints the error and below it who has the port and what can be done, or the rule
// that refused the bind where nobody has it. [Who] and [Check] ask the same
// questions as `berth who` and `berth check`, and their reports are the same
// documents, of package api/v1.
//
// Everything runs in the calling process with its rights, nothing is changed and no
// traffic leaves the machine. Sockets (on Windows pipes) of systemd and of container
// engines are asked where they are open to the caller. No process is started, but on
// Windows, where the kernel has the port or nobody has it: then `netsh ... show` tells
// what no call does, and an answer takes a few hundred milliseconds.
//
// No privilege is needed to learn that a port is held. Naming another user's process
// needs root or CAP_SYS_PTRACE on Linux, root on macOS, and for its command line an
// administrator on Windows; what could not be seen is in the report's gaps. It never
// ran on a real Windows (only under Wine) or on a Mac; on other systems the report says
// that sockets cannot be read. Command lines come with their secrets hidden.
//
// All functions may be called from several goroutines at once.
package diag

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Report is the answer of [Who], as a document and as text. In JSON it is the
// document alone.
type Report struct {
	v1.Who
	text string
}

// String is the answer for people, of several lines, in UTF-8 without colour.
// Words that came from outside are made harmless in it.
func (r Report) String() string { return r.text }

// Who reports who holds endpoint, which is [ADDR:]PORT[/PROTO]: "80", "53/udp",
// "127.0.0.1:8080", "localhost:80". Without a protocol it looks at all of them. It
// blocks while the kernel is read, some milliseconds as a rule and longer on a
// machine of very many sockets, and ends early with ctx.
//
// Status in the report is "free", "held", "blocked", "redirected" or "unknown". The
// error is for an endpoint that is none, or that of ctx; what could not be seen is
// no error but in the report's Gaps.
func Who(ctx context.Context, endpoint string) (Report, error) {
	e, err := fact.ParseEndpoint(endpoint)
	if err != nil {
		return Report{}, err
	}
	set, err := collect(ctx, snapshot.Query{Ports: []uint16{e.Port}, Protos: e.Protos(), Addrs: e.Addrs, Owners: true, Context: true})
	if err != nil {
		return Report{}, err
	}
	return who(&set, e, nil), nil
}

func collect(ctx context.Context, q snapshot.Query) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	set, err := snapshot.Collect(ctx, q)
	set.Redact()
	return set, err
}

func who(set *fact.Set, e fact.Endpoint, nc *diagnose.Newcomer) Report {
	x := chain.NewIndex(set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: e, Newcomer: nc})
	w := report.Who{Answer: a, Index: x, Remedies: remedy.Suggest(a, x)}
	w.PortName, _ = catalog.PortName(e.Protos(fact.TCP)[0], e.Port)
	var b strings.Builder
	_ = w.WriteText(&b, layout.Style{UTF8: true}) // a builder takes everything
	return Report{w.Document(), b.String()}
}

// CheckReport is the answer of [Check], as a document and as text. In JSON it is
// the document alone.
type CheckReport struct {
	v1.Check
	text string
}

// String is the answer for people, as [Report.String] is.
func (r CheckReport) String() string { return r.text }

// Check reports by rule whether the calling process could bind endpoint as Go's net
// package does: with SO_REUSEADDR for TCP on Unix, without any flag for UDP and on
// Windows. Without a protocol it judges TCP; without an address the IPv4 and the
// IPv6 wildcard, the latter where the machine has IPv6.
//
// It tries nothing: the caller's own Listen is the trial. Exit in the report is 0
// where every address could be bound, 1 where one could not, and 3 where only a
// trial would tell, as on systems whose bind rules berth does not know. Blocking
// and errors are those of [Who].
func Check(ctx context.Context, endpoint string) (CheckReport, error) {
	e, err := fact.ParseEndpoint(endpoint)
	if err != nil {
		return CheckReport{}, err
	}
	if e.Proto == "" {
		e.Proto = fact.TCP
	}
	set, err := collect(ctx, everyState(e))
	if err != nil {
		return CheckReport{}, err
	}
	return check(&set, e, addresses(&set, e), nil), nil
}

// everyState is the query for all that can refuse a bind.
func everyState(e fact.Endpoint) snapshot.Query {
	return snapshot.Query{Ports: []uint16{e.Port}, Owners: true, Context: true, AllStates: true, Flags: true}
}

func addresses(set *fact.Set, e fact.Endpoint) []netip.Addr {
	switch l := set.Machine.Linux; {
	case len(e.Addrs) > 0:
		return e.Addrs
	case l != nil && l.NoIPv6:
		return []netip.Addr{netip.IPv4Unspecified()}
	}
	return []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
}

// check judges the addresses; met is what the system said of them, where that is known.
func check(set *fact.Set, e fact.Endpoint, addrs []netip.Addr, met *report.Probe) CheckReport {
	x := chain.NewIndex(set)
	c := report.Check{Index: x}
	for _, a := range addrs {
		w := want(set, e, a)
		one := report.CheckOne{Endpoint: e, Check: diagnose.CheckBind(x, w), Probe: met}
		if w.ReuseAddr {
			one.Flags = []string{"SO_REUSEADDR"}
		}
		switch can, known := one.CanBind(); {
		case known && !can:
			c.Exit = 1
		case !known && c.Exit == 0:
			c.Exit = 3
		}
		c.Ones = append(c.Ones, one)
	}
	var b strings.Builder
	_ = c.WriteText(&b, layout.Style{UTF8: true})
	return CheckReport{c.Document(), b.String()}
}

const capNetBindService = 10

func want(set *fact.Set, e fact.Endpoint, a netip.Addr) bindrule.Want {
	w := bindrule.Want{Proto: e.Proto, Local: netip.AddrPortFrom(a, e.Port), Privileged: true,
		ReuseAddr: e.Proto == fact.TCP && set.Machine.OS != "windows"}
	if k := set.Machine.Asker; k != nil {
		w.UID, w.Privileged = k.UID, k.CapEff&(1<<capNetBindService) != 0 || set.Machine.OS != "linux"
	}
	for _, r := range set.Ranges {
		if r.Kind == fact.SELinux && r.Holds(e.Proto, e.Port) {
			w.SELinuxType = r.Name
		}
	}
	return w
}

var _, _ fmt.Stringer = Report{}, CheckReport{}
