package portrange

import (
	"context"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

func TestRead(t *testing.T) {
	root := testbed.Tree(t, map[string]string{
		sysctl + "ip_local_port_range":        "32768\t60999\n",
		sysctl + "ip_local_reserved_ports":    "8080,9148-9150\n",
		sysctl + "ip_unprivileged_port_start": "1024\n",
	})
	got := readFrom(root)
	want := fact.Set{Ranges: []fact.Range{
		{Kind: fact.Ephemeral, From: 32768, To: 60999, Evidence: "net.ipv4.ip_local_port_range"},
		{Kind: fact.Reserved, From: 8080, To: 8080, Evidence: "net.ipv4.ip_local_reserved_ports"},
		{Kind: fact.Reserved, From: 9148, To: 9150, Evidence: "net.ipv4.ip_local_reserved_ports"},
		{Kind: fact.Privileged, From: 1, To: 1023, Evidence: "net.ipv4.ip_unprivileged_port_start"},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReadWithoutPrivilegedRange(t *testing.T) {
	got := readFrom(testbed.Tree(t, map[string]string{
		sysctl + "ip_local_port_range":        "1024 65535\n",
		sysctl + "ip_local_reserved_ports":    "\n",
		sysctl + "ip_unprivileged_port_start": "0\n",
		"sys/fs/selinux/enforce":              "1",
	}))
	if len(got.Ranges) != 1 || got.Ranges[0].From != 1024 {
		t.Errorf("ranges %+v", got.Ranges)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapSELinux {
		t.Errorf("gaps %+v", got.Gaps)
	}
}

func TestReadOddSettings(t *testing.T) {
	got := readFrom(testbed.Tree(t, map[string]string{
		sysctl + "ip_local_port_range":     "60999 32768\n",
		sysctl + "ip_local_reserved_ports": "80,x\n",
	}))
	kinds := map[fact.GapKind]int{}
	for _, g := range got.Gaps {
		kinds[g.Kind]++
	}
	if kinds[fact.GapShape] != 2 || kinds[fact.GapOther] != 1 || len(got.Ranges) != 0 {
		t.Errorf("gaps %+v, ranges %+v", got.Gaps, got.Ranges)
	}
}

func TestNetnsRangesAreTheNamespaces(t *testing.T) {
	testbed.Netns(t, func() {
		// Which namespace /proc/sys shows is decided when the file is opened.
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_reserved_ports", []byte("4711"), 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !reserves(set, 4711) {
			t.Errorf("4711 is reserved here: %+v", set.Ranges)
		}
	})
	set, err := Read(context.Background())
	if err != nil || reserves(set, 4711) {
		t.Errorf("4711 is not reserved outside: %+v, %v", set.Ranges, err)
	}
}

func reserves(set fact.Set, port uint16) bool {
	for _, r := range set.Ranges {
		if r.Kind == fact.Reserved && r.Holds(fact.TCP, port) {
			return true
		}
	}
	return false
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"32768\t60999", "8080,9148-9150", "", "1-", "-1", "1,,2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if from, to, ok := parsePair(s); ok && from > to {
			t.Errorf("%q: %d > %d", s, from, to)
		}
		list, ok := parseList(s)
		for _, r := range list {
			if !ok || r.From > r.To {
				t.Errorf("%q: %+v", s, r)
			}
		}
	})
}
