package remedy_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// onWindows is a machine where something stands on or around port 80.
func onWindows(change func(*fact.Set)) fact.Set {
	set := held("0.0.0.0:80")
	set.Machine.OS = "windows"
	set.Sockets[0].PID, set.Sockets[0].Linux = 10, nil
	change(&set)
	return set
}

func scm(name, active string, start uint32, needs ...string) fact.Unit {
	return fact.Unit{ID: fact.UnitID("scm", name), Manager: "scm", Name: name, Active: active,
		Windows: &fact.WindowsService{Start: &start, DependsOn: needs}}
}

// behindHTTP puts a queue of PID 20, with these services, behind the kernel's listener.
func behindHTTP(units ...fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Processes[0] = fact.Process{ID: "proc:10@1", PID: 4, Name: "System", Kernel: true}
		s.Processes = append(s.Processes, fact.Process{ID: "proc:20", PID: 20, Name: "srv.exe"})
		s.Registrations = []fact.Registration{{ID: "url:x", URL: "HTTP://+:80/X/", Port: 80}}
		s.Queues = []fact.Queue{{ID: "queue:q", Name: "q"}}
		s.Units = units
		s.Links = append(s.Links, fact.Link{From: "sock:1", To: "url:x", Kind: fact.TakenBy}, fact.Link{From: "url:x", To: "queue:q", Kind: fact.InQueue},
			fact.Link{From: "queue:q", To: "proc:20", Kind: fact.ServedBy})
		for _, u := range units {
			s.Links = append(s.Links, fact.Link{From: "proc:20", To: u.ID, Kind: fact.PartOf})
		}
	}
}

func TestSuggestOnWindows(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fact.Set)
		want   string
		typed  string // the commands, a line each
	}{
		{"a program", func(*fact.Set) {}, "port move:pid-10 stop:pid-10", "taskkill /PID 10"},
		{"a service", unit(scm("Web", "running", 3)), "port move:Web stop:Web", "sc.exe stop Web"},
		{"one that starts by itself", unit(scm("Web", "running", 2)), "port move:Web stop:Web startup:Web", "sc.exe stop Web\nsc.exe config Web start= demand"},
		{"a service behind HTTP.sys", behindHTTP(scm("Web", "running", 3)), "stop:Web", "sc.exe stop Web"},
		{"two in one process", behindHTTP(scm("Web", "running", 3), scm("Api", "running", 3)), "port", ""},
		{"a program behind HTTP.sys", behindHTTP(), "move", ""},
		{"a range", func(s *fact.Set) {
			s.Sockets, s.Ranges = nil, []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: 50, To: 149}}
		}, "port exclude:80", "net stop winnat\nnetsh int ipv4 add excludedportrange protocol=tcp startport=80 numberofports=1\nnet start winnat"},
		{"an administrator's range", func(s *fact.Set) {
			s.Sockets, s.Ranges = nil, []fact.Range{{Kind: fact.Excluded, Proto: fact.TCP, From: 50, To: 149, Administered: true}}
		}, "", ""},
		{"the port proxy", func(s *fact.Set) {
			s.Redirects = []fact.Redirect{{ID: "redirect:1", Kind: "portproxy", Proto: fact.TCP, Dst: netip.MustParsePrefix("127.0.0.1/32"), From: 80, Last: 80, To: "[::1]:8080"}}
		}, "move:portproxy", "netsh interface portproxy delete v4tov6 listenport=80 listenaddress=127.0.0.1"},
	} {
		set := onWindows(c.change)
		got := suggest(set)
		for _, id := range strings.Fields(c.want) {
			if !strings.Contains(" "+ids(got)+" ", " "+id+" ") {
				t.Errorf("%s: no %s in %s", c.name, id, ids(got))
			}
		}
		if c.want == "" && len(got) > 0 || c.want == "port" && strings.Contains(ids(got), ":pid-") {
			t.Errorf("%s: %s", c.name, ids(got))
		}
		var typed []string
		for _, r := range got {
			for _, argv := range r.Command {
				typed = append(typed, strings.Join(argv, " "))
			}
		}
		if all := strings.Join(typed, "\n"); !strings.Contains(all, c.typed) || c.typed == "" && strings.Contains(all, "sc.exe stop") {
			t.Errorf("%s: %q", c.name, all)
		}
	}
}

// What else goes down with a service is said before it is stopped.
func TestDependentsAreNamed(t *testing.T) {
	of := func(active string) string {
		set := onWindows(func(s *fact.Set) {
			unit(scm("Web", "running", 3))(s)
			s.Units = append(s.Units, scm("Shop", active, 2, "Web"))
		})
		for _, r := range suggest(set) {
			if r.Kind == remedy.Stop {
				return r.Args["dependents"]
			}
		}
		return "no stop"
	}
	if got := of("running"); got != "Shop" {
		t.Error(got)
	}
	if got := of("stopped"); got != "" {
		t.Error(got)
	}
}

// Whom nobody is told to end on Windows, each beside one whom a person may.
func TestLeftAloneOnWindows(t *testing.T) {
	named := func(name string) func(*fact.Set) {
		return func(s *fact.Set) { s.Processes[0].Name, s.Processes[0].Exe = name, "" }
	}
	proxied := func(s *fact.Set) {
		unit(scm("iphlpsvc", "running", 2))(s)
		s.Redirects = []fact.Redirect{{ID: "redirect:1", Kind: "portproxy", Proto: fact.TCP, Dst: netip.MustParsePrefix("0.0.0.0/0"), From: 80, Last: 80, To: "10.0.0.2:80", Comment: "listens on 0.0.0.0"}}
	}
	for _, c := range []struct {
		name   string
		change func(*fact.Set)
		not    string
		want   string
	}{
		{"a PID without a name", named(""), "taskkill", ""},
		{"the same with one", named("web.exe"), "sc.exe stop", "taskkill /PID 10"},
		{"a host of services", named("svchost.exe"), "taskkill", ""},
		{"an engine's forwarder", named("com.docker.backend.exe"), "taskkill", ""},
		{"the relay of WSL", named("wslrelay.exe"), "taskkill", ""},
		{"the port proxy's service", proxied, "sc.exe stop", "netsh interface portproxy delete v4tov4 listenport=80 listenaddress=0.0.0.0"},
	} {
		set := onWindows(c.change)
		var typed []string
		for _, r := range suggest(set) {
			if strings.Contains(r.Text, "sudo") || strings.Contains(r.Text, "systemctl") {
				t.Errorf("%s: %s", c.name, r.Text)
			}
			for _, argv := range r.Command {
				typed = append(typed, strings.Join(argv, " "))
			}
		}
		if all := strings.Join(typed, "\n"); strings.Contains(all, c.not) || !strings.Contains(all, c.want) {
			t.Errorf("%s: %q", c.name, all)
		}
	}
}

// No cure of another system is offered on Windows, and a cost stays with its own row.
func TestNoUnixOnWindows(t *testing.T) {
	for _, name := range []string{"httpd", "mysqld", "nginx"} {
		texts := func(os string) string {
			set := onWindows(func(s *fact.Set) { s.Machine.OS, s.Processes[0].Name, s.Processes[0].Exe = os, name, "" })
			var all []string
			for _, r := range suggest(set) {
				all = append(all, r.Text)
			}
			return strings.Join(all, "\n")
		}
		if strings.Contains(texts("windows"), "sudo ") {
			t.Errorf("%s on Windows: %s", name, texts("windows"))
		}
		if name != "mysqld" && !strings.Contains(texts("linux"), "sudo ") {
			t.Errorf("%s on Linux: %s", name, texts("linux"))
		}
	}
}
