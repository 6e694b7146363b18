package diagnose_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/logline"
	refusals "github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

// TestDependsInACircle: services that need each other are each named once, and the
// one that was asked about is none of them.
func TestDependsInACircle(t *testing.T) {
	set := idle(func(s *fact.Set) {
		s.Units = []fact.Unit{service("HTTP", "running", 3, "Spooler"), service("Spooler", "running", 2, "HTTP", "Fax"), service("Fax", "stopped", 3, "http"),
			{ID: "unit:systemd:x", Manager: "systemd", Name: "x.service", Windows: &fact.WindowsService{DependsOn: []string{"HTTP"}}}}
	})
	got := diagnose.Dependents(chain.NewIndex(&set), &set.Units[0])
	if len(got) != 2 || got[0].Name != "Spooler" || got[1].Name != "Fax" {
		t.Errorf("%+v", got)
	}
}

// A dependency may be known by a link alone; the other end of a link needs nothing.
func TestDependsByALink(t *testing.T) {
	link := func(from, to string) fact.Set {
		return idle(func(s *fact.Set) {
			s.Units = []fact.Unit{service("HTTP", "running", 3), {ID: fact.UnitID("scm", "Old"), Manager: "scm", Name: "Old", Active: "running"}}
			s.Links = []fact.Link{{From: fact.UnitID("scm", from), To: fact.UnitID("scm", to), Kind: fact.DependsOn}}
		})
	}
	for from, want := range map[string]int{"Old": 1, "HTTP": 0} {
		to := map[string]string{"Old": "HTTP", "HTTP": "Old"}[from]
		set := link(from, to)
		if got := diagnose.Dependents(chain.NewIndex(&set), &set.Units[0]); len(got) != want {
			t.Errorf("%s needs %s: %+v", from, to, got)
		}
	}
}

// Which URLs a listen list leaves out: those of an address or of localhost that it
// does not have, in either family. A name or a wildcard may mean any address.
func TestStarved(t *testing.T) {
	for url, lists := range map[string]map[string]bool{
		"http://localhost:80/":     {"10.0.0.7": true, "127.0.0.1": false, "::1": false, "0.0.0.0": false, "::": false},
		"http://LocalHost:80/":     {"10.0.0.7": true, "127.0.0.1": false},
		"http://10.0.0.8:80/":      {"10.0.0.7": true, "10.0.0.8": false, "0.0.0.0": false, "::": true},
		"http://[2001:db8::1]:80/": {"10.0.0.7": true, "2001:db8::1": false, "::": false, "0.0.0.0": true},
		"http://+:80/":             {"10.0.0.7": false},
		"http://shop.example:80/":  {"10.0.0.7": false},
	} {
		for list, want := range lists {
			set := idle(listenOn(list))
			set.Registrations[0].URL = url
			got := slices.ContainsFunc(diagnose.Damage(chain.NewIndex(&set)), func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleListenListStarves && len(f.About) > 0 })
			if got != want {
				t.Errorf("%s with %s: %v", url, list, got)
			}
		}
	}
	none := idle(listenOn())
	if got := diagnose.Damage(chain.NewIndex(&none)); len(got) != 0 {
		t.Errorf("an empty list listens everywhere: %+v", got)
	}
}

// An address is gone where others of its family are known and it is not among
// them; every address, and loopback, always are.
func TestListenAddrGone(t *testing.T) {
	for addr, want := range map[string]bool{"10.0.0.7": true, "192.168.1.20": false, "0.0.0.0": false, "127.0.0.9": false, "2001:db8::1": false} {
		set := idle(listenOn(addr))
		got := slices.ContainsFunc(diagnose.Damage(chain.NewIndex(&set)), func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleListenAddrGone })
		if got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}

// Any one of the reservations that Windows makes itself says that they are not wiped.
func TestOneOfWindowsOwnReservations(t *testing.T) {
	wiped := func(r fact.Reservation) bool {
		set := idle(func(s *fact.Set) { s.Reservations = []fact.Reservation{r} })
		return slices.ContainsFunc(diagnose.Damage(chain.NewIndex(&set)), func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleReservationsWiped })
	}
	for _, port := range []uint16{5357, 5358, 2869, 5985, 47001} {
		if wiped(fact.Reservation{URL: "http://+/", Port: port}) {
			t.Errorf("port %d is Windows' own", port)
		}
	}
	if wiped(fact.Reservation{URL: "http://+:80/Temporary_Listen_Addresses/", Port: 80}) || !wiped(fact.Reservation{URL: "http://+:80/x/", Port: 80}) {
		t.Error("WCF's addresses are Windows' own, others are not")
	}
}

// What an answer for a port says of damage: what is about its own URLs and
// reservations, and HTTP itself on the ports of the web.
func TestDamageOfAPort(t *testing.T) {
	gone := true
	set := idle(func(s *fact.Set) {
		listenOn("192.168.1.20")(s)
		s.Registrations = append(s.Registrations, fact.Registration{ID: "reg:8080", URL: "http://+:8080/", Port: 8080})
		s.Units = []fact.Unit{service("HTTP", "stopped", 4)}
		s.Reservations[0].Rights = []fact.PrefixRight{{SID: "S-1-5-21-1-2-3-1001", Gone: &gone, Listen: true}}
	})
	for port, want := range map[uint16][]diagnose.Rule{
		80: {diagnose.RuleHTTPDisabled, diagnose.RuleListenListStarves}, 443: {diagnose.RuleHTTPDisabled},
		5357: {diagnose.RuleAccountGone}, 8080: nil,
	} {
		var got []diagnose.Rule
		for _, f := range who(&set, port).Findings {
			switch f.Rule {
			case diagnose.RuleHTTPDisabled, diagnose.RuleListenListStarves, diagnose.RuleAccountGone, diagnose.RuleListenAddrGone:
				got = append(got, f.Rule)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %v, want %v", port, got, want)
		}
	}
}

func who(set *fact.Set, port uint16) diagnose.Answer {
	return diagnose.Who(chain.NewIndex(set), diagnose.Question{Endpoint: fact.Endpoint{Port: port, Proto: fact.TCP}})
}

func said(a diagnose.Answer, rule diagnose.Rule) (found []diagnose.Finding) {
	for _, f := range a.Findings {
		if f.Rule == rule {
			found = append(found, f)
		}
	}
	return found
}

// A range beside a holder is not said: the holder is the better answer. Dynamic
// ports that begin too low are said with a range that stands among them, and only
// then.
func TestRangeBesideAHolder(t *testing.T) {
	low := fact.Range{Kind: fact.Ephemeral, Proto: fact.TCP, From: 1024, To: 15000}
	winnat := fact.Range{Kind: fact.Excluded, Proto: fact.TCP, From: 8000, To: 8099}
	set := idle(func(s *fact.Set) {
		s.Ranges = []fact.Range{low, winnat, {Kind: fact.Excluded, Proto: fact.TCP, From: 8100, To: 8199}}
	})
	if a := who(&set, 8080); len(said(a, diagnose.RuleExcluded)) != 1 || len(said(a, diagnose.RuleLowDynamic)) != 1 {
		t.Errorf("nobody listens: %+v", a.Findings)
	}
	held := idle(func(s *fact.Set) {
		s.Ranges = []fact.Range{low, winnat}
		s.Sockets = []fact.Socket{sock("0.0.0.0:8080", fact.Listen, 1)}
	})
	if a := who(&held, 8080); len(said(a, diagnose.RuleExcluded)) != 0 {
		t.Errorf("somebody listens: %+v", a.Findings)
	}
	far := idle(func(s *fact.Set) {
		s.Ranges = []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: 50000, To: 50059}}
	})
	if a := who(&far, 50010); len(said(a, diagnose.RuleExcluded)) != 1 || len(said(a, diagnose.RuleLowDynamic)) != 0 {
		t.Errorf("dynamic ports as Windows has them: %+v", a.Findings)
	}
}

// Windows' own services that took their ports from the start of a range that is too
// low are what shows it; those of others are not.
func TestLowDynamicShowsWhoSitsThere(t *testing.T) {
	set := idle(func(s *fact.Set) {
		s.Ranges = []fact.Range{{Kind: fact.Ephemeral, Proto: fact.TCP, From: 1024, To: 15000}}
		rpc, node := sock("0.0.0.0:1025", fact.Listen, 1), sock("0.0.0.0:1026", fact.Listen, 2)
		rpc.PID, node.PID = 700, 900
		s.Sockets = []fact.Socket{rpc, node}
		s.Processes = []fact.Process{{ID: "proc:700", PID: 700, Name: "lsass.exe"}, {ID: "proc:900", PID: 900, Name: "node.exe"}}
	})
	for _, f := range diagnose.Damage(chain.NewIndex(&set)) {
		if f.Rule == diagnose.RuleLowDynamic && slices.Equal(f.About, []fact.ID{set.Sockets[0].ID}) {
			return
		}
	}
	t.Errorf("%+v", diagnose.Damage(chain.NewIndex(&set)))
}

// A refusal of another port, or of another kind, is not this port's 10013; and a
// filter is only blamed where sockets and ranges were listed.
func TestDeniedNeedsItsFacts(t *testing.T) {
	full := func() fact.Set {
		return idle(func(s *fact.Set) {
			excluded(50000, 50059, false)(s)
			s.Sockets = []fact.Socket{sock("0.0.0.0:135", fact.Listen, 1)}
		})
	}
	refused := func(cause refusals.Cause, port uint16) refusals.Refusal {
		return refusals.Refusal{Failure: logline.Failure{Port: port}, Cause: cause}
	}
	ask := func(set fact.Set, r refusals.Refusal) []diagnose.Finding {
		return said(diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}, Refusals: []refusals.Refusal{r}}), diagnose.RuleDenied)
	}
	if got := ask(full(), refused(refusals.Reserved, 80)); len(got) != 1 || got[0].Args["why"] != "filter" || got[0].Confidence != diagnose.Possible {
		t.Fatalf("%+v", got)
	}
	for name, r := range map[string]refusals.Refusal{"another port": refused(refusals.Reserved, 81), "another cause": refused(refusals.InUse, 80)} {
		if got := ask(full(), r); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r := refused(refusals.Reserved, 80)
	for name, change := range map[string]func(*fact.Set){
		"no sockets":   func(s *fact.Set) { s.Sockets = nil },
		"no ranges":    func(s *fact.Set) { s.Ranges = nil },
		"other ranges": func(s *fact.Set) { s.Ranges[0].Kind = fact.Ephemeral },
		"sockets hidden": func(s *fact.Set) {
			s.Gaps = []fact.Gap{{Kind: fact.GapPermission, Subject: fact.SocketTable}}
		},
	} {
		set := full()
		change(&set)
		if got := ask(set, r); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Whether somebody listens for an entry of the port proxy is said; another kind of
// redirect is none.
func TestPortProxyListens(t *testing.T) {
	proxied := func(change func(*fact.Set)) []diagnose.Finding {
		set := idle(func(s *fact.Set) {
			s.Redirects = []fact.Redirect{{ID: "redirect:1", Kind: "portproxy", Proto: fact.TCP, From: 80, Last: 80, To: "172.20.1.2:80"}}
		})
		change(&set)
		return said(who(&set, 80), diagnose.RulePortProxy)
	}
	if got := proxied(func(*fact.Set) {}); len(got) != 1 || got[0].Args["listening"] != "false" {
		t.Errorf("%+v", got)
	}
	if got := proxied(func(s *fact.Set) { s.Sockets = []fact.Socket{sock("0.0.0.0:80", fact.Listen, 1)} }); len(got) != 1 || got[0].Args["listening"] != "true" {
		t.Errorf("%+v", got)
	}
	if got := proxied(func(s *fact.Set) { s.Redirects[0].Kind = "dnat" }); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// A reservation without a listener turns others' requests away by its host: "+"
// all of them, a name those of weaker prefixes, "*" none. Who may listen is those
// with the right to, and not those who are denied it.
func TestReservedOnly(t *testing.T) {
	ask := func(change func(*fact.Set)) []diagnose.Finding {
		set := idle(func(s *fact.Set) {
			s.Reservations = []fact.Reservation{{ID: "urlacl:x", URL: "http://+:80/X/", Port: 80, Rights: []fact.PrefixRight{
				{SID: "S-1-5-19", Listen: true}, {SID: "S-1-5-20", Account: `NT AUTHORITY\NETWORK SERVICE`, Listen: true}, {SID: "S-1-1-0", Listen: true, Deny: true}, {SID: "S-1-5-18"},
			}}}
			change(s)
		})
		return said(who(&set, 80), diagnose.RuleReservedOnly)
	}
	for url, want := range map[string]string{"http://+:80/X/": "all", "http://shop.example:80/": "weaker", "http://10.0.0.7:80/": "weaker", "http://*:80/": "", "http://:80/": ""} {
		if got := ask(func(s *fact.Set) { s.Reservations[0].URL = url }); len(got) != 1 || got[0].Args["shadows"] != want {
			t.Errorf("%s: %+v", url, got)
		}
	}
	if got := ask(func(*fact.Set) {}); got[0].Args["for"] != `S-1-5-19, NT AUTHORITY\NETWORK SERVICE` {
		t.Errorf("%+v", got)
	}
	for name, change := range map[string]func(*fact.Set){
		"somebody listens": func(s *fact.Set) {
			s.Registrations = []fact.Registration{{ID: "reg:x", URL: "HTTP://+:80/x", Port: 80}}
		},
		"another port": func(s *fact.Set) { s.Reservations[0].Port = 81 },
	} {
		if got := ask(change); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A listen list of nothing but loopback leaves everybody outside out, whatever URLs
// there are; it belongs to the answer for a port that the kernel holds.
func TestNobodyOutside(t *testing.T) {
	for _, c := range []struct {
		list   []string
		holder int
		want   bool
	}{
		{[]string{"127.0.0.1"}, 4, true},
		{[]string{"127.0.0.1", "::1"}, 4, true},
		{[]string{"127.0.0.1", "192.168.1.20"}, 4, false},
		{[]string{"0.0.0.0"}, 4, false},
		{nil, 4, false},
		{[]string{"127.0.0.1"}, 700, false},
	} {
		set := idle(listenOn(c.list...))
		set.Sockets = []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80"), State: fact.Listen, PID: c.holder}}
		set.Processes = append(set.Processes, fact.Process{ID: "proc:h", PID: c.holder, Name: "System", Kernel: c.holder == 4})
		set.Links = append(set.Links, fact.Link{From: "sock:1", To: "proc:h", Kind: fact.HeldBy})
		a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}})
		got := slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool { return f.Args["outside"] == "none" })
		if got != c.want {
			t.Errorf("%v, held by %d: %v", c.list, c.holder, got)
		}
	}
}
