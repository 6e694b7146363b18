package remedy_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// ways are the remedies of a Windows machine, in their order.
func ways(changes ...func(*fact.Set)) string {
	return ids(suggest(onWindows(func(s *fact.Set) {
		for _, change := range changes {
			change(s)
		}
	})))
}

// serve adds a process that serves the queue, and what is known of it.
func serve(p fact.Process, units ...fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Processes = append(s.Processes, p)
		s.Links = append(s.Links, fact.Link{From: "queue:q", To: p.ID, Kind: fact.ServedBy})
		for _, u := range units {
			s.Units = append(s.Units, u)
			s.Links = append(s.Links, fact.Link{From: p.ID, To: u.ID, Kind: fact.PartOf})
		}
	}
}

// Behind HTTP.sys one service is moved or stopped, and one program moved; where it
// may be several, where it is the kernel itself, and where it is HTTP, nobody is.
func TestWhoIsStoppedBehindHTTP(t *testing.T) {
	other := serve(fact.Process{ID: "proc:30", PID: 30, Name: "other.exe"})
	for _, c := range []struct {
		name    string
		changes []func(*fact.Set)
		has     string
		lacks   string
	}{
		{"a service", []func(*fact.Set){behindHTTP(scm("Web", "running", 3))}, "move stop:Web", "startup"},
		{"one that starts by itself", []func(*fact.Set){behindHTTP(scm("Web", "running", 2))}, "stop:Web startup:Web", "pid"},
		{"two services of one process", []func(*fact.Set){behindHTTP(scm("Web", "running", 3), scm("Api", "running", 3))}, "stop:20", "Web"},
		{"a program", []func(*fact.Set){behindHTTP()}, "move stop:20", "PID"},
		{"two programs", []func(*fact.Set){behindHTTP(), other}, "move stop:PID", "20"},
		{"the kernel", []func(*fact.Set){behindHTTP(), func(s *fact.Set) { s.Processes[1].Kernel = true }}, "port", "pid-"},
		{"PID 4", []func(*fact.Set){behindHTTP(), func(s *fact.Set) { s.Processes[1].PID = 4 }}, "port", "pid-"},
		{"a service that the system names", []func(*fact.Set){behindHTTP(), func(s *fact.Set) {
			s.Units = []fact.Unit{scm("Web", "running", 3)}
			s.Links[len(s.Links)-1] = fact.Link{From: "queue:q", To: s.Units[0].ID, Kind: fact.ServedBy}
		}}, "move stop:Web", "pid-"},
		{"HTTP itself", []func(*fact.Set){behindHTTP(scm("http", "running", 3))}, "port", "stop:http"},
		{"a unit of another manager", []func(*fact.Set){behindHTTP(fact.Unit{ID: "unit:pm2:web", Manager: "pm2", Name: "web"})}, "port", "stop:web"},
		{"another's child of the registration", []func(*fact.Set){behindHTTP(scm("Web", "running", 3)), func(s *fact.Set) {
			for i := range s.Links {
				if s.Links[i].Kind == fact.InQueue {
					s.Links[i].Kind = fact.ChildOf
				}
			}
		}}, "port", "stop:Web"},
	} {
		got := ways(c.changes...)
		if !strings.Contains(" "+got+" ", c.has) || strings.Contains(got, c.lacks) {
			t.Errorf("%s: %s; want %q, not %q", c.name, got, c.has, c.lacks)
		}
	}
}

// How a service started before is what takes a changed start type back.
func TestStartTypeIsNoted(t *testing.T) {
	for delayed, want := range map[bool]string{false: "auto", true: "delayed-auto"} {
		u := scm("Web", "running", 2)
		u.Windows.Delayed = delayed
		for _, r := range suggest(onWindows(unit(u))) {
			if r.Kind == remedy.Startup && r.Args["was"] != want {
				t.Errorf("delayed %v: %v", delayed, r.Args)
			}
		}
	}
	for start, want := range map[uint32]bool{2: true, 3: false, 4: false} {
		if got := ways(unit(scm("Web", "running", start))); strings.Contains(got, "startup:Web") != want {
			t.Errorf("start type %d: %s", start, got)
		}
	}
}

// The driver that a cure disabled is put right where the port is one of the web's.
func TestHTTPIsPutRight(t *testing.T) {
	for start, want := range map[uint32]string{4: "sc.exe config http start= demand", 3: ""} {
		got := ""
		for _, r := range suggest(onWindows(func(s *fact.Set) {
			s.Units = []fact.Unit{scm("HTTP", "stopped", start)}
		})) {
			if r.Kind == remedy.Startup {
				got = strings.Join(r.Command[0], " ")
				if r.Args["back"] != "yes" || r.Target != "HTTP" {
					t.Errorf("%+v", r)
				}
			}
		}
		if got != want {
			t.Errorf("start type %d: %q", start, got)
		}
	}
}

// An entry of the port proxy is named by the families of its ends, and by its
// address only where it has one.
func TestProxyTable(t *testing.T) {
	for _, c := range []struct{ dst, to, want string }{
		{"127.0.0.1/32", "10.0.0.2:80", "v4tov4 listenport=80 listenaddress=127.0.0.1"}, {"127.0.0.1/32", "[::1]:80", "v4tov6 listenport=80 listenaddress=127.0.0.1"},
		{"::1/128", "10.0.0.2:80", "v6tov4 listenport=80 listenaddress=::1"}, {"::1/128", "[::1]:80", "v6tov6 listenport=80 listenaddress=::1"},
		{"", "host.example:80", "v4tov4 listenport=80"},
	} {
		r := fact.Redirect{ID: "redirect:1", Kind: "portproxy", Proto: fact.TCP, From: 80, Last: 80, To: c.to}
		if c.dst != "" {
			r.Dst = netip.MustParsePrefix(c.dst)
		}
		got := ""
		for _, m := range suggest(onWindows(func(s *fact.Set) { s.Sockets, s.Links, s.Redirects = nil, nil, []fact.Redirect{r} })) {
			if m.ID() == "move:portproxy" {
				got = strings.Join(m.Command[0], " ")
			}
		}
		if got != "netsh interface portproxy delete "+c.want {
			t.Errorf("%s to %s: %s", c.dst, c.to, got)
		}
	}
}
