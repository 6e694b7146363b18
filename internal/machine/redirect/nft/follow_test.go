package nft

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"net/netip"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/redirect/flow"
	"github.com/berthd/berth/internal/sys/netlink"
)

// recorded is what a Linux 6.18 told of rules that iptables-nft 1.8.9 and nft 1.0.6
// had made, beside the redirects in them. "go test -record" one room up writes it.
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

// Message types of nftables.
const newChain, newRule, newSet, newElements = 3, 6, 9, 12

// replay makes a kernel out of recorded messages.
func replay(b []byte) (k Kernel, chains []BaseChain) {
	rules := map[ChainKey][][]byte{}
	sets := map[SetKey]SetInfo{}
	elements := map[SetKey][]Element{}
	for {
		m, _, rest, ok := netlink.NextMessage(b)
		if !ok {
			break
		}
		if b = rest; len(m.Data) < 4 {
			continue
		}
		family, attrs := m.Data[0], m.Data[4:]
		one, two := text(find(attrs, 1)), text(find(attrs, 2))
		switch m.Type & 0xff {
		case newChain:
			if c, ok := DecodeChain(family, attrs); ok {
				chains = append(chains, c)
			}
		case newRule:
			key := ChainKey{family, one, two}
			rules[key] = append(rules[key], attrs)
		case newSet:
			sets[SetKey{family, one, two}] = DecodeSet(attrs)
		case newElements:
			key := SetKey{family, one, two}
			elements[key] = DecodeElements(elements[key], attrs)
		}
	}
	return Kernel{
		Rules:    func(c ChainKey) ([][]byte, error) { return rules[c], nil },
		Set:      func(s SetKey) (SetInfo, error) { return sets[s], nil },
		Elements: func(s SetKey) ([]Element, error) { return elements[s], nil },
		Device:   func(uint32) string { return "lo" },
	}, chains
}

func follow(b []byte, ports ...uint16) *flow.Search {
	s := flow.NewSearch(ports)
	k, chains := replay(b)
	for _, c := range chains {
		Follow(s, k, c)
	}
	return s
}

func TestRecordedRules(t *testing.T) {
	list := recorded(t)
	if len(list) < 40 {
		t.Errorf("only %d recordings", len(list))
	}
	for name, r := range list {
		s := follow(r.Kernel)
		if d := cmp.Diff(r.Redirects, s.Found, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); d != "" || s.Cut || s.Err != nil {
			t.Errorf("%s: %s %v %v", name, d, s.Cut, s.Err)
		}
	}
}

// Asked for one port, the same rules come out that take it.
func TestOnePortOfRecordedRules(t *testing.T) {
	for name, r := range recorded(t) {
		var want, got []string
		for _, x := range r.Redirects {
			if x.From <= 80 && 80 <= x.Last {
				want = append(want, x.Chain+x.To+x.Hook+string(x.Proto))
			}
		}
		for _, x := range follow(r.Kernel, 80).Found {
			got = append(got, x.Chain+x.To+x.Hook+string(x.Proto))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestUserComment(t *testing.T) {
	for in, want := range map[string]string{
		"\x00\x05mine\x00":             "mine",
		"\x01\x02xx\x00\x05mine\x00":   "mine",
		"\x01\x02xx":                   "",
		"\x00\xffmine":                 "",
		"\x00":                         "",
		"\x00\x00":                     "",
		"\x00\x04min\x00after the end": "min",
	} {
		if got := userComment([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
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
		for _, r := range follow(b, 80).Found {
			if !r.Takes(r.Proto, 80) {
				t.Errorf("not asked for: %+v", r)
			}
		}
	})
}
