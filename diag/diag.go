// Package diag tells a Go program whose port it is, when its Listen failed.
//
//	ln, err := net.Listen("tcp", ":8080")
//	if err != nil {
//		log.Fatal(diag.Explain(err))
//	}
//
// prints the error with the holder of the port, the rule that refused the bind
// and what can be done. [Who] and [Check] ask the same questions as `berth who`
// and `berth check`.
//
// Everything runs in the calling process with its rights; no process is started,
// nothing is changed and nothing is sent. On Linux no privilege is needed to learn
// that a port is held; naming another user's process needs root or
// CAP_SYS_PTRACE, and what could not be seen is in the report's gaps. Windows and
// macOS have no readers yet: there the report is a gap.
package diag

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// Report is the answer to one question, as a document and as text.
type Report struct {
	v1.Who
	text string
}

// String is the answer for people, of several lines, in UTF-8 without colour.
// Words that came from outside are made harmless in it.
func (r Report) String() string { return r.text }

// Who reports who holds endpoint, which is [ADDR:]PORT[/PROTO]: "80", "53/udp",
// "127.0.0.1:8080". It blocks for the reads of the kernel, some milliseconds as a
// rule, and ends early with ctx. The error is for an endpoint that is none, or a
// context that ended; what could not be seen is in the report's Gaps.
func Who(ctx context.Context, endpoint string) (Report, error) {
	e, err := fact.ParseEndpoint(endpoint)
	if err != nil {
		return Report{}, err
	}
	return who(ctx, e, nil)
}

func who(ctx context.Context, e fact.Endpoint, nc *diagnose.Newcomer) (Report, error) {
	set, err := snapshot.Collect(ctx, snapshot.Query{Ports: []uint16{e.Port}, Protos: e.Protos(), Addrs: e.Addrs, Owners: true, Context: true})
	if err != nil {
		return Report{}, err
	}
	set.Redact()
	x := diagnose.NewIndex(&set)
	a := x.Who(diagnose.Question{Endpoint: e, Newcomer: nc})
	w := report.Who{Answer: a, Index: x, Remedies: remedy.Suggest(a, x)}
	var b strings.Builder
	if err := w.WriteText(&b, layout.Style{UTF8: true}); err != nil {
		return Report{}, err
	}
	return Report{w.Document(), b.String()}, nil
}

// CheckReport is the answer of [Check].
type CheckReport struct {
	v1.Check
	text string
}

// String is the answer for people, as [Report.String] is.
func (r CheckReport) String() string { return r.text }

// Check reports by rule whether the calling process could bind endpoint with
// SO_REUSEADDR, as net.Listen does on Unix. Without an address it judges the
// IPv4 and the IPv6 wildcard. It tries nothing: the caller's own Listen is the
// trial. Blocking and errors are those of [Who].
func Check(ctx context.Context, endpoint string) (CheckReport, error) {
	e, err := fact.ParseEndpoint(endpoint)
	if err != nil {
		return CheckReport{}, err
	}
	if e.Proto == "" {
		e.Proto = fact.TCP
	}
	set, err := snapshot.Collect(ctx, snapshot.Query{Ports: []uint16{e.Port}, Owners: true, Context: true, AllStates: true, Flags: true})
	if err != nil {
		return CheckReport{}, err
	}
	set.Redact()
	return check(&set, e)
}

func check(set *fact.Set, e fact.Endpoint) (CheckReport, error) {
	x := diagnose.NewIndex(set)
	c := report.Check{Index: x}
	addrs := e.Addrs
	if len(addrs) == 0 {
		addrs = []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}
	}
	for _, a := range addrs {
		one := report.CheckOne{Endpoint: e, Check: x.Check(want(set, e, a)), Flags: []string{"SO_REUSEADDR"}}
		if can, known := one.CanBind(); known && !can {
			c.Exit = 1
		}
		c.Ones = append(c.Ones, one)
	}
	var b strings.Builder
	if err := c.WriteText(&b, layout.Style{UTF8: true}); err != nil {
		return CheckReport{}, err
	}
	return CheckReport{c.Document(), b.String()}, nil
}

const capNetBindService = 10

// explainTime bounds Explain.
const explainTime = time.Second

func want(set *fact.Set, e fact.Endpoint, a netip.Addr) bindrule.Want {
	w := bindrule.Want{Proto: e.Proto, Local: netip.AddrPortFrom(a, e.Port), ReuseAddr: e.Proto == fact.TCP, Privileged: true}
	if k := set.Machine.Asker; k != nil {
		w.UID, w.Privileged = k.UID, k.CapEff&(1<<capNetBindService) != 0
	}
	return w
}

// Explained is a failed Listen with the holder of the port.
type Explained struct {
	Err    error  // as it was given to Explain
	Report Report // who has the port
}

// Error is the original error's text and, on the lines after it, the report.
func (e *Explained) Error() string { return e.Err.Error() + "\n\n" + e.Report.String() }

// Unwrap returns the original error.
func (e *Explained) Unwrap() error { return e.Err }

// Explain adds to err, the error of net.Listen, net.ListenPacket or their like,
// who has the port. It returns an [*Explained] that wraps err, or err itself where
// it names no local endpoint or the machine could not be read; nil stays nil. It
// blocks as [Who] does, for as long as a second at most.
func Explain(err error) error {
	e, ok := refused(err)
	if !ok {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), explainTime)
	defer stop()
	r, werr := who(ctx, e, self())
	if werr != nil {
		return err
	}
	return &Explained{err, r}
}

// refused finds the local endpoint that a failed Listen asked for.
func refused(err error) (fact.Endpoint, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "listen" || op.Addr == nil {
		return fact.Endpoint{}, false
	}
	at, perr := netip.ParseAddrPort(fullAddr(op.Addr.String()))
	if perr != nil || at.Port() == 0 {
		return fact.Endpoint{}, false
	}
	e := fact.Endpoint{Port: at.Port(), Proto: fact.TCP}
	if strings.HasPrefix(op.Net, "udp") {
		e.Proto = fact.UDP
	}
	if a := at.Addr(); !a.IsUnspecified() {
		e.Host, e.Addrs = a.String(), []netip.Addr{a}
	}
	return e, true
}

// fullAddr gives ":80", as the net package writes any address, the wildcard.
func fullAddr(s string) string {
	if strings.HasPrefix(s, ":") {
		return "0.0.0.0" + s
	}
	return s
}

// self is the calling program as the newcomer.
func self() *diagnose.Newcomer {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	nc := &diagnose.Newcomer{Exe: exe, Args: os.Args, PID: os.Getpid()}
	if wd, err := os.Getwd(); err == nil {
		nc.Cwd = wd
	}
	return nc
}

var _ fmt.Stringer = Report{}
