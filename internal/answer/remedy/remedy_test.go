package remedy_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// held is a machine on which one process has the address.
func held(local string) fact.Set {
	at := netip.MustParseAddrPort(local)
	return fact.Set{
		Machine:   fact.Machine{OS: "linux", Asker: &fact.Asker{PID: 99, Parent: 98, Session: 97}},
		Sockets:   []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: at, State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 1}}},
		Processes: []fact.Process{{ID: "proc:10@1", PID: 10, PPID: 5, Name: "web", Exe: "/srv/web"}},
		Links:     []fact.Link{{From: "sock:1", To: "proc:10@1", Kind: fact.HeldBy}},
	}
}

func suggest(set fact.Set) []remedy.Remedy {
	x := chain.NewIndex(&set)
	return remedy.Suggest(diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}}), x)
}

func ids(rs []remedy.Remedy) string {
	var out []string
	for _, r := range rs {
		out = append(out, r.ID())
	}
	return strings.Join(out, " ")
}

func unit(u fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Units = []fact.Unit{u}
		s.Links = append(s.Links, fact.Link{From: "proc:10@1", To: u.ID, Kind: fact.PartOf})
	}
}

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*fact.Set)
		want   string
	}{
		{"a process", func(*fact.Set) {}, "port move:pid-10 stop:pid-10"},
		{"at one address", func(s *fact.Set) { s.Sockets[0].Local = netip.MustParseAddrPort("127.0.0.1:80") }, "port address move:pid-10 stop:pid-10"},
		{"free", func(s *fact.Set) { s.Sockets = nil }, ""},
		{"hidden", func(s *fact.Set) { s.Links = nil }, "port"},
		{"a unit", unit(fact.Unit{ID: "unit:x.service", Manager: "systemd", Name: "x.service", Type: "service"}), "port move:x.service stop:x.service"},
		{"an enabled unit", unit(fact.Unit{ID: "unit:x.service", Manager: "systemd", Name: "x.service", Type: "service", FileState: "enabled"}),
			"port move:x.service stop:x.service startup:x.service"},
		{"an heir", func(s *fact.Set) { s.Links[0].Kind = fact.InheritedBy }, "port stop:pid-10"},
		{"PID 1", func(s *fact.Set) { s.Processes[0].PID = 1 }, "port"},
		{"a kernel thread", func(s *fact.Set) { s.Processes[0].Kernel = true }, "port kernel"},
		{"the asker", func(s *fact.Set) { s.Processes[0].PID = 99 }, "port"},
		{"the asker's shell", func(s *fact.Set) { s.Processes[0].PID = 98 }, "port move:pid-98"},
		{"the asker's session", func(s *fact.Set) { s.Processes[0].PID = 97 }, "port move:pid-97"},
		{"an ended connection", func(s *fact.Set) {
			s.Sockets[0].State, s.Sockets[0].Remote, s.Links = fact.TimeWait, netip.MustParseAddrPort("10.0.0.2:9"), nil
		}, "wait port"},
		{"a NAT rule", func(s *fact.Set) {
			s.Sockets, s.Redirects = nil, []fact.Redirect{{ID: "redirect:1", Kind: "redirect", Proto: fact.TCP, From: 80, Last: 80, To: ":81", Chain: "ip nat pre", Evidence: "nftables rule, handle 3"}}
		}, "port move:rule"},
		{"a NAT rule of a container", func(s *fact.Set) {
			s.Sockets, s.Redirects = nil, []fact.Redirect{{ID: "redirect:1", Kind: "dnat", Proto: fact.TCP, From: 80, Last: 80, To: "172.17.0.2:80"}}
			s.Containers = []fact.Container{{ID: "container:docker/x", Engine: "docker", Name: "x"}}
			s.Links = []fact.Link{{From: "redirect:1", To: "container:docker/x", Kind: fact.ForwardsTo}}
		}, "port move:x stop:x"},
	} {
		set := held("0.0.0.0:80")
		c.change(&set)
		if diff := cmp.Diff(c.want, ids(suggest(set))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// An outgoing connection ends by itself, and the port can be kept from the next;
// what is kept already stays so.
func TestOutgoing(t *testing.T) {
	set := held("10.0.0.1:40000")
	set.Sockets[0].State, set.Sockets[0].Remote = fact.Established, netip.MustParseAddrPort("10.0.0.2:443")
	set.Ranges = []fact.Range{{Kind: fact.Reserved, From: 8000, To: 8100}}
	x := chain.NewIndex(&set)
	got := remedy.Suggest(diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 40000}}), x)
	if ids(got) != "wait port exclude:40000" {
		t.Fatal(ids(got))
	}
	if want := [][]string{{"sysctl", "-w", "net.ipv4.ip_local_reserved_ports=40000,8000-8100"}}; !cmp.Equal(got[2].Command, want) {
		t.Errorf("%q", got[2].Command)
	}
	set.Machine.OS = "darwin"
	if got := remedy.Suggest(diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 40000}}), x); ids(got) != "wait port" {
		t.Errorf("elsewhere: %s", ids(got))
	}
}

// Only what every holder leaves alone is another address.
func TestAddressOfSeveralHolders(t *testing.T) {
	set := held("127.0.0.1:80")
	set.Sockets = append(set.Sockets, fact.Socket{ID: "sock:2", Proto: fact.TCP, Local: netip.MustParseAddrPort("[::1]:80"), State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 2}})
	set.Processes = append(set.Processes, fact.Process{ID: "proc:20@1", PID: 20, Name: "api"})
	set.Links = append(set.Links, fact.Link{From: "sock:2", To: "proc:20@1", Kind: fact.HeldBy})
	got := suggest(set)
	i := slices.IndexFunc(got, func(r remedy.Remedy) bool { return r.Kind == remedy.Address })
	if i < 0 || got[i].Args["taken"] != "127.0.0.1:80, [::1]:80" {
		t.Fatal(got)
	}
	set.Sockets[1].Local = netip.MustParseAddrPort("[::]:80")
	if got := ids(suggest(set)); strings.Contains(got, "address") {
		t.Error(got)
	}
}

// The catalog's words take the place of the general ones; its stop is the same stop.
func TestCatalogWords(t *testing.T) {
	set := held("0.0.0.0:80")
	set.Processes[0].Name, set.Processes[0].Exe, set.Processes[0].Args = "python3", "/usr/bin/python3", []string{"python3", "-m", "http.server", "80"}
	got := suggest(set)
	if ids(got) != "port move:pid-10 stop:pid-10" {
		t.Fatal(ids(got))
	}
	if stop := got[2]; stop.Entry == "" || stop.Text == "" || stop.Effect == "" || len(stop.Command) == 0 {
		t.Errorf("%+v", stop)
	}
	set.Processes[0].Name, set.Processes[0].Exe = "web", "/srv/web"
	for _, r := range suggest(set) {
		if r.Entry != "" {
			t.Errorf("%s is of entry %s", r.ID(), r.Entry)
		}
	}
}

// Gentlest first, whatever holds the port.
func TestOrder(t *testing.T) {
	set := held("127.0.0.1:80")
	set.Units = []fact.Unit{{ID: "unit:nginx.service", Manager: "systemd", Name: "nginx.service", Type: "service", FileState: "enabled"}}
	set.Processes[0].Name = "nginx"
	set.Links = append(set.Links, fact.Link{From: "proc:10@1", To: "unit:nginx.service", Kind: fact.PartOf})
	got := suggest(set)
	if !slices.IsSortedFunc(got, func(a, b remedy.Remedy) int { return a.Kind.Rank() - b.Kind.Rank() }) {
		t.Error(ids(got))
	}
	seen := map[string]bool{}
	for _, r := range got {
		if seen[r.ID()] {
			t.Errorf("%s is there twice", r.ID())
		}
		seen[r.ID()] = true
	}
}

func TestStopCommand(t *testing.T) {
	for _, c := range []struct {
		unit fact.Unit
		want []string
	}{
		{fact.Unit{Manager: "systemd", Name: "x.service"}, []string{"systemctl", "stop", "x.service"}},
		{fact.Unit{Manager: "systemd", Name: "x.socket", Triggers: []string{"x.service"}}, []string{"systemctl", "stop", "x.socket", "x.service"}},
		{fact.Unit{Manager: "systemd --user", Name: "x.service"}, []string{"systemctl", "--user", "stop", "x.service"}},
		{fact.Unit{Manager: "runit", Name: "x"}, []string{"sv", "stop", "x"}},
		{fact.Unit{Manager: "supervisord", Name: "x"}, []string{"supervisorctl", "stop", "x"}},
		{fact.Unit{Manager: "pm2", Name: "x"}, []string{"pm2", "stop", "x"}},
		{fact.Unit{Manager: "launchd", Name: "x"}, []string{"launchctl", "bootout", "system/x"}},
		{fact.Unit{Manager: "launchd", Name: "x", UserUID: "501"}, []string{"launchctl", "bootout", "gui/501/x"}},
		{fact.Unit{Manager: "cron", Name: "x"}, nil},
	} {
		c.unit.ID = "unit:x"
		set := fact.Set{Units: []fact.Unit{c.unit}}
		if diff := cmp.Diff(c.want, remedy.StopCommand(chain.NewIndex(&set), "unit:x")); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.unit.Manager, c.unit.Name, diff)
		}
	}
}
