package xt

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect/flow"
)

// recorded is what a Linux 6.18 told of rules that iptables-legacy 1.8.9 had made,
// beside the redirects in them. "go test -record" one room up writes it.
func recorded(t testing.TB) (list map[string]struct {
	Kernel    []byte
	Redirects []fact.Redirect
}) {
	b, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

const headSize = 16

// follow reads tables one after the other: family and name in 16 bytes, what the
// kernel says of the table, its entries.
func follow(b []byte, ports ...uint16) *flow.Search {
	s := flow.NewSearch(ports)
	for len(b) > headSize+InfoSize {
		table := Table{Layout: IPv4()}
		if b[0] == '6' {
			table.Layout = IPv6()
		}
		table.Name = string(bytes.TrimRight(b[1:headSize], "\x00"))
		info, ok := DecodeInfo(b[headSize:])
		if !ok {
			return s
		}
		b = b[headSize+InfoSize:]
		table.Info, table.Entries = info, b[:min(info.Size, len(b))]
		b = b[len(table.Entries):]
		table.Follow(s)
	}
	return s
}

func TestRecordedTables(t *testing.T) {
	list := recorded(t)
	if len(list) < 20 {
		t.Errorf("only %d recordings", len(list))
	}
	for name, r := range list {
		s := follow(r.Kernel)
		if d := cmp.Diff(r.Redirects, s.Found, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" || s.Cut {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestDecodeInfoCutShort(t *testing.T) {
	if _, ok := DecodeInfo(make([]byte, InfoSize-1)); ok {
		t.Error("read past the end")
	}
	if _, ok := DecodeInfo(make([]byte, InfoSize)); !ok {
		t.Error("an empty table is a table")
	}
}

func FuzzFollow(f *testing.F) {
	for _, r := range recorded(f) {
		f.Add(r.Kernel)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range []*flow.Search{follow(b), follow(b, 80)} {
			for _, r := range s.Found {
				if r.From > r.Last || r.Hook == "" || r.ID == "" {
					t.Errorf("%+v", r)
				}
			}
		}
	})
}

// FuzzMatch hands every match and target bytes that no kernel checked.
func FuzzMatch(f *testing.F) {
	f.Add("tcp", uint32(0), []byte{0, 0, 255, 255, 80, 0, 80, 0, 0, 0, 0, 0})
	f.Add("multiport", uint32(1), make([]byte, 48))
	f.Add("addrtype", uint32(1), make([]byte, 8))
	f.Add("sctp", uint32(0), make([]byte, 292))
	f.Add("DNAT", uint32(2), make([]byte, 44))
	f.Add("REDIRECT", uint32(0), make([]byte, 24))
	f.Add("TPROXY", uint32(1), make([]byte, 26))
	f.Fuzz(func(t *testing.T, name string, rev uint32, b []byte) {
		traffic := flow.NewSearch(nil).Start(flow.Prerouting)
		Match([]byte(name), rev, b, &traffic)
		if g, ok := TargetOf(name, rev, b); ok && g.Kind == "" {
			t.Errorf("%s without a kind", name)
		}
	})
}
