package ways_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

// held is a machine on which a unit has an address.
func held(local string, u fact.Unit) *fact.Set {
	u.ID = fact.UnitID(u.Manager, u.Name)
	return &fact.Set{
		Machine:   fact.Machine{OS: "linux"},
		Sockets:   []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort(local), State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 1}}},
		Processes: []fact.Process{{ID: "proc:10@1", PID: 10, PPID: 1, Name: "web", Exe: "/srv/web"}},
		Units:     []fact.Unit{u},
		Links:     []fact.Link{{From: "sock:1", To: "proc:10@1", Kind: fact.HeldBy}, {From: "proc:10@1", To: u.ID, Kind: fact.PartOf}},
	}
}

func list(set *fact.Set, w ways.Wanted) string {
	x := chain.NewIndex(set)
	s := set.Sockets[0]
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: s.Local.Port(), Proto: s.Proto}})
	var out []string
	for _, r := range ways.List(x, a, w) {
		out = append(out, r.ID())
	}
	return strings.Join(out, " ")
}

func TestList(t *testing.T) {
	web := fact.Unit{Manager: "systemd", Name: "web.service", Type: "service", Active: "active", FileState: "enabled"}
	static := web
	static.FileState = "static"
	other := &fact.Unit{ID: "unit:apache2.service", Manager: "systemd", Name: "apache2.service"}
	udp := held("0.0.0.0:80", web)
	udp.Sockets[0].Proto, udp.Sockets[0].State = fact.UDP, fact.Unconnected
	for _, c := range []struct {
		name string
		set  *fact.Set
		w    ways.Wanted
		want string
	}{
		{"a web server", held("0.0.0.0:80", web), ways.Wanted{}, "port share move:web.service address:web.service stop:web.service startup:web.service"},
		{"no web port", held("0.0.0.0:5432", web), ways.Wanted{}, "port move:web.service address:web.service stop:web.service startup:web.service"},
		{"over UDP", udp, ways.Wanted{}, "port move:web.service stop:web.service startup:web.service"},
		{"on one address", held("127.0.0.1:80", web), ways.Wanted{}, "port address share move:web.service stop:web.service startup:web.service"},
		{"against a newcomer", held("0.0.0.0:80", web), ways.Wanted{Newcomer: other}, "port share move:web.service address:web.service stop:web.service startup:web.service order:web.service"},
		{"against itself", held("0.0.0.0:80", web), ways.Wanted{Newcomer: &web}, "port share move:web.service address:web.service stop:web.service startup:web.service"},
		{"against a service of another manager", held("0.0.0.0:80", web), ways.Wanted{Newcomer: &fact.Unit{Manager: "scm", Name: "x"}}, "port share move:web.service address:web.service stop:web.service startup:web.service"},
		{"it does not start at boot", held("0.0.0.0:80", static), ways.Wanted{Newcomer: other}, "port share move:web.service address:web.service stop:web.service"},
	} {
		if got := list(c.set, c.w); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	free := held("0.0.0.0:80", web)
	free.Sockets[0].Netns = "netns:1"
	if got := list(free, ways.Wanted{}); got != "" {
		t.Errorf("a free port: %s", got)
	}
}

// Every kind has its place and a reason for it, and who stands elsewhere has another.
func TestWhy(t *testing.T) {
	set := held("0.0.0.0:80", fact.Unit{Manager: "systemd", Name: "web.service", Type: "service"})
	x := chain.NewIndex(set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}})
	why := func(r remedy.Remedy, w ways.Wanted) string { return ways.Why(a, w, r) }
	for _, k := range catalog.RemedyKinds() {
		if why(remedy.Remedy{Kind: k}, ways.Wanted{}) == "" {
			t.Errorf("%s has none", k)
		}
	}
	if why(remedy.Remedy{Kind: "no-such"}, ways.Wanted{}) != "" {
		t.Error("what is no kind has no place")
	}
	network := ways.Wanted{Roots: []fact.DocRoot{{Path: "/srv/www", Config: "/srv/www/wp-config.php", Defines: map[string]string{"MULTISITE": "true"}}}}
	for _, c := range []struct {
		r    remedy.Remedy
		w    ways.Wanted
		want string
	}{
		{remedy.Remedy{Kind: catalog.Port}, ways.Wanted{}, "rank-only-yours-changes"},
		{remedy.Remedy{Kind: catalog.Port}, network, "rank-a-network-keeps-its-ports"},
		{remedy.Remedy{Kind: catalog.Address}, ways.Wanted{}, "rank-only-yours-changes"},
		{remedy.Remedy{Kind: catalog.Address, Target: "web.service"}, ways.Wanted{}, "rank-holder-keeps-one-address"},
		{remedy.Remedy{Kind: catalog.Stop, Target: "web.service"}, ways.Wanted{}, "rank-one-thing-stops"},
		{remedy.Remedy{Kind: catalog.Stop, Target: "site:Default Web Site"}, ways.Wanted{}, "rank-one-site-stops"},
		{remedy.Remedy{Kind: catalog.Stop, Target: "pid-10"}, ways.Wanted{}, "rank-one-program-ends"},
		{remedy.Remedy{Kind: catalog.Order, Target: "web.service"}, ways.Wanted{}, "rank-one-of-two-loses"},
		{remedy.Remedy{Kind: catalog.Order, Target: ways.NetworkOnline}, ways.Wanted{}, "rank-only-yours-changes"},
	} {
		if got := why(c.r, c.w); got != c.want {
			t.Errorf("%s: %s, want %s", c.r.ID(), got, c.want)
		}
	}
}
