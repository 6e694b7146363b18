package diagnose_test

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

func ask(t *testing.T, set fact.Set, endpoint string) diagnose.Answer {
	t.Helper()
	e, err := fact.ParseEndpoint(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: e})
}

func listener(local string, v6only *bool) fact.Socket {
	at := netip.MustParseAddrPort(local)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, 7), Proto: fact.TCP, Local: at, State: fact.Listen,
		Linux: &fact.LinuxSocket{Inode: 7, V6Only: v6only}}
}

func TestStatusAtAnAddress(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		ask, local string
		only       *bool
		want       diagnose.Status
	}{
		{"[::1]:80", "[::]:80", &no, diagnose.Held},
		{"[::1]:80", "0.0.0.0:80", nil, diagnose.Free},
		{"127.0.0.1:80", "[::]:80", &no, diagnose.Held},
		{"127.0.0.1:80", "[::]:80", &yes, diagnose.Free},
		{"localhost:80", "0.0.0.0:80", nil, diagnose.Held},
		{"0.0.0.0:80", "[::1]:80", nil, diagnose.Free},
	} {
		got := ask(t, fact.Set{Sockets: []fact.Socket{listener(c.local, c.only)}}, c.ask).Status
		if got != c.want {
			t.Errorf("%s, with a listener at %s: %s", c.ask, c.local, got)
		}
	}
}

func TestStatusUnderNAT(t *testing.T) {
	machine := fact.Machine{Addrs: []fact.Addr{
		{Prefix: netip.MustParsePrefix("127.0.0.1/8")}, {Prefix: netip.MustParsePrefix("10.5.0.1/24")}, {Prefix: netip.MustParsePrefix("::1/128")},
	}}
	rule := func(hook, dst, except string) fact.Redirect {
		r := fact.Redirect{ID: "redirect:1", Kind: "dnat", Proto: fact.TCP, From: 443, Last: 443, To: "10.9.0.1:6443", Hook: hook}
		if dst != "" {
			r.Dst = netip.MustParsePrefix(dst)
		}
		if except != "" {
			r.Except = []netip.Prefix{netip.MustParsePrefix(except)}
		}
		return r
	}
	for _, c := range []struct {
		why, ask string
		rule     fact.Redirect
		want     diagnose.Status
	}{
		{"any address", "443", rule("prerouting", "", ""), diagnose.Redirected},
		{"an address of this machine", "443", rule("prerouting", "10.5.0.1/32", ""), diagnose.Redirected},
		{"an address of a cluster", "443", rule("prerouting", "10.96.0.1/32", ""), diagnose.Free},
		{"a loopback address", "443", rule("output", "127.0.0.5/32", ""), diagnose.Redirected},
		{"one family", "443", rule("prerouting", "0.0.0.0/0", ""), diagnose.Redirected},
		{"the other family", "[::]:443", rule("prerouting", "0.0.0.0/0", ""), diagnose.Redirected},
		{"the other family alone", "[::1]:443", rule("output", "0.0.0.0/0", ""), diagnose.Free},
		{"the address asked for", "10.5.0.1:443", rule("prerouting", "", ""), diagnose.Redirected},
		{"another address", "10.5.0.1:443", rule("prerouting", "10.5.0.2/32", ""), diagnose.Free},
		{"what this machine sends itself", "127.0.0.1:443", rule("output", "", ""), diagnose.Redirected},
		{"loopback excepted", "127.0.0.1:443", rule("output", "", "127.0.0.0/8"), diagnose.Free},
		{"loopback never comes in", "127.0.0.1:443", rule("prerouting", "", ""), diagnose.Free},
	} {
		if got := ask(t, fact.Set{Machine: machine, Redirects: []fact.Redirect{c.rule}}, c.ask).Status; got != c.want {
			t.Errorf("%s, asked for %s: %s, want %s", c.why, c.ask, got, c.want)
		}
	}
	unknown := fact.Set{Redirects: []fact.Redirect{rule("prerouting", "10.5.0.1/32", "")}}
	if got := ask(t, unknown, "443").Status; got != diagnose.Redirected {
		t.Errorf("a machine whose addresses are unknown: %s", got)
	}
}

// The overview tells what is wrong, by port, and nothing that is well.
func TestOverview(t *testing.T) {
	set := served()
	if got := diagnose.Overview(chain.NewIndex(&set)); len(got) != 0 {
		t.Errorf("a machine that is well: %v", got)
	}
	set.Processes[0].State = "stopped"
	if got := diagnose.Overview(chain.NewIndex(&set)); len(got) != 1 || got[0].Port != 80 || got[0].Rule != diagnose.RuleStopped {
		t.Errorf("%v", got)
	}
}
