package planning_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/answer/remedy/ways"
	"github.com/berthd/berth/internal/fact"
)

func inContainer(c fact.Container) func(*fact.Set) {
	return func(s *fact.Set) {
		c.ID = "container:" + fact.ID(c.Engine) + "/x"
		s.Containers = append(s.Containers, c)
		s.Links = append(s.Links, fact.Link{From: "proc:10@7001", To: c.ID, Kind: fact.ForwardsTo})
	}
}

// What somebody else starts again is stopped there, or by nobody here.
func TestKeptContainer(t *testing.T) {
	web := fact.Container{Engine: "podman", Full: strings.Repeat("c", 64), Name: "web", State: "running"}
	unit := other(fact.Unit{Name: "web.service", Type: "service", Active: "active"})
	for keeper, want := range map[string]string{
		"":                    "container " + web.Full + " running=no",
		"systemd:web.service": "unit web.service active=inactive",
		"systemd:other.unit":  "refused: kept-by",
		"swarm:web":           "refused: kept-by",
		"kubernetes:web-0":    "refused: kept-by",
	} {
		c := web
		c.Keeper = keeper
		p, ref := asked(t, held(unit, inContainer(c)), "stop:web", planning.Wish{})
		if got := steps(p, ref); got != want {
			t.Errorf("%s: %s", keeper, got)
		}
	}
}

// Who uses a container's network stops before it, and starts behind it again.
func TestSharedNetwork(t *testing.T) {
	infra := fact.Container{Engine: "podman", Full: strings.Repeat("c", 64), Name: "infra", State: "running"}
	for network, want := range map[string]int{"container:" + infra.Full: 2, "container:infra": 2, "container:other": 1, "host": 1} {
		web := fact.Container{ID: "container:podman/web", Engine: "podman", Full: strings.Repeat("d", 64), Name: "web", State: "running", Network: network}
		p, ref := asked(t, held(inContainer(infra), func(s *fact.Set) { s.Containers = append(s.Containers, web) }), "stop:infra", planning.Wish{})
		if ref != nil || len(p.Steps) != want || p.Steps[want-1].Subject.Name != infra.Full {
			t.Errorf("%s: %s", network, steps(p, ref))
		}
		if want == 2 {
			stop := remedy.Remedy{Kind: remedy.Stop, Target: "web", About: web.ID}
			if q, ref := forced(held(inContainer(infra), func(s *fact.Set) { s.Containers = append(s.Containers, web) }), stop, planning.Wish{}); steps(q, ref) != steps(p, nil) {
				t.Errorf("asked of the other one: %s", steps(q, ref))
			}
		}
	}
}

// Reading a container may tell what the facts did not.
func TestLearned(t *testing.T) {
	step := plan.Step{Subject: plan.Subject{Kind: plan.Container, Name: "c"}, Before: plan.State{"name": "web", "running": "yes"}, After: plan.State{"running": "no"}, Class: plan.Restartable}
	for field, v := range map[string]string{"": "", "autoremove": "yes", "restart": "always", "keeper": "swarm:web"} {
		s := step
		s.Before = plan.State{"name": "web", "running": "yes", field: v}
		p, ref := planning.Learned(plan.Plan{Steps: []plan.Step{s}, Cost: plan.Cost{Class: plan.Restartable, Survives: true, Risk: "low"}})
		switch {
		case (ref != nil) != (field == "keeper"):
			t.Errorf("%s: %+v", field, ref)
		case ref != nil:
		case (p.Cost.Class == plan.Final && p.Steps[0].Class == plan.Final) != (field == "autoremove") || p.Cost.Survives == (field == "restart") || (len(p.Warnings) > 0) != (field != ""):
			t.Errorf("%s: %+v", field, p)
		}
		again, _ := planning.Learned(p)
		if d := cmp.Diff(p, again); d != "" {
			t.Errorf("%s, twice: %s", field, d)
		}
	}
}

// A container is stopped through its engine, and its forwarder is left alone.
func TestStopContainer(t *testing.T) {
	full := strings.Repeat("c", 64)
	web := fact.Container{Engine: "docker", Full: full, Name: "web", State: "running", Restart: "unless-stopped", Ports: []fact.PublishedPort{{Proto: fact.TCP, Host: netip.MustParseAddrPort("0.0.0.0:80"), Container: 80}}}
	engine := func(s *fact.Set) {
		s.Engines = []fact.Engine{{Name: "docker", User: "1000", Path: "/run/user/1000/docker.sock", State: "answered"}, {Name: "docker", Path: "/run/docker.sock", State: "answered"}}
	}
	p, ref := asked(t, held(engine, program("docker-proxy", "/usr/bin/docker-proxy"), inContainer(web)), "stop:web", planning.Wish{})
	if got := steps(p, ref); got != "container "+full+" running=no" {
		t.Fatal(got)
	}
	if s := p.Steps[0]; s.Subject.Of["socket"] != "/run/docker.sock" || s.Before["running"] != "yes" || s.Before["restart"] != "unless-stopped" {
		t.Errorf("%+v", s)
	}
	if p.Cost.Privilege != "root" || !p.Cost.Survives || len(p.Warnings) > 0 || p.Cost.Stops[0] != "container:web" {
		t.Errorf("%+v %v", p.Cost, p.Warnings)
	}
	if _, ref = asked(t, held(engine, inContainer(web)), "move:web", planning.Wish{}); ref == nil || ref.Reason.ID != "container-ports-fixed" || ref.Reason.Args["new"] != "8080:80" {
		t.Errorf("%+v", ref)
	}
	always := web
	always.Restart = "always"
	if p, _ = asked(t, held(engine, inContainer(always)), "stop:web", planning.Wish{}); p.Cost.Survives || len(p.Warnings) != 1 {
		t.Errorf("%+v %v", p.Cost, p.Warnings)
	}
	start := remedy.Remedy{Kind: remedy.Startup, Target: "web", About: "container:docker/x"}
	if p, ref = forced(held(engine, inContainer(always)), start, planning.Wish{}); steps(p, ref) != "container "+full+" running=no restart=no" || !p.Cost.Survives || len(p.Warnings) > 0 {
		t.Errorf("%s %+v", steps(p, ref), p)
	}
	once := web
	once.AutoRemove = true
	if p, _ = asked(t, held(engine, inContainer(once)), "stop:web", planning.Wish{}); p.Steps[0].Class != plan.Final || p.Cost.Class != plan.Final || len(p.Warnings) != 1 || p.Warnings[0].ID != "container-vanishes" {
		t.Errorf("%+v", p)
	}
	mine := web
	mine.User = "1000"
	if p, _ = asked(t, held(engine, inContainer(mine)), "stop:web", planning.Wish{}); p.Cost.Privilege != "none" || p.Steps[0].Subject.Of["socket"] != "/run/user/1000/docker.sock" {
		t.Errorf("%+v", p.Cost)
	}
	short := web
	short.Full = "web"
	if p, ref = asked(t, held(inContainer(short)), "stop:web", planning.Wish{}); steps(p, ref) != "refused: identity-unknown" {
		t.Error(steps(p, ref))
	}
	nspawn := web
	nspawn.Engine = "nspawn"
	if p, ref = asked(t, held(inContainer(nspawn)), "stop:web", planning.Wish{}); steps(p, ref) != "refused: by-hand" || len(ref.Command) == 0 {
		t.Error(steps(p, ref))
	}
}

func TestStartupDisables(t *testing.T) {
	p, ref := asked(t, held(unit(nginx)), "startup:nginx.service", planning.Wish{})
	if got := steps(p, ref); got != "unit nginx.service active=inactive enabled=disabled" || !p.Cost.Survives {
		t.Errorf("%s %+v", got, p.Cost)
	}
	failed := fact.Unit{Name: "apache2.service", Type: "service", Active: "failed", FileState: "enabled"}
	r := remedy.Remedy{Kind: remedy.Startup, Target: "apache2.service", About: "unit:apache2.service"}
	if p, ref = forced(held(unit(nginx), other(failed)), r, planning.Wish{}); steps(p, ref) != "unit apache2.service enabled=disabled" || len(p.Goal.Binds) > 0 {
		t.Errorf("a newcomer that is not wanted frees no port: %s %+v", steps(p, ref), p.Goal)
	}
	static := nginx
	static.FileState = "static"
	r = remedy.Remedy{Kind: remedy.Startup, Target: "nginx.service", About: "unit:nginx.service"}
	if p, ref = forced(held(unit(static)), r, planning.Wish{}); steps(p, ref) != "refused: not-enabled" {
		t.Error(steps(p, ref))
	}
	web := fact.Unit{Name: "web.service", Type: "service", Active: "active", FileState: "static", TriggeredBy: []string{"web.socket"}}
	sock := fact.Unit{Name: "web.socket", Type: "socket", Active: "active", FileState: "enabled", Triggers: []string{"web.service"}}
	r = remedy.Remedy{Kind: remedy.Startup, Target: "web.service", About: "unit:web.service"}
	want := "on undo unit web.service active=active\nunit web.socket active=inactive enabled=disabled\non do unit web.service active=inactive"
	if p, ref = forced(held(unit(web), other(sock)), r, planning.Wish{}); steps(p, ref) != want {
		t.Error(steps(p, ref))
	}
}

// A supervisor of its own is asked in the words of its driver.
func TestSupervised(t *testing.T) {
	for _, c := range []struct {
		u    fact.Unit
		of   string
		priv string
	}{
		{fact.Unit{Manager: "supervisord", Name: "web"}, "/etc/sv.conf", "root"},
		{fact.Unit{Manager: "runit", Name: "web"}, "", "root"},
		{fact.Unit{Manager: "pm2", Name: "web"}, "", "none"},
	} {
		set := held(func(s *fact.Set) {
			s.Processes[0].PPID = 5
			s.Processes = append(s.Processes, fact.Process{ID: "proc:5@1", PID: 5, PPID: 1, Name: "supervisord", Args: []string{"python3", "/usr/bin/supervisord", "-n", "-c", "/etc/sv.conf"}})
		}, unit(c.u))
		p, ref := asked(t, set, "stop:web", planning.Wish{})
		if steps(p, ref) != "supervised web running=no" || p.Steps[0].Subject.Of["supervisor"] != c.u.Manager || p.Steps[0].Subject.Of["config"] != c.of || p.Cost.Privilege != c.priv || p.Cost.Survives {
			t.Errorf("%s: %s %+v", c.u.Manager, steps(p, ref), p)
		}
	}
	if p, ref := asked(t, held(unit(fact.Unit{Manager: "monit", Name: "web"})), "stop:web", planning.Wish{}); steps(p, ref) != "refused: by-hand" {
		t.Error(steps(p, ref))
	}
}

// What would start the holder again goes before it.
func TestReloaderGoesFirst(t *testing.T) {
	set := held(func(s *fact.Set) {
		s.Processes[0].PPID = 5
		s.Processes = append(s.Processes, fact.Process{ID: "proc:5@1", PID: 5, PPID: 1, Name: "node"})
		s.Units = []fact.Unit{{ID: "unit:nodemon", Manager: "nodemon", Name: "nodemon", Restart: "on-change", MainPID: 5}}
		s.Links = append(s.Links, fact.Link{From: "proc:10@7001", To: "unit:nodemon", Kind: fact.StartedBy})
	})
	p, ref := asked(t, set, "stop:nodemon", planning.Wish{})
	if got := steps(p, ref); got != "process 5 state=gone\nprocess 10 state=gone" {
		t.Error(got)
	}
	set.Machine.Asker.Parent = 5
	if p, ref = asked(t, set, "stop:nodemon", planning.Wish{}); steps(p, ref) != "refused: never-signalled" {
		t.Error(steps(p, ref))
	}
}

func TestSeveralServicesInOneProcess(t *testing.T) {
	set := held(func(s *fact.Set) { s.Machine.OS = "windows" }, unit(fact.Unit{Manager: "scm", Name: "A"}), unit(fact.Unit{Manager: "scm", Name: "B"}))
	for _, k := range []remedy.Kind{remedy.Stop, catalog.Kill} {
		if p, ref := forced(set, remedy.Remedy{Kind: k, Target: "pid-10", About: "proc:10@7001"}, planning.Wish{}); steps(p, ref) != "refused: several-services" {
			t.Errorf("%s: %s", k, steps(p, ref))
		}
	}
}

// While another copy of the newcomer has the port, nobody else is killed, and the
// copy is ended before anything else is.
func TestOwnCopy(t *testing.T) {
	set := held(func(s *fact.Set) {
		s.Sockets = append(s.Sockets, fact.Socket{ID: "sock:2", Proto: fact.TCP, State: fact.Listen, Local: netip.MustParseAddrPort("127.0.0.1:80"), Linux: &fact.LinuxSocket{Inode: 2}})
		s.Processes = append(s.Processes, fact.Process{ID: "proc:20@1", PID: 20, Name: "dev", Exe: "/srv/dev"}, fact.Process{ID: "proc:21@1", PID: 21, Name: "dev", Exe: "/srv/dev"})
		s.Links = append(s.Links, fact.Link{From: "sock:2", To: "proc:20@1", Kind: fact.HeldBy})
	})
	list := func(n planning.Newcomer) (string, diagnose.Answer, *chain.Index) {
		x := chain.NewIndex(set)
		a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}, Newcomer: n.In(x)})
		var ids []string
		for _, r := range ways.List(x, a, ways.Wanted{}) {
			ids = append(ids, r.ID())
		}
		return strings.Join(ids, " "), a, x
	}
	n, _ := planning.ParseNewcomer("pid:21")
	got, a, x := list(n)
	if strings.Contains(got, "kill:pid-10") || !strings.Contains(got, "kill:pid-20") || strings.Index(got, "stop:pid-20") > strings.Index(got, "stop:pid-10") {
		t.Error(got)
	}
	if _, ref := planning.Make(x, a, remedy.Remedy{Kind: catalog.Kill, Target: "pid-10", About: "proc:10@7001"}, planning.Wish{}); ref == nil || ref.Reason.ID != "own-copy-holds" {
		t.Errorf("%+v", ref)
	}
	if got, _, _ = list(planning.Newcomer{}); !strings.Contains(got, "kill:pid-10") || !strings.HasSuffix(got, "kill:pid-10 kill:pid-20") {
		t.Error(got)
	}
}

func TestKillIsForced(t *testing.T) {
	r := remedy.Remedy{Kind: catalog.Kill, Target: "pid-10", About: "proc:10@7001"}
	p, ref := forced(held(), r, planning.Wish{})
	if steps(p, ref) != "process 10 state=gone" || p.Steps[0].Subject.Of["force"] != "yes" || p.Cost.Risk != "high" {
		t.Errorf("%+v", p)
	}
	if p, ref = forced(held(unit(nginx)), r, planning.Wish{}); steps(p, ref) != "refused: stop-it-instead" {
		t.Error(steps(p, ref))
	}
}

func TestOrder(t *testing.T) {
	apache := fact.Unit{Name: "apache2.service", Type: "service", Active: "failed", FileState: "enabled"}
	n, _ := planning.ParseNewcomer("apache")
	r := remedy.Remedy{Kind: catalog.Order, Target: "nginx.service", About: "unit:nginx.service"}
	p, ref := forced(held(unit(nginx), other(apache)), r, planning.Wish{Newcomer: n})
	want := `on undo unit nginx.service active=active
on undo reload systemd
file /etc/systemd/system/apache2.service.d/berth-order.conf exists=yes
on do reload systemd
on undo unit apache2.service active=inactive`
	if diff := cmp.Diff(want, steps(p, ref)); diff != "" {
		t.Fatal(diff)
	}
	if !strings.Contains(p.Steps[2].After["content"], "[Unit]\nBefore=nginx.service\n") {
		t.Errorf("%q", p.Steps[2].After["content"])
	}
	if p, ref = forced(held(unit(nginx)), r, planning.Wish{}); steps(p, ref) != "refused: order-needs-newcomer" {
		t.Error(steps(p, ref))
	}
	auto := uint32(2)
	win := func(s *fact.Set) { s.Machine.OS = "windows" }
	web := fact.Unit{Manager: "scm", Name: "Web", Active: "running", Windows: &fact.WindowsService{Start: &auto}}
	apache24 := fact.Unit{Manager: "scm", Name: "Apache2.4", Active: "stopped", Windows: &fact.WindowsService{Start: &auto}}
	r = remedy.Remedy{Kind: catalog.Order, Target: "Web", About: "unit:Web"}
	p, ref = forced(held(win, unit(web), other(apache24)), r, planning.Wish{Newcomer: n})
	if got := steps(p, ref); got != "service Web state=stopped start=auto-delayed\non undo service Apache2.4 state=stopped\non do service Apache2.4 state=running" || p.Goal.Owner != "service:Apache2.4" {
		t.Errorf("%s %+v", got, p.Goal)
	}
	web.Windows = &fact.WindowsService{Start: &auto, Delayed: true}
	if p, ref = forced(held(win, unit(web), other(apache24)), r, planning.Wish{Newcomer: n}); steps(p, ref) != "refused: order-start-type" {
		t.Error(steps(p, ref))
	}
}

func TestExclude(t *testing.T) {
	r := remedy.Remedy{Kind: catalog.Exclude, Target: "80"}
	ranges := func(s *fact.Set) {
		s.Ranges = []fact.Range{{Kind: fact.Reserved, From: 8000, To: 8002}, {Kind: fact.Reserved, From: 81, To: 81}, {Kind: fact.Excluded, From: 1, To: 9}}
	}
	p, ref := forced(held(ranges), r, planning.Wish{})
	want := "sysctl net.ipv4.ip_local_reserved_ports value=80-81,8000-8002\nfile /etc/sysctl.d/90-berth-reserved-ports.conf exists=yes"
	if got := steps(p, ref); got != want || p.Steps[0].Before["value"] != "81,8000-8002" || len(p.Goal.Binds) > 0 {
		t.Errorf("%s %+v", got, p.Steps[0])
	}
	win := func(s *fact.Set) { s.Machine.OS = "windows" }
	dance := "on undo service winnat state=running\non do service winnat state=stopped\nexcluded-range tcp 80-80 exists=yes\non do service winnat state=running"
	if p, ref = forced(held(win), r, planning.Wish{}); steps(p, ref) != dance || p.Cost.Downtime != "moment" {
		t.Errorf("%s %+v", steps(p, ref), p.Cost)
	}
	if p, ref = forced(held(win, other(fact.Unit{Manager: "scm", Name: "WinNat", Active: "stopped"})), r, planning.Wish{}); steps(p, ref) != "excluded-range tcp 80-80 exists=yes" {
		t.Error("nothing is stopped that does not run:", steps(p, ref))
	}
	if p, ref = forced(held(func(s *fact.Set) { s.Machine.OS = "darwin" }), r, planning.Wish{}); steps(p, ref) != "refused: not-on-this-os" {
		t.Error(steps(p, ref))
	}
}

func TestPortProxy(t *testing.T) {
	set := held(func(s *fact.Set) {
		s.Machine.OS = "windows"
		s.Redirects = []fact.Redirect{{ID: "redirect:1", Kind: "portproxy", Proto: fact.TCP, Dst: netip.MustParsePrefix("127.0.0.1/32"), From: 80, Last: 80, To: "[::1]:8080"}}
	})
	p, ref := asked(t, set, "move:portproxy", planning.Wish{})
	if steps(p, ref) != "portproxy v4tov6 127.0.0.1:80 exists=no" || p.Steps[0].Before["to"] != "[::1]:8080" {
		t.Errorf("%s %+v", steps(p, ref), p.Steps)
	}
}

// Who came over what the plan touches might not come back.
func TestCutsOff(t *testing.T) {
	port := func(n uint16) fact.Endpoint { return fact.Endpoint{Port: n, Proto: fact.TCP} }
	at := func(n uint16) func(*fact.Set) {
		return func(s *fact.Set) { s.Sockets[0].Local = netip.AddrPortFrom(netip.IPv4Unspecified(), n) }
	}
	overSSH := func(s *fact.Set) {
		s.Processes[4].Name = "sshd" // above the asker's shell
		s.Processes[0].Name = "sshd"
	}
	for _, c := range []struct {
		name string
		set  *fact.Set
		port uint16
		want string
	}{
		{"a web server", held(unit(nginx)), 80, ""},
		{"ssh's port", held(at(22), unit(nginx)), 22, "ssh"},
		{"ssh elsewhere, and the asker came over it", held(at(2222), unit(nginx), overSSH), 2222, "ssh"},
		{"a web server, and the asker came over ssh", held(unit(nginx), func(s *fact.Set) { s.Processes[4].Name = "sshd" }), 80, ""},
		{"names", held(at(53), unit(nginx)), 53, "dns"},
		{"remote desktop", held(at(3389), unit(nginx)), 3389, "rdp"},
		{"remote management", held(at(5985), unit(nginx)), 5985, "winrm"},
	} {
		x := chain.NewIndex(c.set)
		a := diagnose.Who(x, diagnose.Question{Endpoint: port(c.port)})
		for kind, want := range map[remedy.Kind]string{remedy.Stop: c.want, remedy.Port: ""} {
			p, ref := planning.Make(x, a, remedy.Remedy{Kind: kind, Target: map[remedy.Kind]string{remedy.Stop: "nginx.service"}[kind], About: "unit:nginx.service"}, planning.Wish{})
			if ref != nil && ref.Need == nil || ref == nil && p.Cost.CutsOff != want {
				t.Errorf("%s, %s: %q %v", c.name, kind, p.Cost.CutsOff, ref)
			}
			if ref == nil && (p.Cost.Risk == "high") != (want != "") {
				t.Errorf("%s, %s: risk %s", c.name, kind, p.Cost.Risk)
			}
		}
	}
}

// What has ended for good does not go back because nobody confirms it.
func TestCutOffForGood(t *testing.T) {
	for port, want := range map[uint16]string{22: "cut-off-stays", 80: ""} {
		set := held(func(s *fact.Set) { s.Sockets[0].Local = netip.AddrPortFrom(netip.IPv4Unspecified(), port) })
		x := chain.NewIndex(set)
		a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: port, Proto: fact.TCP}})
		p, ref := planning.Make(x, a, remedy.Remedy{Kind: remedy.Stop, About: set.Processes[0].ID}, planning.Wish{})
		got := ""
		for _, w := range p.Warnings {
			got += w.ID
		}
		if ref != nil || p.Cost.Class != plan.Final || p.Cost.CutsOff != "" || got != want || (p.Cost.Risk == "high") != (want != "") {
			t.Errorf("port %d: %v %+v %q", port, ref, p.Cost, got)
		}
	}
}

// Moving a network of WordPress sites stands behind sharing, and only then.
func TestNetworkRanksShareFirst(t *testing.T) {
	x := chain.NewIndex(held(unit(nginx)))
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}})
	for _, c := range []struct {
		defines map[string]string
		first   string
	}{{map[string]string{"MULTISITE": "true"}, "share"}, {map[string]string{"DB_NAME": "x"}, "port"}} {
		list := ways.List(x, a, ways.Wanted{Roots: []fact.DocRoot{wordpress(c.defines)}})
		if string(list[0].Kind) != c.first {
			t.Errorf("%v: %s comes first", c.defines, list[0].ID())
		}
	}
}

func TestGoal(t *testing.T) {
	x := chain.NewIndex(held(unit(nginx)))
	n, _ := planning.ParseNewcomer("192.0.2.1:80")
	for name, c := range map[string]struct {
		e    fact.Endpoint
		w    planning.Wish
		want string
	}{
		"any":      {fact.Endpoint{Port: 80}, planning.Wish{}, "0.0.0.0 ::"},
		"loopback": {fact.Endpoint{Port: 80, Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, planning.Wish{}, "127.0.0.1"},
		"newcomer": {fact.Endpoint{Port: 80}, planning.Wish{Newcomer: n}, "192.0.2.1"},
	} {
		a := diagnose.Who(x, diagnose.Question{Endpoint: c.e})
		p, ref := planning.Make(x, a, remedy.Remedy{Kind: remedy.Stop, Target: "nginx.service"}, c.w)
		if ref != nil {
			t.Fatal(ref)
		}
		var got []string
		for _, b := range p.Goal.Binds {
			got = append(got, b.Addr)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	none := held(unit(nginx), func(s *fact.Set) { s.Machine.Linux = &fact.LinuxNet{NoIPv6: true} })
	p, _ := asked(t, none, "stop:nginx.service", planning.Wish{})
	if len(p.Goal.Binds) != 1 {
		t.Errorf("%+v", p.Goal)
	}
	if p.Cost.Class != plan.Restartable {
		t.Error(p.Cost.Class)
	}
}

// A newcomer that stands in its own way puts itself right, and nobody else is touched.
func TestOwnFaults(t *testing.T) {
	failed := func(line string) *fact.Set {
		return &fact.Set{Machine: fact.Machine{OS: "linux"}, Units: []fact.Unit{{ID: "unit:nginx.service", Manager: "systemd", Name: "nginx.service", Type: "service", Load: "loaded", Active: "failed", Result: "exit-code",
			Log: []fact.LogLine{{Text: line}}}}}
	}
	for _, c := range []struct{ line, id, want string }{
		{"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)", "move:nginx.service", "needs newcomer's nginx nginx.service"},
		{"nginx: [emerg] bind() to 192.0.2.7:80 failed (99: Cannot assign requested address)", "order:network-online",
			"on undo reload systemd\nfile /etc/systemd/system/nginx.service.d/berth-network.conf exists=yes\non do reload systemd\non undo unit nginx.service active=inactive\non do unit nginx.service active=active"},
		{"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)", "", ""},
	} {
		set := failed(c.line)
		x := chain.NewIndex(set)
		a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}})
		list := ways.List(x, a, ways.Wanted{})
		if c.id == "" {
			if len(list) > 0 {
				t.Errorf("%s: %v", c.line, list)
			}
			continue
		}
		if len(list) != 1 || list[0].ID() != c.id {
			t.Fatalf("%s: %v", c.line, list)
		}
		p, ref := planning.Make(x, a, list[0], planning.Wish{})
		if got := steps(p, ref); got != c.want || ref != nil && !ref.Need.Once {
			t.Errorf("%s: %s", c.line, got)
		}
		if ref != nil {
			conf := planning.Config{Whose: planning.New, Server: "nginx", Files: []planning.FileChange{{Path: "/etc/nginx/a"}}}
			p, ref = planning.Make(x, a, list[0], planning.Wish{Configs: []planning.Config{conf}})
			if got := steps(p, ref); got != "file /etc/nginx/a\non undo unit nginx.service active=inactive\non do unit nginx.service active=active" {
				t.Error(got)
			}
		}
		if p.Goal.Owner != "unit:nginx.service" || p.For != "unit:nginx.service" {
			t.Errorf("%+v", p.Goal)
		}
	}
}

// Without a name, the unit that failed for want of the port is the newcomer.
func TestFailedUnitIsTheNewcomer(t *testing.T) {
	apache := fact.Unit{Name: "apache2.service", Type: "service", Load: "loaded", Active: "failed", Result: "exit-code",
		Log: []fact.LogLine{{Text: "(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80"}}}
	for _, c := range []struct{ name, want string }{{"", "unit:apache2.service"}, {"pid:99", ""}} {
		n, _ := planning.ParseNewcomer(c.name)
		p, ref := asked(t, held(unit(nginx), other(apache)), "stop:nginx.service", planning.Wish{Newcomer: n})
		if ref != nil || p.Goal.Owner != c.want {
			t.Errorf("%q: %+v %v", c.name, p.Goal, ref)
		}
	}
}

// The binds of a goal have the flags of the system's usual server.
func TestBindFlags(t *testing.T) {
	for _, c := range []struct {
		os    string
		proto fact.Proto
		reuse bool
	}{{"linux", fact.TCP, true}, {"linux", fact.UDP, false}, {"darwin", fact.TCP, true}, {"windows", fact.TCP, false}} {
		set := held(unit(nginx))
		set.Machine.OS, set.Sockets[0].Proto = c.os, c.proto
		x := chain.NewIndex(set)
		a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: c.proto}})
		p, ref := planning.Make(x, a, remedy.Remedy{Kind: remedy.Stop, Target: "nginx.service"}, planning.Wish{})
		if ref != nil || len(p.Goal.Binds) != 2 {
			t.Fatal(ref, p.Goal)
		}
		four, six := p.Goal.Binds[0], p.Goal.Binds[1]
		if four.ReuseAddr != c.reuse || four.Proto != c.proto || four.V6Only != nil || six.V6Only == nil || !*six.V6Only {
			t.Errorf("%s %s: %+v %+v", c.os, c.proto, four, six)
		}
	}
}

func TestStoppedProcess(t *testing.T) {
	for state, want := range map[string]string{"stopped": "stopped", "running": "running", "": "running"} {
		p, ref := asked(t, held(func(s *fact.Set) { s.Processes[0].State = state }), "stop:pid-10", planning.Wish{})
		if ref != nil || p.Steps[0].Before["state"] != want {
			t.Errorf("%q: %+v", state, p.Steps)
		}
	}
}
