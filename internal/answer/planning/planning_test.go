package planning_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// held is a Linux machine on which one process has 0.0.0.0:80.
func held(changes ...func(*fact.Set)) *fact.Set {
	uid := uint32(1000)
	set := &fact.Set{
		Machine: fact.Machine{OS: "linux", Asker: &fact.Asker{PID: 99, Parent: 98, Session: 97, UID: 1000}},
		Sockets: []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:80"), State: fact.Listen,
			Linux: &fact.LinuxSocket{Inode: 1}}},
		Processes: []fact.Process{
			{ID: "proc:10@7001", PID: 10, PPID: 1, Name: "web", Exe: "/srv/web", Cwd: "/srv", User: "joe", UID: &uid},
			{ID: "proc:99@7099", PID: 99, PPID: 98, Name: "berth"},
			{ID: "proc:98@7098", PID: 98, PPID: 97, Name: "bash"},
			{ID: "proc:97@7097", PID: 97, PPID: 96, Name: "bash"},
			{ID: "proc:96@7096", PID: 96, PPID: 1, Name: "xterm"},
		},
		Links: []fact.Link{{From: "sock:1", To: "proc:10@7001", Kind: fact.HeldBy}},
	}
	for _, c := range changes {
		c(set)
	}
	return set
}

// unit makes the holder part of a unit.
func unit(u fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		if u.Manager == "" {
			u.Manager = "systemd"
		}
		u.ID = fact.UnitID(u.Manager, u.Name)
		s.Units = append(s.Units, u)
		s.Links = append(s.Links, fact.Link{From: "proc:10@7001", To: u.ID, Kind: fact.PartOf})
	}
}

// other adds a unit that does not hold the port.
func other(u fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		if u.Manager == "" {
			u.Manager = "systemd"
		}
		u.ID = fact.UnitID(u.Manager, u.Name)
		s.Units = append(s.Units, u)
	}
}

var nginx = fact.Unit{Name: "nginx.service", Type: "service", Active: "active", FileState: "enabled", Restart: "no"}

// asked is the plan for a remedy that berth suggests.
func asked(t *testing.T, set *fact.Set, id string, w planning.Wish) (plan.Plan, *planning.Refusal) {
	t.Helper()
	x := chain.NewIndex(set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}, Newcomer: w.Newcomer.In(x)})
	var have []string
	for _, r := range remedy.Suggest(a, x) {
		if r.ID() == id {
			return planning.Make(x, a, r, w)
		}
		have = append(have, r.ID())
	}
	t.Fatalf("no %s in %v", id, have)
	return plan.Plan{}, nil
}

// forced is the plan for a remedy that was named by hand.
func forced(set *fact.Set, r remedy.Remedy, w planning.Wish) (plan.Plan, *planning.Refusal) {
	x := chain.NewIndex(set)
	a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}})
	return planning.Make(x, a, r, w)
}

// steps is a plan in a line a step: phase, kind, name, what changes.
func steps(p plan.Plan, ref *planning.Refusal) string {
	if ref != nil {
		if ref.Need != nil {
			return fmt.Sprintf("needs %s's %s %s", ref.Need.Whose, ref.Need.Server, ref.Need.Unit)
		}
		return "refused: " + ref.Reason.ID
	}
	var out []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%s %s", s.Subject.Kind, s.Subject.Name)
		if s.On != plan.Always {
			line = "on " + string(s.On) + " " + line
		}
		for _, f := range []string{"active", "enabled", "state", "start", "running", "restart", "exists", "value", "addresses", "valid"} {
			if v, ok := s.After[f]; ok {
				line += " " + f + "=" + v
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestStopUnit(t *testing.T) {
	p, ref := asked(t, held(unit(nginx)), "stop:nginx.service", planning.Wish{})
	if got := steps(p, ref); got != "unit nginx.service active=inactive" {
		t.Fatal(got)
	}
	s := p.Steps[0]
	if s.Before["active"] != "active" || s.Before["enabled"] != "enabled" || s.Subject.Of["manager"] != "system" || s.Class != plan.Restartable {
		t.Errorf("%+v", s)
	}
	if c := p.Cost; c.Privilege != "root" || c.Survives || c.Downtime != "until-undone" || c.CutsOff != "" || len(c.Stops) != 1 {
		t.Errorf("%+v", c)
	}
	if len(p.Was) != 1 || p.Was[0].Owner != "unit:nginx.service" {
		t.Errorf("%+v", p.Was)
	}
	if g := p.Goal; len(g.Binds) != 2 || g.Owner != "" || !g.Binds[0].ReuseAddr || g.Binds[1].V6Only == nil || g.Settle != planning.DefaultSettle {
		t.Errorf("%+v", g)
	}
	disabled := nginx
	disabled.FileState = "disabled"
	if p, _ = asked(t, held(unit(disabled)), "stop:nginx.service", planning.Wish{}); !p.Cost.Survives {
		t.Error("a unit that does not start at boot does not come back")
	}
}

// What was made for this run only is gone when it stops; the twin has a file.
func TestStopTransient(t *testing.T) {
	for fragment, want := range map[string]plan.Class{"/run/systemd/transient/run-u1.service": plan.Final, "/etc/systemd/system/run-u1.service": plan.Restartable} {
		u := fact.Unit{Name: "run-u1.service", Type: "service", Active: "active", Fragment: fragment}
		p, ref := asked(t, held(unit(u)), "stop:run-u1.service", planning.Wish{})
		if ref != nil || p.Steps[0].Class != want || p.Cost.Class != want || (len(p.Warnings) == 1) != (want == plan.Final) {
			t.Errorf("%s: %v %+v", fragment, ref, p)
		}
	}
}

// A socket goes before its service, and comes back before it.
func TestStopSocketUnit(t *testing.T) {
	web := fact.Unit{Name: "web.service", Type: "service", Active: "active", FileState: "static", TriggeredBy: []string{"web.socket"}}
	sock := fact.Unit{Name: "web.socket", Type: "socket", Active: "active", FileState: "enabled", Triggers: []string{"web.service"}}
	p, ref := asked(t, held(unit(web), other(sock)), "stop:web.service", planning.Wish{})
	want := "on undo unit web.service active=active\nunit web.socket active=inactive\non do unit web.service active=inactive"
	if got := steps(p, ref); got != want {
		t.Fatal(got)
	}
	if p.Cost.Survives {
		t.Error("an enabled socket comes back")
	}
	web.Active = "inactive"
	p, ref = asked(t, held(unit(web), other(sock)), "stop:web.service", planning.Wish{})
	if got := steps(p, ref); got != strings.TrimPrefix(want, "on undo unit web.service active=active\n") {
		t.Error("it did not run before, and is not started again:", got)
	}
}

func TestNewcomerIsStarted(t *testing.T) {
	apache := fact.Unit{Name: "apache2.service", Type: "service", Active: "failed", FileState: "enabled"}
	for name, want := range map[string]string{
		"apache":               "unit:apache2.service",
		"unit:apache2.service": "unit:apache2.service",
		"":                     "",
		"unit:nginx":           "",
		"nginx":                "",
	} {
		n, err := planning.ParseNewcomer(name)
		if err != nil {
			t.Fatal(err)
		}
		p, ref := asked(t, held(unit(nginx), other(apache)), "stop:nginx.service", planning.Wish{Newcomer: n})
		if ref != nil || p.Goal.Owner != want || strings.HasSuffix(steps(p, ref), "on do unit apache2.service active=active") != (want != "") {
			t.Errorf("%s: %q, %s", name, p.Goal.Owner, steps(p, ref))
		}
	}
}

func TestParseNewcomer(t *testing.T) {
	for text, want := range map[string]string{
		"": " ", "apache": "server apache", "IIS": "server iis", "unit:nginx": "unit nginx.service", "unit:a.socket": "unit a.socket",
		"service:W3SVC": "service W3SVC", "pid:412": "pid ", "127.0.0.1:8080": "endpoint ", "[::1]:80": "endpoint ", ":80": "endpoint ",
		"/etc/nginx/nginx.conf": "file /etc/nginx/nginx.conf", `C:\xampp\apache\conf\httpd.conf`: `file C:\xampp\apache\conf\httpd.conf`, "httpd.conf": "file httpd.conf",
		"./Caddyfile": "file ./Caddyfile",
	} {
		n, err := planning.ParseNewcomer(text)
		if got := string(n.Kind) + " " + n.Name; err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, bad := range []string{"apach", "8080", "unit:", "service:", "pid:", "pid:0", "pid:-1", "pid:x", "80/tcp"} {
		if n, err := planning.ParseNewcomer(bad); err == nil {
			t.Errorf("%q is %+v", bad, n)
		}
	}
}

func TestEndProcess(t *testing.T) {
	p, ref := asked(t, held(), "stop:pid-10", planning.Wish{})
	if got := steps(p, ref); got != "process 10 state=gone" {
		t.Fatal(got)
	}
	if s := p.Steps[0]; s.Subject.Of["start"] != "7001" || s.Class != plan.Final || s.Before["exe"] != "/srv/web" || s.Before["cwd"] != "/srv" {
		t.Errorf("%+v", s)
	}
	if p.Cost.Privilege != "none" || p.Cost.Class != plan.Final {
		t.Errorf("%+v", p.Cost)
	}
	for name, c := range map[string]struct {
		change func(*fact.Set)
		want   string
	}{
		"PID 1":           {func(s *fact.Set) { s.Processes[0].PID = 1 }, "refused: never-signalled"},
		"a kernel thread": {func(s *fact.Set) { s.Processes[0].Kernel = true }, "refused: never-signalled"},
		"the asker":       {func(s *fact.Set) { s.Machine.Asker.PID = 10 }, "refused: never-signalled"},
		"its shell":       {func(s *fact.Set) { s.Machine.Asker.Parent = 10 }, "refused: never-signalled"},
		"above its shell": {func(s *fact.Set) { s.Processes[3].PPID = 10 }, "refused: never-signalled"},
		"no start time":   {func(s *fact.Set) { s.Processes[0].ID, s.Links[0].To = "proc:10", "proc:10" }, "refused: identity-unknown"},
		"a client of it":  {func(s *fact.Set) { s.Links[0].To = "proc:99@7099" }, "refused: not-the-holder"},
		"a second holder": {func(s *fact.Set) {
			s.Links = append(s.Links, fact.Link{From: "sock:1", To: "proc:96@7096", Kind: fact.HeldBy})
		}, "refused: never-signalled"},
		"an heir beside that is the asker's": {func(s *fact.Set) {
			s.Links = append(s.Links, fact.Link{From: "sock:1", To: "proc:96@7096", Kind: fact.InheritedBy})
		}, "refused: never-signalled"},
		"an heir beside": {func(s *fact.Set) {
			s.Processes = append(s.Processes, fact.Process{ID: "proc:50@7050", PID: 50, PPID: 1, Name: "sleep"})
			s.Links = append(s.Links, fact.Link{From: "sock:1", To: "proc:50@7050", Kind: fact.InheritedBy})
		}, "process 10 state=gone\nprocess 50 state=gone"},
		"nothing of these": {func(*fact.Set) {}, "process 10 state=gone"},
	} {
		set := held(c.change)
		p, ref := forced(set, remedy.Remedy{Kind: remedy.Stop, Target: fmt.Sprint("pid-", set.Processes[0].PID), About: set.Processes[0].ID}, planning.Wish{})
		if got := steps(p, ref); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
		if warned := len(p.Warnings) > 0; warned != (name == "an heir beside") {
			t.Errorf("%s: %v", name, p.Warnings)
		}
	}
}

// Who has the port from the holder ends with it, and is told by number before: workers
// of the same program, and programs that were only handed the socket.
func TestStopTakesAlong(t *testing.T) {
	below := func(kind fact.LinkKind, ppid int) func(*fact.Set) {
		return func(s *fact.Set) {
			s.Processes = append(s.Processes, fact.Process{ID: "proc:50@7050", PID: 50, PPID: ppid, Name: "web", Exe: "/srv/web"})
			s.Links = append(s.Links, fact.Link{From: "sock:1", To: "proc:50@7050", Kind: kind})
		}
	}
	for name, c := range map[string]struct {
		change         func(*fact.Set)
		steps          string
		workers, heirs string
	}{
		"a worker":            {below(fact.HeldBy, 10), "process 10 state=gone", "50", ""},
		"an heir":             {below(fact.InheritedBy, 10), "process 10 state=gone", "", "web (PID 50)"},
		"of another's":        {below(fact.InheritedBy, 1), "process 10 state=gone\nprocess 50 state=gone", "", ""},
		"nobody":              {func(*fact.Set) {}, "process 10 state=gone", "", ""},
		"a worker on a Mac":   {func(s *fact.Set) { below(fact.HeldBy, 10)(s); s.Machine.OS = "darwin" }, "process 10 state=gone\nprocess 50 state=gone", "", ""},
		"berth is its worker": {func(s *fact.Set) { below(fact.HeldBy, 10)(s); s.Machine.Asker.PID = 50 }, "refused: never-signalled", "", ""},
	} {
		set := held(c.change)
		p, ref := forced(set, remedy.Remedy{Kind: remedy.Stop, Target: "pid-10", About: set.Processes[0].ID}, planning.Wish{})
		if got := steps(p, ref); got != c.steps {
			t.Errorf("%s: %s", name, got)
			continue
		}
		if ref != nil {
			continue
		}
		s := p.Steps[0]
		if s.Why.Args["workers"] != c.workers || s.Why.Args["heirs"] != c.heirs || (s.Subject.Of["children"] == "yes") != (c.workers+c.heirs != "") {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func FuzzParseNewcomer(f *testing.F) {
	for _, s := range []string{"", "apache", "unit:nginx", "service:W3SVC", "pid:412", "[::1]:80", ":80", `C:\xampp\apache\conf\httpd.conf`, "/etc/nginx/nginx.conf", "unit:", "pid:-1", "80/tcp"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := planning.ParseNewcomer(text)
		if err != nil {
			return
		}
		if n.Kind == "" && strings.TrimSpace(text) != "" {
			t.Errorf("%q is nobody", text)
		}
		if again, err := planning.ParseNewcomer(n.Text); err != nil || again.Kind != n.Kind || again.Name != n.Name || again.PID != n.PID {
			t.Errorf("%q: %+v, then %+v, %v", text, n, again, err)
		}
	})
}
