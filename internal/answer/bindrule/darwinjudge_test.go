package bindrule

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// macSocket is ada's listener at local, on a Mac that tells its flags.
func macSocket(local string, change ...func(*fact.Socket)) fact.Socket {
	ada, off := uint32(501), false
	s := fact.Socket{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort(local), State: fact.Listen,
		Darwin: &fact.DarwinSocket{UID: &ada, ReuseAddr: &off, ReusePort: &off}}
	if s.Local.Addr().Is6() {
		s.Darwin.V6Only = &off
	}
	for _, fn := range change {
		fn(&s)
	}
	return s
}

func mac(socks ...fact.Socket) fact.Set {
	var addrs []fact.Addr
	for _, p := range []string{"127.0.0.1/8", "::1/128", "192.168.1.20/24", "fe80::1/64"} {
		addrs = append(addrs, fact.Addr{Prefix: netip.MustParsePrefix(p)})
	}
	return fact.Set{Machine: fact.Machine{OS: "darwin", Addrs: addrs}, Sockets: socks}
}

// bind is a wish of ada's.
func bind(at string, flags ...func(*Want)) Want {
	w := Want{Proto: fact.TCP, Local: netip.MustParseAddrPort(at), UID: 501}
	for _, fn := range flags {
		fn(&w)
	}
	return w
}

var (
	reuseAddr = func(w *Want) { w.ReuseAddr = true }
	reusePort = func(w *Want) { w.ReusePort = true }
	v6only    = func(w *Want) { yes := true; w.V6Only = &yes }

	theirReuseAddr = func(s *fact.Socket) { yes := true; s.Darwin.ReuseAddr = &yes }
	theirReusePort = func(s *fact.Socket) { yes := true; s.Darwin.ReusePort = &yes }
	theirV6Only    = func(s *fact.Socket) { yes := true; s.Darwin.V6Only = &yes }
	roots          = func(s *fact.Socket) { root := uint32(0); s.Darwin.UID = &root }
	nothingTold    = func(s *fact.Socket) { s.Darwin = nil }
)

func state(st fact.State) func(*fact.Socket) { return func(s *fact.Socket) { s.State = st } }

// The kernel's two lookups, cell by cell: the newcomer in rows, the other in columns.
// "x" refuses, "." lets both stand.
func TestDarwinTables(t *testing.T) {
	forms := []string{"0.0.0.0:8080", "127.0.0.1:8080", "[::]:8080", "[::]:8080 only", "[::1]:8080"}
	newcomer := func(form string, flags ...func(*Want)) Want {
		if form == forms[3] {
			return bind(forms[2], append(flags, v6only)...)
		}
		return bind(form, flags...)
	}
	other := func(form string) fact.Socket {
		if form == forms[3] {
			return macSocket(forms[2], theirV6Only)
		}
		return macSocket(form)
	}
	for name, c := range map[string]struct {
		flags []func(*Want)
		want  []string
	}{
		"without flags": {nil, []string{
			"xxx..",
			"xxx..",
			".xxxx",
			"..xxx",
			"..xxx",
		}},
		"SO_REUSEADDR": {[]func(*Want){reuseAddr}, []string{
			"x.x..",
			".x...",
			"..xx.",
			"..xx.",
			"....x",
		}},
		"SO_REUSEPORT on one side": {[]func(*Want){reusePort}, []string{
			"x.x..",
			".x...",
			"..xx.",
			"..xx.",
			"....x",
		}},
	} {
		var got []string
		for _, mine := range forms {
			row := ""
			for _, theirs := range forms {
				cell := "."
				for _, v := range AllDarwin(newcomer(mine, c.flags...), mac(other(theirs))) {
					if !v.OK {
						cell = "x"
					}
				}
				row += cell
			}
			got = append(got, row)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestDarwinVerdicts(t *testing.T) {
	shares := func(s *fact.Socket) { yes := true; s.Darwin.SharesUsers = &yes }
	root := func(w *Want) { w.UID = 0 }
	for name, c := range map[string]struct {
		want Want
		have fact.Socket
		rule Rule // "" = nothing stands in the way
		ok   bool
		sure Confidence
	}{
		"the same wildcard":                       {bind("0.0.0.0:8080"), macSocket("0.0.0.0:8080"), DarwinTaken, false, Likely},
		"another port":                            {bind("0.0.0.0:8080"), macSocket("0.0.0.0:8081"), "", false, ""},
		"another protocol":                        {bind("0.0.0.0:8080"), macSocket("0.0.0.0:8080", func(s *fact.Socket) { s.Proto = fact.UDP }), "", false, ""},
		"SO_REUSEADDR on both changes nothing":    {bind("0.0.0.0:8080", reuseAddr), macSocket("0.0.0.0:8080", theirReuseAddr), DarwinTaken, false, Likely},
		"SO_REUSEPORT on both":                    {bind("0.0.0.0:8080", reusePort), macSocket("0.0.0.0:8080", theirReusePort), DarwinShared, true, Likely},
		"SO_REUSEPORT, theirs not seen":           {bind("0.0.0.0:8080", reusePort), macSocket("0.0.0.0:8080", nothingTold), DarwinTaken, false, Possible},
		"a specific one beside a wildcard":        {bind("127.0.0.1:8080", reuseAddr), macSocket("0.0.0.0:8080"), DarwinBeside, true, Likely},
		"the same, without the flag":              {bind("127.0.0.1:8080"), macSocket("0.0.0.0:8080"), DarwinTaken, false, Likely},
		"the same, beside root's":                 {bind("127.0.0.1:8080", reuseAddr), macSocket("0.0.0.0:8080", roots), DarwinOtherUser, false, Likely},
		"the same, root beside ada's":             {bind("127.0.0.1:8080", reuseAddr, root), macSocket("0.0.0.0:8080"), DarwinBeside, true, Likely},
		"the same, a user who shares":             {bind("127.0.0.1:8080", reuseAddr), macSocket("0.0.0.0:8080", roots, shares), DarwinBeside, true, Likely},
		"the same, nobody knows whose":            {bind("127.0.0.1:8080", reuseAddr), macSocket("0.0.0.0:8080", nothingTold), DarwinBeside, true, Possible},
		"a wildcard beside a specific one":        {bind("0.0.0.0:8080", reuseAddr), macSocket("127.0.0.1:8080"), DarwinBeside, true, Likely},
		"another address":                         {bind("127.0.0.1:8080", reuseAddr), macSocket("192.168.1.20:8080"), "", false, ""},
		"root's wildcard, both share":             {bind("0.0.0.0:8080", reusePort), macSocket("0.0.0.0:8080", roots, theirReusePort), DarwinShared, true, Likely},
		"root's IPv6 wildcard, both share":        {bind("[::]:8080", reusePort), macSocket("[::]:8080", roots, theirReusePort), DarwinShared, true, Likely},
		"root's IPv6 wildcard":                    {bind("[::]:8080", reusePort), macSocket("[::]:8080", roots), DarwinOtherUser, false, Likely},
		"IPv6's wildcard after IPv4's":            {bind("[::]:8080"), macSocket("0.0.0.0:8080"), DarwinFamilies, true, Likely},
		"IPv4's wildcard after IPv6's":            {bind("0.0.0.0:8080"), macSocket("[::]:8080"), DarwinTaken, false, Likely},
		"IPv4's wildcard after IPv6's alone":      {bind("0.0.0.0:8080"), macSocket("[::]:8080", theirV6Only), "", false, ""},
		"the same, the flag not seen":             {bind("0.0.0.0:8080"), macSocket("[::]:8080", nothingTold), DarwinTaken, false, Possible},
		"a connection":                            {bind("0.0.0.0:8080"), macSocket("192.168.1.20:8080", state(fact.Established)), DarwinOpen, false, Likely},
		"a connection, with SO_REUSEADDR":         {bind("0.0.0.0:8080", reuseAddr), macSocket("192.168.1.20:8080", state(fact.Established)), "", false, ""},
		"what is left of one":                     {bind("0.0.0.0:8080"), macSocket("192.168.1.20:8080", state(fact.TimeWait)), DarwinOpen, false, Likely},
		"a connection of root's":                  {bind("0.0.0.0:8080", reuseAddr), macSocket("192.168.1.20:8080", state(fact.Established), roots), DarwinOtherUser, false, Likely},
		"a connection at another address":         {bind("127.0.0.1:8080"), macSocket("192.168.1.20:8080", state(fact.Established)), "", false, ""},
		"a closed socket":                         {bind("0.0.0.0:8080"), macSocket("0.0.0.0:8080", state(fact.Closed)), "", false, ""},
		"a bound socket":                          {bind("0.0.0.0:8080", reuseAddr), macSocket("0.0.0.0:8080", state(fact.Bound)), DarwinTaken, false, Likely},
		"a port below 1024, everywhere":           {bind("0.0.0.0:80"), macSocket("0.0.0.0:81"), "", false, ""},
		"a port below 1024, at an address":        {bind("127.0.0.1:80"), macSocket("0.0.0.0:81"), DarwinPrivilege, false, Likely},
		"a port below 1024, at IPv6's":            {bind("[::1]:80"), macSocket("0.0.0.0:81"), DarwinPrivilege, false, Likely},
		"the same, as root":                       {bind("127.0.0.1:80", root), macSocket("0.0.0.0:81"), "", false, ""},
		"port 1024 at an address":                 {bind("127.0.0.1:1024"), macSocket("0.0.0.0:81"), "", false, ""},
		"an address of another machine":           {bind("203.0.113.7:8080"), macSocket("0.0.0.0:81"), NotLocal, false, Likely},
		"a loopback address that a Mac lacks":     {bind("127.0.0.2:8080"), macSocket("0.0.0.0:81"), NotLocal, false, Likely},
		"a link's address, with and without zone": {bind("[fe80::1%en0]:8080"), macSocket("0.0.0.0:81"), "", false, ""},
	} {
		got := AllDarwin(c.want, mac(c.have))
		if c.rule == "" {
			if len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Rule != c.rule || got[0].OK != c.ok || got[0].Confidence != c.sure || (got[0].Errno == "") != c.ok || (got[0].At == "") != c.ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDarwinNeeds(t *testing.T) {
	for name, c := range map[string]struct {
		want  Want
		have  fact.Socket
		needs []Need
	}{
		"the same address":       {bind("0.0.0.0:8080", reuseAddr), macSocket("0.0.0.0:8080"), []Need{NeedReusePort}},
		"beside a wildcard":      {bind("127.0.0.1:8080"), macSocket("0.0.0.0:8080"), []Need{NeedOwnReuseAddr, NeedReusePort}},
		"IPv6's over an address": {bind("[::]:8080"), macSocket("127.0.0.1:8080"), []Need{NeedOwnReuseAddr, NeedReusePort, NeedV6Only}},
		"another user's":         {bind("127.0.0.1:8080"), macSocket("0.0.0.0:8080", roots), []Need{NeedSameUser}},
		"a connection":           {bind("0.0.0.0:8080"), macSocket("0.0.0.0:8080", state(fact.TimeWait)), []Need{NeedOwnReuseAddr, NeedWait}},
		"a privileged port":      {bind("127.0.0.1:80"), macSocket("0.0.0.0:81"), []Need{NeedWildcard}},
	} {
		got := AllDarwin(c.want, mac(c.have))
		if len(got) != 1 {
			t.Errorf("%s: %+v", name, got)
		} else if d := cmp.Diff(c.needs, got[0].Needs); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// What the kernel looks at first stands first, and a sure refusal before a guess.
func TestDarwinOrder(t *testing.T) {
	got := AllDarwin(bind("127.0.0.1:80", reuseAddr), mac(macSocket("0.0.0.0:80", nothingTold), macSocket("127.0.0.1:80")))
	var rules []Rule
	for _, v := range got {
		rules = append(rules, v.Rule)
	}
	if d := cmp.Diff([]Rule{DarwinPrivilege, DarwinTaken, DarwinBeside}, rules); d != "" {
		t.Error(d)
	}
}
