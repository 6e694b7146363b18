package reach

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func TestOf(t *testing.T) {
	m := &fact.Machine{Addrs: []fact.Addr{{Prefix: netip.MustParsePrefix("10.0.0.5/24")}, {Prefix: netip.MustParsePrefix("127.0.0.1/8")}}}
	for _, c := range []struct {
		local string
		state fact.State
		netns fact.ID
		want  Scope
		nets  int
	}{
		{"0.0.0.0:80", fact.Listen, "", Network, 1},
		{"0.0.0.0:80", fact.Bound, "", None, 0},
		{"0.0.0.0:80", fact.Listen, "net:1", Netns, 0},
		{"127.0.0.2:80", fact.Listen, "", Machine, 0},
		{"[::1]:80", fact.Listen, "", Machine, 0},
		{"[::ffff:127.0.0.1]:80", fact.Listen, "", Machine, 0},
		{"[fe80::1%eth0]:80", fact.Listen, "", Link, 0},
		{"10.0.0.5:80", fact.Listen, "", Address, 1},
	} {
		got := Of(&fact.Socket{Local: netip.MustParseAddrPort(c.local), State: c.state, Netns: c.netns}, m)
		if got.Scope != c.want || len(got.Nets) != c.nets {
			t.Errorf("%s %s %q: %+v, want %s and %d networks", c.local, c.state, c.netns, got, c.want, c.nets)
		}
	}
}
