package nextport_test

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/answer/remedy/nextport"
	"github.com/berthd/berth/internal/fact"
)

func listens(ports ...uint16) []fact.Socket {
	var out []fact.Socket
	for _, p := range ports {
		out = append(out, fact.Socket{Proto: fact.TCP, State: fact.Listen, Local: netip.AddrPortFrom(netip.IPv4Unspecified(), p)})
	}
	return out
}

func TestNext(t *testing.T) {
	for name, c := range map[string]struct {
		set      fact.Set
		from     uint16
		promised []uint16
		want     uint16
	}{
		"80":                      {fact.Set{}, 80, nil, 8080},
		"443":                     {fact.Set{}, 443, nil, 8443},
		"8080 listens":            {fact.Set{Sockets: listens(8080)}, 80, nil, 8081},
		"8080 elsewhere":          {fact.Set{Sockets: []fact.Socket{{Proto: fact.TCP, Netns: "netns:1", Local: netip.MustParseAddrPort("0.0.0.0:8080")}}}, 80, nil, 8080},
		"8080 of udp":             {fact.Set{Sockets: []fact.Socket{{Proto: fact.UDP, Local: netip.MustParseAddrPort("0.0.0.0:8080")}}}, 80, nil, 8080},
		"8080 is promised":        {fact.Set{}, 80, []uint16{8080, 8081}, 8000},
		"excluded":                {fact.Set{Ranges: []fact.Range{{Kind: fact.Excluded, From: 8000, To: 8099}}}, 80, nil, 8888},
		"excluded for udp":        {fact.Set{Ranges: []fact.Range{{Kind: fact.Excluded, Proto: fact.UDP, From: 8000, To: 8099}}}, 80, nil, 8080},
		"reserved":                {fact.Set{Ranges: []fact.Range{{Kind: fact.Reserved, From: 8080, To: 8080}}}, 80, nil, 8081},
		"ephemeral from 1024":     {fact.Set{Ranges: []fact.Range{{Kind: fact.Ephemeral, From: 1024, To: 8100}}}, 80, nil, 8888},
		"a rule takes it":         {fact.Set{Redirects: []fact.Redirect{{Proto: fact.TCP, From: 8080, Last: 8080}}}, 80, nil, 8081},
		"a container's book":      {fact.Set{Containers: []fact.Container{{Ports: []fact.PublishedPort{{Host: netip.MustParseAddrPort("0.0.0.0:8080")}}}}}, 80, nil, 8081},
		"a socket unit's":         {fact.Set{Units: []fact.Unit{{Listens: []fact.ListenOn{{Local: netip.MustParseAddrPort("0.0.0.0:8080")}}}}}, 80, nil, 8081},
		"registered":              {fact.Set{Registrations: []fact.Registration{{Port: 8080}}}, 80, nil, 8081},
		"another database":        {fact.Set{Sockets: listens(5432)}, 5432, nil, 5433},
		"browsers refuse 6000":    {fact.Set{Sockets: listens(5999)}, 5999, nil, 6001},
		"the range is above":      {fact.Set{Machine: fact.Machine{OS: "linux"}, Sockets: listens(32767)}, 32767, nil, 32766},
		"it is not so on Windows": {fact.Set{Machine: fact.Machine{OS: "windows"}, Sockets: listens(32767)}, 32767, nil, 32768},
	} {
		if got, ok := nextport.Next(&c.set, c.from, fact.TCP, c.promised); !ok || got != c.want {
			t.Errorf("%s: %d %v, want %d", name, got, ok, c.want)
		}
	}
	full := fact.Set{Ranges: []fact.Range{{Kind: fact.Ephemeral, From: 1, To: 65535}}}
	if got, ok := nextport.Next(&full, 80, fact.TCP, nil); ok {
		t.Errorf("nothing is left, and %d is handed out", got)
	}
}

func TestWhy(t *testing.T) {
	set := fact.Set{Sockets: listens(80), Registrations: []fact.Registration{{Port: 81}}, Ranges: []fact.Range{{Kind: fact.Excluded, From: 82, To: 82}, {Kind: fact.Ephemeral, From: 50000, To: 50001}, {Kind: fact.Reserved, From: 83, To: 83}}}
	for port, want := range map[uint16]string{80: "listening", 81: "taken", 82: "excluded", 83: "reserved", 84: "promised", 50000: "ephemeral", 6000: "unsafe", 8080: ""} {
		if got := nextport.Why(&set, port, fact.TCP, []uint16{84}); got != want {
			t.Errorf("%d: %q, want %q", port, got, want)
		}
	}
}
