package report_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report"
	"github.com/berthd/berth/internal/talk/report/layout"
)

// check judges addresses on a machine with a listener at each of taken.
func check(t *testing.T, wanted []string, taken ...string) report.Check {
	t.Helper()
	set := &fact.Set{Machine: fact.Machine{OS: "linux"}}
	for i, at := range taken {
		local := netip.MustParseAddrPort(at)
		k := fact.Socket{ID: fact.SocketID(fact.TCP, local, netip.AddrPort{}, uint64(i+1)), Proto: fact.TCP, Local: local, State: fact.Listen,
			Linux: &fact.LinuxSocket{Inode: uint64(i + 1), V6Only: new(bool)}}
		p := fact.Process{ID: fact.ProcessID(10+i, 1), PID: 10 + i, Name: "web"}
		set.Sockets, set.Processes = append(set.Sockets, k), append(set.Processes, p)
		set.Links = append(set.Links, fact.Link{From: k.ID, To: p.ID, Kind: fact.HeldBy})
	}
	c := report.Check{Index: chain.NewIndex(set)}
	for _, at := range wanted {
		local := netip.MustParseAddrPort(at)
		c.Ones = append(c.Ones, report.CheckOne{Endpoint: fact.Endpoint{Port: local.Port()},
			Check: diagnose.CheckBind(c.Index, bindrule.Want{Proto: fact.TCP, Local: local, ReuseAddr: true, Privileged: true})})
	}
	return c
}

func text(t *testing.T, c report.Check) string {
	t.Helper()
	var b strings.Builder
	if err := c.WriteText(&b, layout.Style{UTF8: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Addresses that differ in nothing else have one answer; others have their own.
func TestCheckSaysItOnce(t *testing.T) {
	both := []string{"0.0.0.0:80", "[::]:80"}
	for _, c := range []struct {
		name  string
		taken []string
		want  []string
	}{
		{"free", nil, []string{"TCP 0.0.0.0:80 and [::]:80: yes, you can bind them."}},
		{"one holder of both", []string{"[::]:80"}, []string{"TCP 0.0.0.0:80 and [::]:80: no, you cannot bind them (EADDRINUSE from bind): web (PID 10) has [::]:80."}},
		{"a holder of one", []string{"[::1]:80"}, []string{"TCP 0.0.0.0:80: yes, you can bind it.", "TCP [::]:80: no, you cannot bind it (EADDRINUSE from bind): web (PID 10) has [::1]:80."}},
	} {
		got := text(t, check(t, both, c.taken...))
		var answers []string
		for line := range strings.Lines(got) {
			if strings.HasPrefix(line, "TCP ") {
				answers = append(answers, strings.TrimSuffix(line, "\n"))
			}
		}
		if strings.Join(answers, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s:\n%s", c.name, got)
		}
	}
}

// In a document each address has its own answer all the same.
func TestCheckDocumentHasEachAddress(t *testing.T) {
	doc := check(t, []string{"0.0.0.0:80", "[::]:80"}, "[::]:80").Document()
	if len(doc.Checks) != 2 || doc.Checks[0].Address != "0.0.0.0" || doc.Checks[1].Address != "::" {
		t.Fatalf("%+v", doc.Checks)
	}
	for _, c := range doc.Checks {
		if c.CanBind == nil || *c.CanBind || len(c.Verdicts) == 0 || strings.Contains(c.Answer, " and ") {
			t.Errorf("%+v", c)
		}
	}
}

func TestCheckForSomebodyElse(t *testing.T) {
	c := check(t, []string{"0.0.0.0:8080"})
	c.Ones[0].As = "www-data\x1b"
	if got := text(t, c); !strings.HasPrefix(got, `TCP 0.0.0.0:8080: yes, user www-data\x1b can bind it.`) {
		t.Error(got)
	}
}

func TestCheckTellsWhatTheKernelSaid(t *testing.T) {
	refused := &report.Probe{Step: "bind", Errno: "EADDRINUSE", Code: 98, Words: "address already in use"}
	for _, c := range []struct {
		taken []string
		probe *report.Probe
		want  string
	}{
		{nil, nil, "By rule alone"},
		{nil, &report.Probe{OK: true}, "The kernel agrees: a trial bind went through"},
		{nil, refused, "no rule that berth knows explains it"},
		{[]string{"0.0.0.0:80"}, refused, "The kernel agrees: bind said EADDRINUSE (98, address already in use)."},
		{[]string{"0.0.0.0:80"}, &report.Probe{OK: true}, "is no obstacle"},
	} {
		k := check(t, []string{"0.0.0.0:80"}, c.taken...)
		k.Ones[0].Probe = c.probe
		if got := text(t, k); !strings.Contains(got, c.want) {
			t.Errorf("%q is not in\n%s", c.want, got)
		}
	}
}
