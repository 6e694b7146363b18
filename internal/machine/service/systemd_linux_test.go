package service

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netstat"
	"github.com/berthd/berth/internal/machine/process"
	"github.com/berthd/berth/internal/testbed"
)

// look is what berth would ask this room about one port: its listeners, every
// process that holds one of them, and their ancestors.
func look(t *testing.T, port uint16, change func(*Query)) fact.Set {
	t.Helper()
	ctx := context.Background()
	sockets, err := netstat.Read(ctx, netstat.Query{Ports: []uint16{port}, Serving: true})
	if err != nil {
		t.Fatal(err)
	}
	holders, err := process.Holders(ctx, process.Query{Sockets: sockets.Sockets, AllHolders: true})
	if err != nil {
		t.Fatal(err)
	}
	q := Query{Processes: holders.Processes, Sockets: sockets.Sockets, Ports: []uint16{port}}
	if change != nil {
		change(&q)
	}
	s, err := Read(ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	s.Sockets, s.Processes = sockets.Sockets, holders.Processes
	return s
}

func unit(t *testing.T, s fact.Set, name string) fact.Unit {
	t.Helper()
	i := slices.IndexFunc(s.Units, func(u fact.Unit) bool { return u.Name == name })
	if i < 0 {
		t.Fatalf("no unit %s among %+v, gaps %+v", name, s.Units, s.Gaps)
	}
	return s.Units[i]
}

// linked are the short names of rows linked to a unit by kind: "nginx", "tcp 0.0.0.0:80".
func linked(s fact.Set, kind fact.LinkKind, to fact.ID) []string {
	var out []string
	for _, l := range s.Links {
		if l.Kind != kind || l.To != to {
			continue
		}
		name := string(l.From)
		for _, p := range s.Processes {
			if p.ID == l.From {
				name = p.Name
			}
		}
		for _, k := range s.Sockets {
			if k.ID == l.From {
				name = string(k.Proto) + " " + k.Local.String()
			}
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// cases are what a test looks at from within its machine, by name.
type cases map[string]func(*testing.T)

// within runs the case that this process was started for, if it was.
func (c cases) within(t *testing.T) bool {
	if !testbed.Inside() {
		return false
	}
	c[os.Getenv("BERTH_CASE")](t)
	return true
}

// run runs one case of the calling test in the machine as a user.
func (c cases) run(t *testing.T, m *testbed.Machine, user, name string) {
	t.Helper()
	if c[name] == nil {
		t.Fatalf("no case %q", name)
	}
	bin, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	const self = "/opt/self.test"
	m.Put(self, bin, 0o755)
	test, _, _ := strings.Cut(t.Name(), "/")
	argv := []string{"env", "BERTH_INSIDE=1", "BERTH_CASE=" + name, self, "-test.v", "-test.run", "^" + test + "$"}
	if user != "root" {
		argv = append([]string{"setpriv", "--reuid", user, "--regid=65534", "--clear-groups", "--inh-caps=-all"}, argv...)
	}
	r := m.Try(argv[0], argv[1:]...)
	if r.Code != 0 || !strings.Contains(r.Stdout, "--- PASS: "+test) {
		t.Fatalf("%s as %s: exit %d\n%s%s", name, user, r.Code, r.Stdout, r.Stderr)
	}
}

func TestSystemdTwoServers(t *testing.T) {
	c := cases{"TwoServers": insideTwoServers}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service", "apache2.service"),
		testbed.WithFile("/etc/systemd/system/apache2.service.d/second.conf", "[Unit]\nAfter=nginx.service\n"))
	m.AwaitUnit("nginx.service", "active")
	m.AwaitUnit("apache2.service", "failed")
	c.run(t, m, "root", "TwoServers")
}

func insideTwoServers(t *testing.T) {
	s := look(t, 80, func(q *Query) { q.Failed = true })
	nginx := unit(t, s, "nginx.service")
	want := fact.Unit{ID: "unit:nginx.service", Manager: Systemd, Name: "nginx.service", Type: "service",
		Description: "A high performance web server and a reverse proxy server", Load: "loaded", Active: "active", Sub: "running",
		FileState: "enabled", Restart: "no", Cgroup: "/system.slice/nginx.service",
		Fragment: "/lib/systemd/system/nginx.service", ExecStart: "/usr/sbin/nginx", KillMode: "mixed", Evidence: byBus,
		MainPID: nginx.MainPID, Changed: nginx.Changed}
	if d := cmp.Diff(want, nginx); d != "" || nginx.MainPID == 0 || nginx.Changed.IsZero() {
		t.Errorf("nginx.service (-want +got)\n%s", d)
	}
	if got := linked(s, fact.CreatedIn, nginx.ID); !slices.Equal(got, []string{"tcp 0.0.0.0:80", "tcp [::]:80"}) {
		t.Errorf("created in nginx.service: %q", got)
	}
	if got := linked(s, fact.PartOf, nginx.ID); !slices.Equal(got, []string{"nginx"}) {
		t.Errorf("part of nginx.service: %q", got)
	}
	mains := slices.DeleteFunc(slices.Clone(s.Links), func(l fact.Link) bool { return l.Kind != fact.MainOf || l.To != nginx.ID })
	if len(mains) != 1 {
		t.Errorf("main of nginx.service: %+v", mains)
	}
	apache := unit(t, s, "apache2.service")
	if apache.Active != "failed" || apache.Result != "exit-code" || apache.Restart != "on-abort" || apache.ExecStart != "/usr/sbin/apachectl" {
		t.Errorf("apache2.service: %+v", apache)
	}
	if !says(apache, "(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80") {
		t.Errorf("log of apache2.service: %+v", apache.Log)
	}
	if len(s.Gaps) > 0 {
		t.Errorf("gaps %+v", s.Gaps)
	}
	// The twin: not asked for failed units.
	for _, u := range look(t, 80, nil).Units {
		if u.Name == "apache2.service" || len(u.Log) > 0 {
			t.Errorf("not asked for, and there: %+v", u)
		}
	}
}

func says(u fact.Unit, text string) bool {
	return slices.ContainsFunc(u.Log, func(l fact.LogLine) bool { return l.Text == text && l.Evidence == "journal" && !l.At.IsZero() })
}

const webSocket = "[Socket]\nListenStream=80\n[Install]\nWantedBy=sockets.target\n"
const webService = "[Service]\nExecStart=sleep 1000\nRestart=always\n"

func TestSystemdSocketUnit(t *testing.T) {
	c := cases{"SocketUnit": insideSocketUnit, "Datagrams": insideDatagrams}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t, testbed.WithFile("/etc/systemd/system/web.socket", webSocket), testbed.WithFile("/etc/systemd/system/web.service", webService),
		testbed.WithFile("/etc/systemd/system/dns.socket", "[Socket]\nListenDatagram=127.0.0.1:80\n"), testbed.WithFile("/etc/systemd/system/dns.service", webService),
		testbed.WithEnabled("web.socket"))
	m.AwaitUnit("web.socket", "active")
	c.run(t, m, "root", "SocketUnit")
	c.run(t, m, "nobody", "SocketUnit")
	t.Run("datagrams are another's", func(t *testing.T) {
		m.Run("systemctl", "start", "dns.socket")
		c.run(t, m, "root", "Datagrams")
	})
}

func insideSocketUnit(t *testing.T) {
	s := look(t, 80, nil)
	web := unit(t, s, "web.socket")
	if web.Active != "active" || web.Sub != "listening" || web.Accept || web.BindIPv6Only != "default" || !slices.Equal(web.Triggers, []string{"web.service"}) {
		t.Errorf("web.socket: %+v", web)
	}
	want := []fact.ListenOn{{Kind: "Stream", Address: "[::]:80", Local: netip.MustParseAddrPort("[::]:80")}}
	if d := cmp.Diff(want, web.Listens, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); d != "" {
		t.Errorf("listens (-want +got)\n%s", d)
	}
	if got := linked(s, fact.ListensFor, web.ID); !slices.Equal(got, []string{"tcp [::]:80"}) {
		t.Errorf("listens for web.socket: %q", got)
	}
	service := unit(t, s, "web.service")
	if service.Active != "inactive" || service.Restart != "always" || service.MainPID != 0 || !slices.Equal(service.TriggeredBy, []string{"web.socket"}) {
		t.Errorf("web.service: %+v", service)
	}
	if got := linked(s, fact.Triggers, service.ID); !slices.Equal(got, []string{"unit:web.socket"}) {
		t.Errorf("triggers web.service: %q", got)
	}
}

func insideDatagrams(t *testing.T) {
	s := look(t, 80, nil)
	if got := linked(s, fact.ListensFor, unit(t, s, "dns.socket").ID); !slices.Equal(got, []string{"udp 127.0.0.1:80"}) {
		t.Errorf("listens for dns.socket: %q", got)
	}
	if got := linked(s, fact.ListensFor, unit(t, s, "web.socket").ID); !slices.Equal(got, []string{"tcp [::]:80"}) {
		t.Errorf("listens for web.socket: %q", got)
	}
}

func TestSystemdRestart(t *testing.T) {
	c := cases{"Restart": insideRestart}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t, testbed.WithFile("/etc/systemd/system/front.service",
		"[Service]\nExecStart=nginx -g 'daemon off;'\nRestart=always\nRestartSec=10ms\n"),
		testbed.WithFile("/etc/systemd/system/loop.service",
			"[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=nginx -g 'daemon off;'\nRestart=always\nRestartSec=1h\n"+
				"User=root\nNoNewPrivileges=true\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"),
		testbed.WithEnabled("nginx.service"))
	m.Run("systemctl", "stop", "nginx.service")
	m.Run("systemctl", "start", "front.service")
	m.Run("kill", m.Unit("front.service", "MainPID"))
	testbed.Await(t, "front.service to be started again", func() bool { return m.Unit("front.service", "NRestarts") == "1" })
	m.AwaitUnit("front.service", "active")
	m.Try("systemctl", "start", "loop.service")
	testbed.Await(t, "loop.service to wait for its restart", func() bool { return m.Unit("loop.service", "SubState") == "auto-restart" })
	c.run(t, m, "root", "Restart")
}

func insideRestart(t *testing.T) {
	s := look(t, 80, func(q *Query) { q.Failed = true })
	front := unit(t, s, "front.service")
	if front.Restart != "always" || front.NRestarts != 1 || front.FileState != "static" {
		t.Errorf("front.service: %+v", front)
	}
	loop := unit(t, s, "loop.service")
	if !loop.NoNewPrivs || loop.AmbientCaps != 1<<10 || loop.User != "root" || loop.ExitStatus != 1 || loop.Result != "exit-code" {
		t.Errorf("loop.service: %+v", loop)
	}
	if loop.Active != "activating" || loop.Sub != "auto-restart" || loop.Restart != "always" {
		t.Errorf("loop.service: %+v", loop)
	}
	if !slices.ContainsFunc(loop.Log, func(l fact.LogLine) bool {
		return strings.Contains(l.Text, "bind() to 0.0.0.0:80 failed (98: Address already in use)")
	}) {
		t.Errorf("log of loop.service: %+v", loop.Log)
	}
	for _, u := range s.Units {
		if u.Name == "nginx.service" {
			t.Errorf("stopped, not failed, and there: %+v", u)
		}
	}
}

// A unit that failed and left its server running: the kernel says whose it is, the
// manager that it is over.
func TestSystemdLeftBehind(t *testing.T) {
	c := cases{"LeftBehind": insideLeftBehind}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t, testbed.WithFile("/etc/systemd/system/left.service",
		"[Service]\nKillMode=process\nExecStart=sh -c 'nginx -g \"daemon off;\" & while ! ss -Hltn sport = 80 | grep -q .; do sleep 0.01; done; exit 3'\n"))
	m.Run("systemctl", "start", "left.service")
	m.AwaitUnit("left.service", "failed")
	c.run(t, m, "root", "LeftBehind")
}

func insideLeftBehind(t *testing.T) {
	s := look(t, 80, func(q *Query) { q.Failed = true })
	left := unit(t, s, "left.service")
	if left.Active != "failed" || left.KillMode != "process" || left.ExitStatus != 3 || left.Result != "exit-code" || left.Cgroup == "" {
		t.Errorf("left.service: %+v", left)
	}
	if got := linked(s, fact.PartOf, left.ID); !slices.Equal(got, []string{"nginx"}) {
		t.Errorf("part of left.service: %q", got)
	}
	if got := linked(s, fact.MainOf, left.ID); len(got) > 0 {
		t.Errorf("main of left.service: %q", got)
	}
}

func TestSystemdOrphanMaster(t *testing.T) {
	c := cases{"OrphanMaster": insideOrphanMaster}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t)
	m.Run("nginx") // by hand
	m.Try("systemctl", "start", "nginx.service")
	m.AwaitUnit("nginx.service", "failed")
	c.run(t, m, "root", "OrphanMaster")
}

func insideOrphanMaster(t *testing.T) {
	s := look(t, 80, func(q *Query) { q.Failed = true })
	nginx := unit(t, s, "nginx.service")
	master := slices.IndexFunc(s.Processes, func(p fact.Process) bool { return p.Name == "nginx" && p.PPID == 1 })
	if master < 0 {
		t.Fatalf("no master among %+v", s.Processes)
	}
	if nginx.Active != "failed" || nginx.ExecStart != s.Processes[master].Exe {
		t.Errorf("nginx.service: %+v, master %+v", nginx, s.Processes[master])
	}
	if got := linked(s, fact.PartOf, nginx.ID); len(got) > 0 {
		t.Errorf("part of the failed nginx.service: %q", got)
	}
	if got := linked(s, fact.CreatedIn, nginx.ID); len(got) > 0 {
		t.Errorf("created in the failed nginx.service: %q", got)
	}
}

func TestSystemdClosedBus(t *testing.T) {
	c := cases{"OpenBus": insideOpenBus, "ClosedBus": insideClosedBus}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t, testbed.WithEnabled("nginx.service"))
	m.AwaitUnit("nginx.service", "active")
	c.run(t, m, "nobody", "OpenBus")
	m.Run("chmod", "0700", "/run/dbus")
	c.run(t, m, "nobody", "ClosedBus")
	t.Run("root goes to the manager itself", func(t *testing.T) {
		m.Run("systemctl", "stop", "dbus.socket", "dbus.service")
		c.run(t, m, "root", "OpenBus")
	})
}

func insideOpenBus(t *testing.T) {
	s := look(t, 80, nil)
	if u := unit(t, s, "nginx.service"); u.Evidence != byBus || u.Active != "active" || len(s.Gaps) > 0 {
		t.Errorf("nginx.service: %+v, gaps %+v", u, s.Gaps)
	}
}

func insideClosedBus(t *testing.T) {
	s := look(t, 80, nil)
	u := unit(t, s, "nginx.service")
	want := fact.Unit{ID: "unit:nginx.service", Manager: Systemd, Name: "nginx.service", Type: "service",
		Cgroup: "/system.slice/nginx.service", Evidence: byCgroup}
	if d := cmp.Diff(want, u); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if got := linked(s, fact.CreatedIn, u.ID); !slices.Equal(got, []string{"tcp 0.0.0.0:80", "tcp [::]:80"}) {
		t.Errorf("created in nginx.service: %q", got)
	}
	if len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapNoBus || !strings.Contains(s.Gaps[0].Err, "permission denied") {
		t.Errorf("gaps %+v", s.Gaps)
	}
}

// The machine has no PAM module that would make a user's runtime folder.
const userManager = `[Service]
PAMName=
Environment=XDG_RUNTIME_DIR=/run/user/%i
ExecStartPre=+install -d -o %i -m 0700 /run/user/%i
`

func TestSystemdUserManager(t *testing.T) {
	c := cases{"Own": insideOwnManager, "Strange": insideStrangeManager}
	if c.within(t) {
		return
	}
	m := testbed.Boot(t, testbed.WithFile("/etc/systemd/system/user@.service.d/own.conf", userManager),
		testbed.WithFile("/etc/systemd/user/web.socket", "[Socket]\nListenStream=8080\n"),
		testbed.WithFile("/etc/systemd/user/web.service", webService))
	m.Run("systemctl", "start", "user@1000.service")
	m.Run("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "env", "XDG_RUNTIME_DIR=/run/user/1000", "systemctl", "--user", "start", "web.socket")
	c.run(t, m, "1000", "Own")
	c.run(t, m, "root", "Strange")
	c.run(t, m, "nobody", "Strange")
}

func insideOwnManager(t *testing.T) {
	s := look(t, 8080, nil)
	web := unit(t, s, "web.socket")
	if web.Manager != SystemdUser || web.UserUID != "1000" || web.ID != "unit:systemd --user/1000/web.socket" || web.Sub != "listening" {
		t.Errorf("web.socket: %+v", web)
	}
	if got := linked(s, fact.ListensFor, web.ID); !slices.Equal(got, []string{"tcp [::]:8080"}) {
		t.Errorf("listens for web.socket: %q", got)
	}
	if u := unit(t, s, "web.service"); u.Manager != SystemdUser || u.Restart != "always" || len(s.Gaps) > 0 {
		t.Errorf("web.service: %+v, gaps %+v", u, s.Gaps)
	}
}

func insideStrangeManager(t *testing.T) {
	s := look(t, 8080, nil)
	if len(s.Gaps) != 1 || s.Gaps[0].Kind != fact.GapNoBus || s.Gaps[0].Subject != "systemd --user of uid 1000" {
		t.Errorf("gaps %+v", s.Gaps)
	}
	for _, u := range s.Units {
		if u.Manager == SystemdUser && u.Evidence != byCgroup {
			t.Errorf("a stranger's manager was asked: %+v", u)
		}
	}
}
