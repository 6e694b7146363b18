package planning_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/paste"
)

// recorded are the machines that the manual's scripts are about, by file.
func recorded(t *testing.T, script string) map[string]*fact.Set {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("../../../cmd/berth/testdata/script", script))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*fact.Set{}
	for _, f := range a.Files {
		r, err := paste.Read(paste.Text{Name: f.Name, Data: f.Data})
		if err != nil || strings.HasSuffix(f.Name, "-who.txt") {
			continue
		}
		set := r.Set
		out[strings.TrimSuffix(f.Name, ".txt")] = &set
	}
	if len(out) == 0 {
		t.Fatalf("%s has no machine", script)
	}
	return out
}

func demo(t *testing.T) *fact.Set {
	t.Helper()
	var texts []paste.Text
	for _, name := range []string{"netstat.txt", "servicestate.txt", "tasklist.txt"} {
		b, err := os.ReadFile(filepath.Join("../../talk/demo/pid4", name))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, paste.Text{Name: name, Data: b})
	}
	r, err := paste.Read(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return &r.Set
}

// way is the plan for the way of this ID, among those that are listed.
func way(t *testing.T, set *fact.Set, port uint16, id string, w planning.Wish) (plan.Plan, *planning.Refusal) {
	t.Helper()
	x := chain.NewIndex(set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: port, Proto: fact.TCP}})
	list := ways.List(x, a, ways.Wanted{})
	found := ways.Asked(x, list, id)
	if len(found) != 1 {
		var have []string
		for _, r := range list {
			have = append(have, r.ID())
		}
		t.Fatalf("%s: %d of %v", id, len(found), have)
	}
	return planning.Make(x, a, found[0], w)
}

// The plan for PID 4 never starts with stopping HTTP, and of those that stop one
// thing each does.
func TestPID4NeverStartsWithHTTP(t *testing.T) {
	sets := recorded(t, "windows_machines.txtar")
	sets["demo"] = demo(t)
	planned := 0
	for name, set := range sets {
		x := chain.NewIndex(set)
		for _, port := range []uint16{80, 5985, 8080} {
			a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: port, Proto: fact.TCP}})
			list := ways.List(x, a, ways.Wanted{})
			for i, r := range list {
				if i == 0 && (r.Kind == catalog.Kernel || r.Kind == catalog.Kill) {
					t.Errorf("%s: %s comes first", name, r.ID())
				}
				p, ref := planning.Make(x, a, r, planning.Wish{})
				if ref == nil && len(p.Steps) > 0 {
					planned++
					if s := p.Steps[0]; strings.EqualFold(s.Subject.Name, "HTTP") && s.Subject.Kind == plan.Service {
						t.Errorf("%s, %s: %s", name, r.ID(), steps(p, ref))
					}
				}
			}
		}
	}
	if planned < 5 {
		t.Errorf("only %d plans have steps", planned)
	}
}

func TestKernelByName(t *testing.T) {
	p, ref := way(t, demo(t), 80, "kernel:HTTP", planning.Wish{})
	if got := steps(p, ref); !strings.HasPrefix(got, "service Spooler state=stopped\n") || !strings.HasSuffix(got, "\nservice HTTP state=stopped") {
		t.Fatal(got)
	}
	warned := map[string]string{}
	for _, w := range p.Warnings {
		warned[w.ID] = w.Args["services"]
	}
	if _, ok := warned["http-stop-hangs"]; !ok || !strings.HasPrefix(warned["kernel-dependents"], "Print Spooler (Spooler)") {
		t.Errorf("%v", p.Warnings)
	}
	if p.Cost.Risk != "high" || p.Cost.Privilege != "administrator" || p.Cost.Class != plan.Restartable {
		t.Errorf("%+v", p.Cost)
	}
	// The same machine without the spooler: the others come first all the same.
	set := demo(t)
	for i := range set.Units {
		if set.Units[i].Name == "Spooler" {
			set.Units[i].Active = "stopped"
		}
	}
	if p, ref := way(t, set, 80, "kernel:HTTP", planning.Wish{}); strings.Contains(steps(p, ref), "Spooler") || !strings.HasPrefix(steps(p, ref), "service PeerDistSvc") {
		t.Error(steps(p, ref))
	}
	// Nothing known of any service: nobody can say what goes down with it.
	set = demo(t)
	set.Units = nil
	if p, ref := way(t, set, 80, "kernel:HTTP", planning.Wish{}); steps(p, ref) != "refused: dependents-unknown" {
		t.Error(steps(p, ref))
	}
}

// From the machine's own book: each dependent before what it needs.
func TestDependentsStopFromOutside(t *testing.T) {
	set := demo(t)
	set.Units = nil
	manual, auto := uint32(3), uint32(2)
	add := func(name, active string, start *uint32, needs ...string) {
		set.Units = append(set.Units, fact.Unit{ID: fact.UnitID("scm", name), Manager: "scm", Name: name, Active: active,
			Windows: &fact.WindowsService{Start: start, DependsOn: needs}})
	}
	add("HTTP", "running", &manual, "MsQuic")
	add("SSDPSRV", "running", &manual, "HTTP")
	add("upnphost", "running", &manual, "SSDPSRV", "HTTP")
	add("Spooler", "running", &auto, "RPCSS", "http")
	add("Fax", "running", &manual, "Spooler")
	add("W3SVC", "stopped", &auto, "HTTP")
	add("RPCSS", "running", &auto)
	p, ref := way(t, set, 80, "kernel:HTTP", planning.Wish{})
	want := "service Fax state=stopped\nservice Spooler state=stopped\nservice upnphost state=stopped\nservice SSDPSRV state=stopped\nservice HTTP state=stopped"
	if got := steps(p, ref); got != want {
		t.Error(got)
	}
	if p.Steps[1].Before["state"] != "running" || p.Steps[1].Before["start"] != "auto" {
		t.Errorf("%+v", p.Steps[1])
	}
	if p.Cost.Survives {
		t.Error("the spooler starts at boot, and HTTP with it")
	}
}

func TestBehindHTTPSys(t *testing.T) {
	sets := recorded(t, "windows_machines.txtar")
	for _, c := range []struct {
		machine, id, want string
		port              uint16
	}{
		{"ssrs", "stop:ReportServer", "service ReportServer state=stopped", 80},
		{"branchcache", "stop:PeerDistSvc", "service PeerDistSvc state=stopped", 80},
		{"msdepsvc", "stop:MsDepSvc", "service MsDepSvc state=stopped", 80},
		{"msdepsvc", "startup:MsDepSvc", "service MsDepSvc state=stopped start=manual", 80},
		{"ssrs", "share", "refused: mediator-not-there", 80},
		{"ssrs", "iplisten", "refused: list-unknown", 80},
		{"ssrs", "split", "refused: list-unknown", 80},
	} {
		p, ref := way(t, sets[c.machine], c.port, c.id, planning.Wish{})
		if got := steps(p, ref); got != c.want {
			t.Errorf("%s, %s: %s", c.machine, c.id, got)
		}
	}
	set := sets["ssrs"]
	set.Machine.Windows = &fact.WindowsNet{ListenList: true}
	p, ref := way(t, set, 80, "iplisten", planning.Wish{})
	if got := steps(p, ref); got != "iplisten HTTP addresses=127.0.0.1" || !p.Cost.Reboot {
		t.Errorf("%s %+v", got, p.Cost)
	}
	p, ref = way(t, set, 80, "split", planning.Wish{})
	if got := steps(p, ref); got != "iplisten HTTP addresses=::" || len(p.Goal.Binds) != 1 || p.Goal.Binds[0].Addr != "0.0.0.0" || p.Goal.Binds[0].ReuseAddr {
		t.Errorf("%s %+v", got, p.Goal)
	}
}

// Damage that popular cures did is put right by a plan of its own.
func TestRepairs(t *testing.T) {
	damaged := recorded(t, "windows_damage.txtar")
	repair := func(set *fact.Set) map[string]string {
		x := chain.NewIndex(set)
		out := map[string]string{}
		for _, r := range ways.Repairs(x) {
			p, ref := planning.Make(x, diagnose.Answer{}, r, planning.Wish{})
			out[r.ID()] = steps(p, ref)
			if ref == nil && (len(p.Goal.Binds) > 0 || p.Cost.CutsOff != "") {
				t.Errorf("%s frees no port: %+v", r.ID(), p.Goal)
			}
		}
		return out
	}
	got := repair(damaged["pc"])
	if got["startup:HTTP"] != "service HTTP start=manual" && !strings.HasPrefix(strings.ToLower(got["startup:HTTP"]), "service http start=manual") {
		t.Errorf("%q", got)
	}
	if well := repair(damaged["well"]); well["startup:HTTP"] != "" {
		t.Errorf("nothing is wrong there: %q", well)
	}
	set := &fact.Set{Machine: fact.Machine{OS: "windows", Windows: &fact.WindowsNet{Reservations: true, ListenList: true}}}
	if got := repair(set)["startup:reservations"]; !strings.HasPrefix(got, "urlacl http://+:80/Temporary_Listen_Addresses/ exists=yes\n") {
		t.Errorf("%q", got)
	}
	gone := true
	set.Reservations = []fact.Reservation{{ID: "urlacl:x", URL: "http://+:8181/x/", SDDL: "D:(A;;GX;;;S-1-5-21-1)", Rights: []fact.PrefixRight{{SID: "S-1-5-21-1", Gone: &gone}}},
		{ID: "urlacl:y", URL: "http://*:5357/", Port: 5357}}
	got = repair(set)
	if got["startup:http://+:8181/x/"] != "urlacl http://+:8181/x/ exists=no" || got["startup:reservations"] != "" {
		t.Errorf("%q", got)
	}
}

func TestRemedyNamesAreFound(t *testing.T) {
	set := demo(t)
	x := chain.NewIndex(set)
	list := []remedy.Remedy{{Kind: catalog.Stop, Target: "pid-412"}, {Kind: catalog.Stop, Target: "W3SVC"}, {Kind: catalog.Port}}
	for id, want := range map[string]int{"stop": 2, "stop:w3svc": 1, "stop:pid:412": 1, "stop:412": 1, "stop:pid-412": 1, "stop:41": 0, "port": 1, "port:x": 0, "move": 0,
		"startup:http": 1, "startup": 0, "kill:pid-4": 0} {
		if got := ways.Asked(x, list, id); len(got) != want {
			t.Errorf("%s: %v", id, got)
		}
	}
}

// Switching the driver off is never suggested; asked for by name it says what breaks,
// and while it is off the same name puts it right.
func TestHTTPSwitchedOffByName(t *testing.T) {
	machine := func(start uint32) *fact.Set {
		set := demo(t)
		auto := uint32(2)
		set.Units = []fact.Unit{
			{ID: "unit:HTTP", Manager: "scm", Name: "HTTP", Active: "running", Windows: &fact.WindowsService{Start: &start}},
			{ID: "unit:Spooler", Manager: "scm", Name: "Spooler", Active: "stopped", Windows: &fact.WindowsService{Start: &auto, DependsOn: []string{"RPCSS", "http"}}},
		}
		return set
	}
	p, ref := way(t, machine(3), 80, "startup:http", planning.Wish{})
	if steps(p, ref) != "service HTTP start=disabled" || p.Cost.Risk != "high" || !p.Cost.Reboot || len(p.Warnings) != 1 || p.Warnings[0].Args["services"] != "Print Spooler (Spooler)" {
		t.Errorf("%s %+v", steps(p, ref), p)
	}
	p, ref = way(t, machine(4), 80, "startup:http", planning.Wish{})
	if steps(p, ref) != "service HTTP start=manual\nservice Spooler state=running" || p.Cost.Risk == "high" || len(p.Goal.Binds) > 0 {
		t.Errorf("%s %+v", steps(p, ref), p)
	}
}

func TestStartTypes(t *testing.T) {
	for start, want := range map[uint32]string{2: "service Web state=stopped start=manual", 3: "refused: not-enabled", 4: "refused: not-enabled"} {
		u := fact.Unit{Manager: "scm", Name: "Web", Active: "running", Windows: &fact.WindowsService{Start: &start}}
		r := remedy.Remedy{Kind: catalog.Startup, Target: "Web", About: "unit:Web"}
		if p, ref := forced(held(func(s *fact.Set) { s.Machine.OS = "windows" }, unit(u)), r, planning.Wish{}); steps(p, ref) != want {
			t.Errorf("%d: %s", start, steps(p, ref))
		}
	}
	no := false
	u := fact.Unit{Manager: "scm", Name: "Web", Active: "running", Windows: &fact.WindowsService{AcceptsStop: &no}}
	r := remedy.Remedy{Kind: catalog.Stop, Target: "Web", About: "unit:Web"}
	if p, ref := forced(held(func(s *fact.Set) { s.Machine.OS = "windows" }, unit(u)), r, planning.Wish{}); steps(p, ref) != "refused: takes-no-stop" {
		t.Error(steps(p, ref))
	}
}

func TestStopSite(t *testing.T) {
	set := recorded(t, "windows_machines.txtar")["ssrs"]
	x := chain.NewIndex(set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}})
	list := ways.List(x, a, ways.Wanted{Sites: []string{"Default Web Site"}})
	found := ways.Asked(x, list, "stop:site:Default Web Site")
	if len(found) != 1 {
		t.Fatal(list)
	}
	p, ref := planning.Make(x, a, found[0], planning.Wish{})
	if steps(p, ref) != "site site:Default Web Site running=no" {
		t.Error(steps(p, ref))
	}
}

// A worker of IIS stands for IIS, and one of anybody else for itself.
func TestWorkersOfIIS(t *testing.T) {
	for name, want := range map[string]string{"w3wp.exe": "service W3SVC state=stopped", "srv.exe": "process 20 state=gone"} {
		set := &fact.Set{Machine: fact.Machine{OS: "windows"},
			Sockets:       []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80"), State: fact.Listen}},
			Processes:     []fact.Process{{ID: "proc:4", PID: 4, Name: "System", Kernel: true}, {ID: "proc:20@7", PID: 20, Name: name}},
			Units:         []fact.Unit{{ID: "unit:W3SVC", Manager: "scm", Name: "W3SVC", Active: "running"}},
			Registrations: []fact.Registration{{ID: "url:1", URL: "HTTP://*:80/", Port: 80}},
			Queues:        []fact.Queue{{ID: "queue:1", Name: "x"}},
			Links: []fact.Link{{From: "sock:1", To: "proc:4", Kind: fact.HeldBy}, {From: "sock:1", To: "url:1", Kind: fact.TakenBy},
				{From: "url:1", To: "queue:1", Kind: fact.InQueue}, {From: "queue:1", To: "proc:20@7", Kind: fact.ServedBy}}}
		p, ref := forced(set, remedy.Remedy{Kind: remedy.Stop, About: "url:1"}, planning.Wish{})
		if got := steps(p, ref); got != want {
			t.Errorf("%s: %s", name, got)
		}
		p, ref = forced(set, remedy.Remedy{Kind: remedy.Move, About: "url:1"}, planning.Wish{})
		if got := steps(p, ref); (got == "needs holder's iis W3SVC") != (name == "w3wp.exe") {
			t.Errorf("%s: %s", name, got)
		}
		if p, ref = forced(set, remedy.Remedy{Kind: remedy.Stop, Target: "SERVICE", About: "proc:4"}, planning.Wish{}); steps(p, ref) != "refused: behind-unknown" {
			t.Error(steps(p, ref))
		}
	}
}

// The states of services, in the words of their driver.
func TestServiceStates(t *testing.T) {
	for active, want := range map[string]string{"running": "running", "stopped": "stopped", "starting": "start-pending", "stopping": "stop-pending",
		"continuing": "continue-pending", "pausing": "pause-pending", "paused": "paused", "": ""} {
		u := fact.Unit{Manager: "scm", Name: "Web", Active: active}
		p, ref := forced(held(func(s *fact.Set) { s.Machine.OS = "windows" }, unit(u)), remedy.Remedy{Kind: remedy.Stop, Target: "Web"}, planning.Wish{})
		if strings.HasSuffix(want, "-pending") {
			if ref == nil || ref.Reason.ID != "service-pending" || ref.Reason.Args["state"] != active {
				t.Errorf("%s: %+v", active, ref)
			}
			continue
		}
		if ref != nil || p.Steps[0].Before["state"] != want {
			t.Errorf("%s: %+v", active, p.Steps)
		}
	}
}

// What hangs on a service and is on its way somewhere keeps it from being stopped; what
// is paused is stopped before it, and what is stopped is left alone.
func TestStatesOfDependents(t *testing.T) {
	for active, want := range map[string]string{"stopping": "refused: service-pending", "paused": "service Fax state=stopped\nservice Web state=stopped", "stopped": "service Web state=stopped"} {
		web := fact.Unit{Manager: "scm", Name: "Web", Active: "running"}
		fax := fact.Unit{ID: "unit:Fax", Manager: "scm", Name: "Fax", Active: active, MainPID: 88, Windows: &fact.WindowsService{Kind: "own-process", DependsOn: []string{"web"}}}
		p, ref := forced(held(func(s *fact.Set) { s.Machine.OS = "windows"; s.Units = append(s.Units, fax) }, unit(web)), remedy.Remedy{Kind: remedy.Stop, Target: "Web"}, planning.Wish{})
		if got := steps(p, ref); got != want {
			t.Errorf("%s: %s", active, got)
		}
		if ref != nil && !slices.Equal(ref.Command[0], []string{"taskkill", "/F", "/PID", "88"}) {
			t.Error(ref.Command)
		}
	}
}

// What counts only from the next boot on starts nobody now, and expects the newcomer
// then only where it starts by itself.
func TestNewcomerAfterReboot(t *testing.T) {
	for start, want := range map[uint32]string{2: "service:Apache2.4", 3: ""} {
		set := recorded(t, "windows_machines.txtar")["ssrs"]
		set.Machine.Windows = &fact.WindowsNet{ListenList: true}
		set.Units = append(set.Units, fact.Unit{ID: "unit:Apache2.4", Manager: "scm", Name: "Apache2.4", Active: "stopped", Windows: &fact.WindowsService{Start: &start}})
		n, _ := planning.ParseNewcomer("apache")
		p, ref := way(t, set, 80, "iplisten", planning.Wish{Newcomer: n})
		if steps(p, ref) != "iplisten HTTP addresses=127.0.0.1" || p.Goal.Owner != want {
			t.Errorf("%d: %s, %q", start, steps(p, ref), p.Goal.Owner)
		}
	}
}

// An address that is gone is taken out of the listen list, and the others stay.
func TestRepairListenList(t *testing.T) {
	addr := func(s string) fact.ListenAddr {
		return fact.ListenAddr{ID: fact.ID("iplisten:" + s), Addr: netip.MustParseAddr(s)}
	}
	for own, want := range map[string]string{"10.0.0.5/8": "9.0.0.1 10.0.0.5", "10.0.0.6/8": "9.0.0.1"} {
		set := &fact.Set{Machine: fact.Machine{OS: "windows", Windows: &fact.WindowsNet{ListenList: true},
			Addrs: []fact.Addr{{Prefix: netip.MustParsePrefix("9.0.0.1/8")}, {Prefix: netip.MustParsePrefix(own)}}},
			ListenList: []fact.ListenAddr{addr("10.0.0.5"), addr("9.0.0.1")}}
		x := chain.NewIndex(set)
		p, ref := planning.Make(x, diagnose.Answer{}, remedy.Remedy{Kind: catalog.IPListen, Target: ways.ListenList}, planning.Wish{})
		if own == "10.0.0.5/8" {
			if steps(p, ref) != "refused: nothing-damaged" {
				t.Error(steps(p, ref))
			}
			continue
		}
		if steps(p, ref) != "iplisten HTTP addresses="+want || p.Steps[0].Before["addresses"] != "9.0.0.1 10.0.0.5" {
			t.Errorf("%s %+v", steps(p, ref), p.Steps)
		}
	}
}
