package diagnose_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	refusals "github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

// service is a row of the service control manager.
func service(name, active string, start uint32, needs ...string) fact.Unit {
	return fact.Unit{ID: fact.UnitID("scm", name), Manager: "scm", Name: name, Active: active,
		Windows: &fact.WindowsService{Start: &start, DependsOn: needs}}
}

// idle is a Windows on which nobody has port 80.
func idle(change func(*fact.Set)) fact.Set {
	set := fact.Set{Machine: fact.Machine{OS: "windows", Windows: &fact.WindowsNet{ListenList: true, Reservations: true},
		Addrs: []fact.Addr{{Prefix: netip.MustParsePrefix("127.0.0.1/8")}, {Prefix: netip.MustParsePrefix("192.168.1.20/24")}}},
		Reservations: []fact.Reservation{{ID: "urlacl:wsd", URL: "http://*:5357/", Port: 5357}}}
	change(&set)
	return set
}

func excluded(from, to uint16, star bool) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Ranges = []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: from, To: to, Administered: star}}
	}
}

func listenOn(addrs ...string) func(*fact.Set) {
	return func(s *fact.Set) {
		s.ListenList = nil
		for _, a := range addrs {
			addr := netip.MustParseAddr(a)
			s.ListenList = append(s.ListenList, fact.ListenAddr{ID: fact.ListenAddrID(addr), Addr: addr})
		}
		s.Registrations = []fact.Registration{{ID: "reg:l", URL: "http://localhost:80/app/", Port: 80}}
	}
}

func windowsRules() []ruled {
	q80 := diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}}
	denied := q80
	denied.Refusals = refusals.Read("windows", []refusals.Line{{Text: "(OS 10013)An attempt was made to access a socket in a way forbidden by its access permissions.  : AH00072: make_sock: could not bind to address 0.0.0.0:80"}})
	httpOff := func(s *fact.Set) {
		s.Units = []fact.Unit{service("HTTP", "stopped", 4), service("Spooler", "stopped", 2, "RPCSS", "http")}
	}
	return []ruled{
		{diagnose.RuleExcluded, idle(excluded(50, 149, false)), excluded(81, 149, false), q80},
		{diagnose.RuleExcludedStarred, idle(excluded(50, 149, true)), excluded(50, 149, false), q80},
		{diagnose.RuleLikelyBehind, with(windows(false), func(s *fact.Set) { s.Units = []fact.Unit{service("PeerDistSvc", "running", 3)} }), func(s *fact.Set) { *s = windows(true) }, q80},
		{diagnose.RuleOwnerGone, with(windows(false), func(s *fact.Set) {
			s.Processes, s.Links, s.Sockets[0].PID = nil, nil, 4112
			s.Gaps = []fact.Gap{{Kind: fact.GapOwnerEnded, About: "sock:80"}}
		}), func(s *fact.Set) { s.Gaps[0].Kind = fact.GapPermission }, q80},
		{diagnose.RuleDenied, idle(excluded(50, 149, false)), func(s *fact.Set) { s.Ranges = nil }, denied},
		{diagnose.RulePortProxy, idle(func(s *fact.Set) {
			s.Redirects = []fact.Redirect{{ID: "redirect:1", Kind: "portproxy", Proto: fact.TCP, From: 80, Last: 80, To: "172.20.1.2:80"}}
		}), func(s *fact.Set) { s.Redirects[0].From, s.Redirects[0].Last = 81, 81 }, q80},
		{diagnose.RuleHTTPDisabled, idle(httpOff), func(s *fact.Set) { *s.Units[0].Windows.Start = 3 }, q80},
		{diagnose.RuleListenListStarves, idle(listenOn("192.168.1.20")), listenOn("192.168.1.20", "127.0.0.1"), q80},
	}
}

// damages are what is broken on a machine, whichever port is asked about.
func damages() []ruled {
	gone, here := true, false
	return []ruled{
		{rule: diagnose.RuleLowDynamic, set: idle(func(s *fact.Set) {
			s.Ranges = []fact.Range{{Kind: fact.Ephemeral, Proto: fact.TCP, From: 1024, To: 15000}}
		}), twin: func(s *fact.Set) { s.Ranges[0].From, s.Ranges[0].To = 49152, 65535 }},
		{rule: diagnose.RuleListenAddrGone, set: idle(listenOn("10.0.0.7", "127.0.0.1")), twin: listenOn("192.168.1.20", "127.0.0.1")},
		{rule: diagnose.RuleReservationsWiped, set: idle(func(s *fact.Set) { s.Reservations[0].Port = 8080 }), twin: func(s *fact.Set) { s.Reservations[0].Port = 5985 }},
		{rule: diagnose.RuleReservationsWiped, set: idle(func(s *fact.Set) { s.Reservations = nil }), twin: func(s *fact.Set) { s.Machine.Windows.Reservations = false }},
		{rule: diagnose.RuleAccountGone, set: idle(func(s *fact.Set) {
			s.Reservations[0].Rights = []fact.PrefixRight{{SID: "S-1-5-21-1-2-3-1001", Gone: &gone, Listen: true}}
		}), twin: func(s *fact.Set) { s.Reservations[0].Rights[0].Gone = &here }},
	}
}

func TestDamage(t *testing.T) {
	for _, c := range damages() {
		said := func() bool {
			for _, f := range diagnose.Damage(chain.NewIndex(&c.set)) {
				if f.Rule == c.rule {
					return true
				}
			}
			return false
		}
		if !said() {
			t.Errorf("%s: not said", c.rule)
		}
		if c.twin(&c.set); said() {
			t.Errorf("%s: said of its twin too", c.rule)
		}
	}
	linux := idle(listenOn("10.0.0.7"))
	linux.Machine.OS = "linux"
	if got := diagnose.Damage(chain.NewIndex(&linux)); len(got) != 0 {
		t.Errorf("another system: %+v", got)
	}
}

// The services that a disabled driver takes along, directly or not, those that run
// first, and none that is disabled itself.
func TestDependents(t *testing.T) {
	set := idle(func(s *fact.Set) {
		s.Units = []fact.Unit{service("HTTP", "running", 3), service("Fax", "stopped", 3, "Spooler"), service("Spooler", "running", 2, "HTTP"),
			service("W3SVC", "stopped", 4, "HTTP"), service("Dnscache", "running", 2, "nsi")}
	})
	got := diagnose.Dependents(chain.NewIndex(&set), &set.Units[0])
	if len(got) != 2 || got[0].Name != "Spooler" || got[1].Name != "Fax" {
		t.Errorf("%+v", got)
	}
	set.Units[2].Windows.DependsOn = nil
	if got := diagnose.Dependents(chain.NewIndex(&set), &set.Units[0]); len(got) != 0 {
		t.Errorf("without the printer's need: %+v", got)
	}
	set.Units[0].Windows.Dependents = []string{"SPOOLER"}
	if got := diagnose.Dependents(chain.NewIndex(&set), &set.Units[0]); len(got) != 2 {
		t.Errorf("by the manager's own list: %+v", got)
	}
}

// 10013 has four causes, and the facts tell which.
func TestDenied(t *testing.T) {
	line := func(port string) []refusals.Refusal {
		return refusals.Read("windows", []refusals.Line{{Text: "listen tcp 0.0.0.0:" + port + ": bind: An attempt was made to access a socket in a way forbidden by its access permissions."}})
	}
	holder := func(s *fact.Set) {
		k := fact.Socket{ID: "sock:80", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80"), State: fact.Listen, PID: 10}
		s.Sockets = append(s.Sockets, k)
		s.Processes = append(s.Processes, fact.Process{ID: "proc:10", PID: 10, Name: "node.exe"})
		s.Links = append(s.Links, fact.Link{From: k.ID, To: "proc:10", Kind: fact.HeldBy})
	}
	away := func(s *fact.Set) {
		excluded(50000, 50059, false)(s)
		s.Sockets = []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:135"), State: fact.Listen}}
	}
	for want, set := range map[string]fact.Set{
		"range": idle(excluded(80, 80, false)), "kernel": windows(false), "holder": idle(holder), "filter": idle(away), "": idle(func(*fact.Set) {}),
	} {
		a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}, Refusals: line("80")})
		got := ""
		for _, f := range a.Findings {
			if f.Rule == diagnose.RuleDenied {
				got = f.Args["why"]
			}
		}
		if got != want {
			t.Errorf("%q: %q, %+v", want, got, a.Findings)
		}
	}
}

// A port of file sharing is the kernel's own, and no URL stands behind it.
func TestKernelParts(t *testing.T) {
	for port, want := range map[uint16]diagnose.Rule{445: diagnose.RuleKernelSocket, 80: diagnose.RuleHTTPSysUnnamed, 8123: diagnose.RuleHTTPSysUnnamed, 5357: diagnose.RuleHTTPSysUnnamed} {
		set := windows(false)
		set.Sockets[0].Local = netip.AddrPortFrom(netip.IPv4Unspecified(), port)
		a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: port}})
		said := false
		for _, f := range a.Findings {
			said = said || f.Rule == want
		}
		if !said {
			t.Errorf("%d: no %s in %+v", port, want, a.Findings)
		}
	}
}

// Where HTTP.sys's listing was read and names nobody on the port, another part of the
// kernel has it; without the listing, or with one that breaks off, it is HTTP.sys's.
func TestListingWithoutThePort(t *testing.T) {
	for read, want := range map[bool]diagnose.Rule{true: diagnose.RuleKernelSocket, false: diagnose.RuleHTTPSysUnnamed} {
		set := windows(false)
		set.Machine.Windows = &fact.WindowsNet{Registrations: read}
		a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}})
		var got []diagnose.Rule
		for _, f := range a.Findings {
			if f.Rule == diagnose.RuleKernelSocket || f.Rule == diagnose.RuleHTTPSysUnnamed {
				got = append(got, f.Rule)
			}
		}
		if !slices.Equal(got, []diagnose.Rule{want}) {
			t.Errorf("read %v: %v, want %s", read, got, want)
		}
		set.Gaps = []fact.Gap{{Kind: fact.GapNotInPaste, Subject: "registrations behind it", Hint: "netsh", About: set.Sockets[0].ID}}
		a = diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}})
		if !slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleHTTPSysUnnamed }) {
			t.Errorf("pasted, read %v: %v", read, a.Findings)
		}
	}
}

// A port that Windows keeps back is not free, though nobody holds it.
func TestExcludedIsNotFree(t *testing.T) {
	for star, want := range map[bool]diagnose.Status{false: diagnose.Blocked, true: diagnose.Free} {
		set := idle(excluded(50, 149, star))
		if a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}}); a.Status != want {
			t.Errorf("starred %v: %s", star, a.Status)
		}
	}
}

// Without a listing those who may stand behind PID 4 are ranked: a service that
// runs, then what is merely common; a service that is stopped is ruled out.
func TestLikelyBehind(t *testing.T) {
	ranked := func(change func(*fact.Set)) (entries []string, sure []diagnose.Confidence) {
		set := windows(false)
		change(&set)
		for _, f := range diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}}).Findings {
			if f.Rule == diagnose.RuleLikelyBehind {
				entries, sure = append(entries, f.Args["entry"]), append(sure, f.Confidence)
			}
		}
		return entries, sure
	}
	if got, sure := ranked(func(s *fact.Set) {
		s.Units = []fact.Unit{service("W3SVC", "running", 2), service("PeerDistSvc", "stopped", 3)}
	}); len(got) == 0 || got[0] != "iis" || sure[0] != diagnose.Likely || slices.Contains(got, "branchcache") {
		t.Errorf("%v %v", got, sure)
	}
	if got, sure := ranked(func(s *fact.Set) { s.Units = []fact.Unit{service("PeerDistSvc", "running", 3)} }); len(got) == 0 || got[0] != "branchcache" || sure[0] != diagnose.Likely {
		t.Errorf("%v %v", got, sure)
	}
	if got, _ := ranked(func(s *fact.Set) {
		s.Units = []fact.Unit{service("DcomLaunch", "running", 2), service("PeerDistSvc", "running", 3)}
	}); slices.Contains(got, "iis") {
		t.Errorf("IIS, of all the services that run: %v", got)
	}
	if got, _ := ranked(func(s *fact.Set) { s.Units = []fact.Unit{service("PeerDistSvc", "running", 3)} }); !slices.Contains(got, "iis") {
		t.Errorf("no IIS, of a part of the services: %v", got)
	}
	if got, sure := ranked(func(*fact.Set) {}); len(got) == 0 || slices.Contains(sure, diagnose.Likely) {
		t.Errorf("%v %v", got, sure)
	}
}

// A service that tasklist shows in a process runs.
func TestAServiceInAProcessRuns(t *testing.T) {
	likely := func(tied bool) bool {
		set := windows(false)
		set.Units = []fact.Unit{service("PeerDistSvc", "", 3)}
		set.Processes = append(set.Processes, fact.Process{ID: "proc:2668", PID: 2668, Name: "svchost.exe"})
		if tied {
			set.Links = append(set.Links, fact.Link{From: "proc:2668", To: set.Units[0].ID, Kind: fact.PartOf})
		}
		a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}})
		return slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool {
			return f.Rule == diagnose.RuleLikelyBehind && f.Args["entry"] == "branchcache" && f.Confidence == diagnose.Likely
		})
	}
	if !likely(true) || likely(false) {
		t.Error(likely(true), likely(false))
	}
}

// Whether a reservation has a listener no one knows while the kernel has the port
// and its listing was not read.
func TestReservedWithoutAListing(t *testing.T) {
	said := func(change func(*fact.Set)) bool {
		set := windows(false)
		set.Reservations = []fact.Reservation{{ID: "urlacl:x", URL: "http://+:80/x/", Port: 80}}
		change(&set)
		a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}})
		return slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleReservedOnly })
	}
	if said(func(*fact.Set) {}) {
		t.Error("said without a listing")
	}
	for name, change := range map[string]func(*fact.Set){
		"nobody has the port": func(s *fact.Set) { s.Sockets, s.Links = nil, nil },
		"an empty listing":    func(s *fact.Set) { s.Machine.Windows = &fact.WindowsNet{Registrations: true} },
		"a listing": func(s *fact.Set) {
			s.Registrations = []fact.Registration{{ID: "url:y", URL: "http://+:8080/", Port: 8080}}
		},
	} {
		if !said(change) {
			t.Errorf("%s: not said", name)
		}
	}
}

// Products that see binds are named where nothing else explains a refusal.
func TestFiltersAreNamed(t *testing.T) {
	set := idle(excluded(50000, 50059, false))
	set.Sockets = []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:135"), State: fact.Listen}}
	set.Filters = []fact.Filter{{ID: "filter:1", Kind: "wfp", Name: "callout", Provider: "Example Shield"}, {ID: "filter:2", Kind: "wfp", Provider: "Example Shield"}}
	refused := refusals.Read("windows", []refusals.Line{{Text: "listen tcp 0.0.0.0:80: bind: An attempt was made to access a socket in a way forbidden by its access permissions."}})
	a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}, Refusals: refused})
	i := slices.IndexFunc(a.Findings, func(f diagnose.Finding) bool { return f.Rule == diagnose.RuleDenied })
	if i < 0 || a.Findings[i].Args["why"] != "filter" || a.Findings[i].Args["filters"] != "Example Shield" {
		t.Errorf("%+v", a.Findings)
	}
}

// Which filter drivers there are matters only where nobody holds the port.
func TestGapsOfFilters(t *testing.T) {
	for held, want := range map[bool]int{true: 0, false: 1} {
		set := windows(false)
		if !held {
			set.Sockets, set.Links = nil, nil
		}
		set.Gaps = []fact.Gap{{Kind: fact.GapPermission, Subject: fact.FilterDrivers + " (Windows Filtering Platform)"}}
		if a := diagnose.Who(chain.NewIndex(&set), diagnose.Question{Endpoint: fact.Endpoint{Port: 80}}); len(a.Gaps) != want {
			t.Errorf("held %v: %+v", held, a.Gaps)
		}
	}
}
