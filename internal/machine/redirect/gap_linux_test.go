package redirect

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// without runs f on the calling thread with one effective capability less.
func without(t *testing.T, capability int, f func()) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var all [2]unix.CapUserData
	if err := unix.Capget(&header, &all[0]); err != nil {
		t.Fatal(err)
	}
	less := all
	less[capability/32].Effective &^= 1 << (capability % 32)
	if err := unix.Capset(&header, &less[0]); err != nil {
		t.Fatal(err)
	}
	f()
	if err := unix.Capset(&header, &all[0]); err != nil {
		t.Fatal(err)
	}
}

func TestNetnsWithoutRightsIsAGap(t *testing.T) {
	for _, program := range []string{"iptables-nft-restore", "iptables-legacy-restore"} {
		testbed.Netns(t, func() {
			feed(t, program, nat("-A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080"))
			read := func() fact.Set {
				set, err := Read(context.Background(), Query{Ports: []uint16{80}})
				if err != nil {
					t.Error(err)
				}
				return set
			}
			without(t, unix.CAP_NET_ADMIN, func() {
				if set := read(); len(set.Redirects) != 0 || len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapNoNAT {
					t.Errorf("%s, not permitted: %+v", program, set)
				}
			})
			if set := read(); len(set.Redirects) != 1 || len(set.Gaps) != 0 {
				t.Errorf("%s, permitted: %+v", program, set)
			}
		})
	}
}

// Reading must not make the kernel load a table of the older iptables.
func TestNetnsReadingLoadsNoTable(t *testing.T) {
	testbed.Netns(t, func() {
		if _, err := Read(context.Background(), Query{}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ip_tables_names", "ip6_tables_names"} {
			b, err := slurp("/proc/thread-self/net/" + name)
			if err != nil && !os.IsNotExist(err) || len(b) > 0 {
				t.Errorf("%s: %q %v", name, b, err)
			}
		}
	})
}

func TestNftLoaded(t *testing.T) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	modules := "lib/modules/" + unix.ByteSliceToString(u.Release[:]) + "/kernel/net/netfilter/"
	for name, c := range map[string]struct {
		files []string
		want  bool
	}{
		"nothing known":             {nil, true},
		"built in":                  {[]string{modules + "xt_tcp.ko"}, true},
		"a module that is not here": {[]string{modules + "nf_tables.ko.xz"}, false},
		"a module that is loaded":   {[]string{modules + "nf_tables.ko.xz", "sys/module/nf_tables/refcnt"}, true},
	} {
		root := t.TempDir() + "/"
		for _, f := range c.files {
			if err := os.MkdirAll(filepath.Dir(root+f), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(root+f, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := nftLoaded(root); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
