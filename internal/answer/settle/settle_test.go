package settle

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/lookalike"
	"github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

func gap(subject, hint string) fact.Gap {
	return fact.Gap{Kind: fact.GapNotInPaste, Subject: subject, Hint: hint}
}

func TestSteps(t *testing.T) {
	got := Steps([]fact.Gap{
		gap("name of PID 812", `tasklist /svc /fi "pid eq 812"`), {Kind: fact.GapPermission, Hint: "run as root"}, gap("the socket table", ""),
		gap("registrations behind 0.0.0.0:80", "netsh http show servicestate view=requestq"), gap("registrations behind [::]:80", "netsh http show servicestate view=requestq"),
		gap("registrations behind [::]:80", "netsh http show servicestate view=requestq"),
	})
	want := []Step{
		{"netsh http show servicestate view=requestq", []string{"registrations behind 0.0.0.0:80", "registrations behind [::]:80"}},
		{`tasklist /svc /fi "pid eq 812"`, []string{"name of PID 812"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := Steps(nil); got != nil {
		t.Errorf("%v out of nothing", got)
	}
}

// The way from an error text to the owner, one command after the other.
func TestOneAfterTheOther(t *testing.T) {
	refused := func(text string) []refusal.Refusal {
		return refusal.Read("", []refusal.Line{{Text: text, Where: "line 1"}})
	}
	listed := func(local string) fact.Socket {
		return fact.Socket{Proto: fact.TCP, Local: netip.MustParseAddrPort(local), State: fact.Listen}
	}
	windows := fact.Machine{OS: "windows"}
	const forbidden = "bind() to 0.0.0.0:80 failed (10013: x)"
	for _, c := range []struct {
		name string
		set  fact.Set
		said []refusal.Refusal
		want string
	}{
		{"an error text", fact.Set{}, refused(forbidden), "netstat -ano | findstr :80"},
		{"and a listing without the port", fact.Set{Machine: windows, Sockets: []fact.Socket{listed("0.0.0.0:81")}}, refused(forbidden), "netsh int ipv4 show excludedportrange protocol=tcp"},
		{"and the ranges, none of which has it", fact.Set{Machine: windows, Sockets: []fact.Socket{listed("0.0.0.0:81")}, Ranges: []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: 5000, To: 5099}}},
			refused(forbidden), "netsh winsock show catalog"},
		{"and the ranges, one of which has it", fact.Set{Machine: windows, Sockets: []fact.Socket{listed("0.0.0.0:81")}, Ranges: []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: 80, To: 80}}},
			refused(forbidden), ""},
		{"the ranges alone, one of which has it", fact.Set{Machine: windows, Ranges: []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: 80, To: 80}}}, refused(forbidden), ""},
		{"a URL of somebody else's", fact.Set{}, refused("HttpListenerException (183): Failed to listen on prefix 'http://+:80/x/'"), "netsh http show servicestate view=requestq"},
		{"and who registered it", fact.Set{Machine: windows, Registrations: []fact.Registration{{ID: "url:x", Port: 80}}}, refused("HttpListenerException (183): Failed to listen on prefix 'http://+:80/x/'"), ""},
		{"no right to a URL", fact.Set{}, refused("HttpListenerException (5): Failed to listen on prefix 'http://+:80/x/'"), "netsh http show urlacl"},
		{"and the reservations", fact.Set{Machine: windows, Reservations: []fact.Reservation{{ID: "urlacl:x", Port: 80}}}, refused("HttpListenerException (5): Failed to listen on prefix 'http://+:80/x/'"), ""},
	} {
		var got string
		if steps := Steps(Open(&c.set, []uint16{80}, c.said, nil)); len(steps) > 0 {
			got = steps[0].Command
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A look-alike has its own question; who has which port is none of it.
func TestLookalikeAlone(t *testing.T) {
	found := []lookalike.Found{{ID: lookalike.DockerChain}}
	steps := Steps(Open(&fact.Set{}, nil, nil, found))
	if len(steps) != 1 || steps[0].Command != "sudo iptables -t nat -n -L DOCKER" {
		t.Errorf("%v", steps)
	}
	steps = Steps(Open(&fact.Set{}, []uint16{80}, refusal.Read("linux", []refusal.Line{{Text: "listen tcp :80: bind: address already in use"}}), found))
	if len(steps) != 2 || steps[0].Command != "sudo ss -ltnp 'sport = :80'" {
		t.Errorf("%v", steps)
	}
}
