package portrange

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir() + "/"
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(root+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestReadTree(t *testing.T) {
	files := map[string]string{
		"proc/sys/net/ipv4/ip_local_port_range":        "1024\t65535\n",
		"proc/sys/net/ipv4/ip_local_reserved_ports":    "8080,9148-9150\n",
		"proc/sys/net/ipv4/ip_unprivileged_port_start": "1024\n",
	}
	want := fact.Set{Ranges: []fact.Range{
		{Kind: fact.Ephemeral, From: 1024, To: 65535, Evidence: "net.ipv4.ip_local_port_range"},
		{Kind: fact.Reserved, From: 8080, To: 8080, Evidence: "net.ipv4.ip_local_reserved_ports"},
		{Kind: fact.Reserved, From: 9148, To: 9150, Evidence: "net.ipv4.ip_local_reserved_ports"},
		{Kind: fact.Privileged, From: 0, To: 1023, Evidence: "net.ipv4.ip_unprivileged_port_start"},
	}}
	if d := cmp.Diff(want, readTree(tree(t, files))); d != "" {
		t.Error(d)
	}
	files["proc/sys/net/ipv4/ip_unprivileged_port_start"] = "0\n"
	if got := readTree(tree(t, files)); len(got.Ranges) != 3 || len(got.Gaps) != 0 {
		t.Errorf("no privileged port: %+v", got)
	}
	files["proc/sys/net/ipv4/ip_local_reserved_ports"] = "many\n"
	got := readTree(tree(t, files))
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapShape || got.Gaps[0].Raw != "many\n" {
		t.Errorf("unknown shape: %+v", got.Gaps)
	}
}

func TestWhatCannotBeReadIsAGap(t *testing.T) {
	got := readTree(tree(t, nil))
	if len(got.Gaps) != 3 || len(got.Ranges) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestSELinuxIsAGapOnlyWhereItIs(t *testing.T) {
	with := readTree(tree(t, map[string]string{"sys/fs/selinux/enforce": "1"}))
	found := false
	for _, g := range with.Gaps {
		found = found || g.Kind == fact.GapSELinux
	}
	if !found {
		t.Errorf("SELinux is on: %+v", with.Gaps)
	}
	for _, g := range readTree(tree(t, nil)).Gaps {
		if g.Kind == fact.GapSELinux {
			t.Errorf("SELinux is off: %+v", g)
		}
	}
}

func TestNetnsRangesAreTheNamespacesOwn(t *testing.T) {
	testbed.Netns(t, func() {
		for name, value := range map[string]string{
			"ip_local_port_range": "20000 20009", "ip_local_reserved_ports": "20003-20005", "ip_unprivileged_port_start": "80",
		} {
			if err := os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0); err != nil {
				t.Fatal(err)
			}
		}
		set, err := Read(context.Background())
		if err != nil || len(set.Gaps) > 0 {
			t.Fatal(err, set.Gaps)
		}
		for _, want := range []fact.Range{
			{Kind: fact.Ephemeral, From: 20000, To: 20009, Evidence: ephemeralFile},
			{Kind: fact.Reserved, From: 20003, To: 20005, Evidence: reservedFile},
			{Kind: fact.Privileged, From: 0, To: 79, Evidence: privilegedFile},
		} {
			found := false
			for _, r := range set.Ranges {
				found = found || r == want
			}
			if !found {
				t.Errorf("no %+v in %+v", want, set.Ranges)
			}
		}
	})
	set, err := Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range set.Ranges {
		if r.Kind == fact.Ephemeral && r.From == 20000 {
			t.Error("the namespace's range outside of it")
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		if _, err := Read(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
