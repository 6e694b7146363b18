package judge

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/keep/ledger"
)

func promise(t *testing.T, owner, more string) []ledger.Promise {
	t.Helper()
	if !strings.HasPrefix(owner, "[") {
		owner = `"` + owner + `"`
	}
	if !strings.Contains(more, "port") {
		more += "\nport = 80"
	}
	l, err := ledger.Parse("f", []byte("[[promise]]\nowner = "+owner+"\n"+more))
	if err != nil {
		t.Fatal(err)
	}
	return l.Promises
}

func status(t *testing.T, s fact.Set, owner, more string) Status {
	t.Helper()
	return Judge(promise(t, owner, more), chain.NewIndex(&s))[0].Status
}

func socket(local string, inode uint64) fact.Socket {
	at := netip.MustParseAddrPort(local)
	uid := uint32(33)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, inode), Proto: fact.TCP, Local: at, State: fact.Listen,
		Linux: &fact.LinuxSocket{Inode: inode, UID: &uid}}
}

// nginx is a Linux on which nginx.service has port 80.
func nginx() fact.Set {
	s := socket("0.0.0.0:80", 7)
	uid := uint32(33)
	return fact.Set{
		Machine: fact.Machine{OS: "linux"}, Sockets: []fact.Socket{s},
		Processes: []fact.Process{{ID: "proc:10@1", PID: 10, Name: "nginx", Exe: "/usr/sbin/nginx", Args: []string{"nginx", "-c", "/srv/web.conf"}, User: "www-data", UID: &uid}},
		Units:     []fact.Unit{{ID: "unit:nginx.service", Manager: "systemd", Name: "nginx.service", Type: "service"}},
		Links:     []fact.Link{{From: s.ID, To: "proc:10@1", Kind: fact.HeldBy}, {From: "proc:10@1", To: "unit:nginx.service", Kind: fact.PartOf}},
	}
}

// Each owner's word on one machine, beside the word that differs.
func TestOwnerWords(t *testing.T) {
	for owner, want := range map[string]Status{
		"unit:nginx.service": Kept, "unit:nginx": Kept, "unit:apache2.service": Broken,
		"service:nginx": Kept, "service:apache2": Broken,
		"exe:nginx": Kept, "exe:sbin/nginx": Kept, "exe:/usr/sbin/nginx": Kept, "exe:/sbin/nginx": Broken, "exe:bin/nginx": Broken, "exe:ngin": Broken,
		"exe:*/nginx": Kept, "exe:usr/*/nginx": Kept, "exe:usr/*/*/nginx": Broken, "exe:[/nginx": Broken,
		"exe:nginx -- web.conf": Kept, "exe:nginx -- other.conf": Broken,
		"user:www-data": Kept, "user:33": Kept, "user:root": Broken, "user:0": Broken,
		"container:web": Broken, "compose:shop": Broken, "prefix:http://+:80/": Broken,
		`["unit:apache2.service", "exe:nginx"]`: Kept, `["unit:apache2.service", "exe:httpd"]`: Broken,
	} {
		if got := status(t, nginx(), owner, ""); got != want {
			t.Errorf("%s: %s, want %s", owner, got, want)
		}
	}
}

// What is promised, and what of it is held.
func TestEndpoints(t *testing.T) {
	for more, want := range map[string]Status{
		"port = 80": Broken, "port = 81": Free, `port = "70-90"`: Broken, "port = 80\nproto = \"udp\"": Free,
		"port = 80\naddress = \"127.0.0.1\"": Broken, "port = 80\naddress = \"::1\"": Free,
	} {
		if got := status(t, nginx(), "unit:other.service", more); got != want {
			t.Errorf("%s: %s, want %s", more, got, want)
		}
	}
}

// One fact changed, and the other answer.
func TestChanges(t *testing.T) {
	second := func(s *fact.Set) {
		k := socket("127.0.0.1:81", 8)
		s.Sockets = append(s.Sockets, k)
		s.Processes = append(s.Processes, fact.Process{ID: "proc:11@1", PID: 11, Name: "nc", Exe: "/bin/nc"})
		s.Links = append(s.Links, fact.Link{From: k.ID, To: "proc:11@1", Kind: fact.HeldBy})
	}
	for _, c := range []struct {
		what, owner, more string
		change            func(*fact.Set)
		want              Status
	}{
		{"a stranger beside the owner", "unit:nginx.service", `port = "80-81"`, second, Broken},
		{"elsewhere", "unit:nginx.service", "port = 80", second, Kept},
		{"in another namespace", "unit:other.service", "", func(s *fact.Set) { s.Sockets[0].Netns = "netns:1" }, Free},
		{"ended connections", "unit:other.service", "", func(s *fact.Set) { s.Sockets[0].State = fact.TimeWait }, Free},
		{"bound, not listening", "unit:other.service", "", func(s *fact.Set) { s.Sockets[0].State = fact.Bound }, Broken},
		{"the owner is hidden", "exe:nginx", "", func(s *fact.Set) { s.Links, s.Units = nil, nil }, Unknown},
		{"and the user is not", "user:33", "", func(s *fact.Set) { s.Links, s.Units = nil, nil }, Kept},
		{"nor is it another's", "user:1000", "", func(s *fact.Set) { s.Links, s.Units = nil, nil }, Broken},
		{"the table is hidden", "exe:nginx", "port = 81", func(s *fact.Set) {
			s.Gaps = append(s.Gaps, fact.Gap{Kind: fact.GapPermission, Subject: "socket table"})
		}, Unknown},
		{"a login in sshd's unit", "unit:ssh.service", "", func(s *fact.Set) { s.Units[0].Name, s.Processes[0].Name = "ssh.service", "bash" }, Broken},
		{"sshd in it", "unit:ssh.service", "", func(s *fact.Set) { s.Units[0].Name, s.Processes[0].Name = "ssh.service", "sshd" }, Kept},
		{"an heir of the owner's socket", "exe:sleep", "", func(s *fact.Set) {
			s.Processes = append(s.Processes, fact.Process{ID: "proc:12@1", PID: 12, Exe: "/bin/sleep"})
			s.Links = append(s.Links, fact.Link{From: s.Sockets[0].ID, To: "proc:12@1", Kind: fact.InheritedBy})
		}, Broken},
		{"systemd holds it for the unit", "unit:web.service", "", func(s *fact.Set) {
			s.Units = []fact.Unit{{ID: "unit:web.socket", Name: "web.socket", Type: "socket"}, {ID: "unit:web.service", Name: "web.service", Type: "service"}}
			s.Links = append(s.Links[:1], fact.Link{From: s.Sockets[0].ID, To: "unit:web.socket", Kind: fact.ListensFor}, fact.Link{From: "unit:web.socket", To: "unit:web.service", Kind: fact.Triggers})
		}, Kept},
		{"an account of Windows", "user:svc", "", func(s *fact.Set) { s.Processes[0].User, s.Processes[0].UID = `WEB\Svc`, nil }, Kept},
		{"with its domain", `user:WEB\\Svc`, "", func(s *fact.Set) { s.Processes[0].User, s.Processes[0].UID = `WEB\Svc`, nil }, Kept},
		{"and another", "user:adm", "", func(s *fact.Set) { s.Processes[0].User, s.Processes[0].UID = `WEB\Svc`, nil }, Broken},
	} {
		s := nginx()
		c.change(&s)
		if got := status(t, s, c.owner, c.more); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestContainers(t *testing.T) {
	s := nginx()
	s.Containers = []fact.Container{{ID: "container:docker/x", Engine: "docker", Full: "0123456789abcdef", Name: "web", Project: "shop", Service: "front", State: "running"}}
	s.Links = append(s.Links[:1], fact.Link{From: "proc:10@1", To: "container:docker/x", Kind: fact.PartOf})
	for owner, want := range map[string]Status{
		"container:web": Kept, "container:012345": Kept, "container:0": Broken, "container:db": Broken,
		"compose:shop": Kept, "compose:shop/front": Kept, "compose:shop/back": Broken,
	} {
		if got := status(t, s, owner, ""); got != want {
			t.Errorf("%s: %s, want %s", owner, got, want)
		}
	}
	s.Containers[0] = fact.Container{ID: "container:docker/x", Engine: "docker"} // by its control group alone
	if got := status(t, s, "container:web", ""); got != Unknown {
		t.Errorf("nameless: %s", got)
	}
}

// windows is a machine on which PID 4 has port 80; a listing that says for whom is
// one change more.
func windows(listed bool) fact.Set {
	at := netip.MustParseAddrPort("0.0.0.0:80")
	s := fact.Set{
		Machine:   fact.Machine{OS: "windows"},
		Sockets:   []fact.Socket{{ID: "sock:80", Proto: fact.TCP, Local: at, State: fact.Listen, PID: 4}},
		Processes: []fact.Process{{ID: "proc:4", PID: 4, Name: "System", Kernel: true}, {ID: "proc:7", PID: 7, Name: "ReportingServicesService.exe"}},
		Units:     []fact.Unit{{ID: "unit:ReportServer", Manager: "scm", Name: "ReportServer"}, {ID: "unit:W3SVC", Manager: "scm", Name: "W3SVC"}},
		Links:     []fact.Link{{From: "sock:80", To: "proc:4", Kind: fact.HeldBy}},
	}
	if listed {
		s.Registrations = []fact.Registration{{ID: "url:http://+:80/reports/", URL: "HTTP://+:80/Reports/", Port: 80}}
		s.Queues = []fact.Queue{{ID: "queue:q", Name: "q", PIDs: []int{7}}}
		s.Links = append(s.Links, fact.Link{From: "sock:80", To: "url:http://+:80/reports/", Kind: fact.TakenBy}, fact.Link{From: "url:http://+:80/reports/", To: "queue:q", Kind: fact.InQueue},
			fact.Link{From: "queue:q", To: "proc:7", Kind: fact.ServedBy}, fact.Link{From: "proc:7", To: "unit:ReportServer", Kind: fact.PartOf})
	}
	return s
}

func TestBehindTheKernel(t *testing.T) {
	for owner, want := range map[string][2]Status{ // with the listing, and without
		"service:reportserver":                         {Kept, Unknown},
		"service:W3SVC":                                {Broken, Unknown},
		"exe:REPORTINGservicesservice.exe":             {Kept, Broken},
		"exe:httpd.exe":                                {Broken, Broken},
		`["exe:httpd.exe", "service:Apache2.4"]`:       {Broken, Broken},
		"prefix:http://+:80/reports/":                  {Kept, Unknown},
		"prefix:http://+:80/other/":                    {Free, Unknown},
		`["service:W3SVC", "prefix:http://*:80/"]`:     {Free, Unknown},
		`["service:ReportServer", "prefix:http://*/"]`: {Kept, Unknown},
	} {
		if got := status(t, windows(true), owner, ""); got != want[0] {
			t.Errorf("%s, listed: %s, want %s", owner, got, want[0])
		}
		if got := status(t, windows(false), owner, ""); got != want[1] {
			t.Errorf("%s, not listed: %s, want %s", owner, got, want[1])
		}
	}
	two := windows(true)
	two.Links[2].Kind = fact.OneOfQueues
	if got := status(t, two, "service:ReportServer", ""); got != Unknown {
		t.Errorf("one of several queues: %s", got)
	}
}

// A module's own service on its own port is no conflict, by whatever the text tells of it.
func TestOwnService(t *testing.T) {
	set := func(p fact.Process) fact.Set {
		s := windows(false)
		s.Processes[0] = p
		s.Links[0].To = p.ID
		return s
	}
	xampp, _ := ledger.Profile("xampp")
	of := func(s fact.Set) Status { return Judge(xampp.Promises[:1], chain.NewIndex(&s))[0].Status }
	own := set(fact.Process{ID: "proc:9", PID: 9, Name: "httpd.exe", Exe: `D:\Xampp\Apache\bin\httpd.exe`})
	if got := of(own); got != Kept {
		t.Errorf("XAMPP's own Apache: %s", got)
	}
	if got := of(set(fact.Process{ID: "proc:9", PID: 9, Name: "httpd.exe", Exe: `C:\wamp64\bin\apache\apache2.4\bin\httpd.exe`})); got != Broken {
		t.Errorf("WampServer's: %s", got)
	}
	if got := of(set(fact.Process{ID: "proc:9", PID: 9, Name: "Skype.exe"})); got != Broken {
		t.Errorf("another program: %s", got)
	}
	named := set(fact.Process{ID: "proc:9", PID: 9, Name: "httpd.exe", Exe: `C:\Apache24\bin\httpd.exe`})
	named.Units = append(named.Units, fact.Unit{ID: "unit:Apache2.4", Manager: "scm", Name: "apache2.4"})
	named.Links = append(named.Links, fact.Link{From: "proc:9", To: "unit:Apache2.4", Kind: fact.PartOf})
	if got := of(named); got != Kept {
		t.Errorf("the service Apache2.4: %s", got)
	}
	shared := set(fact.Process{ID: "proc:9", PID: 9, Name: "svchost.exe"})
	for _, n := range []string{"Apache2.4", "Other"} {
		shared.Units = append(shared.Units, fact.Unit{ID: fact.UnitID("scm", n), Manager: "scm", Name: n})
		shared.Links = append(shared.Links, fact.Link{From: "proc:9", To: fact.UnitID("scm", n), Kind: fact.PartOf})
	}
	if got := of(shared); got != Unknown {
		t.Errorf("one of two in a shared process: %s", got)
	}
}

// What the ledger's link leads to is the owner as well; another program is not.
func TestOwnerBehindALink(t *testing.T) {
	for behind, want := range map[string]Status{"": Broken, "/usr/sbin/nginx": Kept, "/usr/sbin/nginx-debug": Broken} {
		s := nginx()
		for more, is := range map[string]Status{"": want, " -- web.conf": want, " -- other.conf": Broken} {
			p := promise(t, "exe:/etc/alternatives/web"+more, "")
			p[0].Owners[0].Behind = behind
			if got := Judge(p, chain.NewIndex(&s))[0].Status; got != is {
				t.Errorf("%q%s: %s, want %s", behind, more, got, is)
			}
		}
	}
}
