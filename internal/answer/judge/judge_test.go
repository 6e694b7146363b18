package judge_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/judge"
	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/answer/judge/ruling"
	"github.com/berthd/berth/internal/fact"
)

func number(n uint32) *uint32 { return &n }

func service(name, display, state string, start uint32, needs ...string) fact.Unit {
	return fact.Unit{ID: fact.UnitID("scm", name), Manager: "scm", Name: name, Description: display, Active: state,
		Windows: &fact.WindowsService{Start: number(start), DependsOn: needs}}
}

// windows is a Windows with HTTP.sys on port 80, IIS behind it, and a printer.
func windows() *fact.Set {
	at := netip.MustParseAddrPort
	sock := fact.SocketID(fact.TCP, at("0.0.0.0:80"), netip.AddrPort{}, 0)
	iis, ssrs := fact.RegistrationID("http://*:80/"), fact.RegistrationID("http://+:80/Reports/")
	return listed(&fact.Set{
		Machine: fact.Machine{OS: "windows", Windows: &fact.WindowsNet{Build: 26100, ListenList: true, Reservations: true},
			Addrs: []fact.Addr{{Prefix: netip.MustParsePrefix("127.0.0.1/8")}, {Prefix: netip.MustParsePrefix("10.0.0.5/24")}, {Prefix: netip.MustParsePrefix("::1/128")}}},
		Sockets:       []fact.Socket{{ID: sock, Proto: fact.TCP, Local: at("0.0.0.0:80"), State: fact.Listen, PID: 4}},
		Processes:     []fact.Process{{ID: "proc:4", PID: 4, Name: "System", Kernel: true}, {ID: "proc:900", PID: 900, Name: "svchost.exe"}, {ID: "proc:3128", PID: 3128, Name: "ReportingServicesService.exe"}},
		Queues:        []fact.Queue{{ID: "queue:DefaultAppPool", Name: "DefaultAppPool"}, {ID: "queue:ReportServer", Name: "ReportServer"}},
		Registrations: []fact.Registration{{ID: iis, URL: "http://*:80/", Port: 80}, {ID: ssrs, URL: "http://+:80/Reports/", Port: 80}},
		Reservations: []fact.Reservation{
			{ID: fact.ReservationID("http://+:80/Reports/"), URL: "http://+:80/Reports/", Port: 80, SDDL: "D:(A;;GX;;;NS)", Rights: []fact.PrefixRight{{SID: "S-1-5-20", Account: "NETWORK SERVICE", Listen: true}}},
			{ID: fact.ReservationID("http://+:5985/wsman/"), URL: "http://+:5985/wsman/", Port: 5985, SDDL: "D:(A;;GX;;;S-1-5-80-1)"},
		},
		Units: []fact.Unit{
			service("HTTP", "HTTP Service", "running", 3), service("Spooler", "Print Spooler", "running", 2, "RPCSS", "http"), service("W3SVC", "World Wide Web Publishing Service", "running", 2, "WAS", "HTTP"),
			service("WAS", "Windows Process Activation Service", "running", 3, "RPCSS"), service("ReportServer", "SQL Server Reporting Services", "running", 2), service("PeerDistSvc", "BranchCache", "stopped", 3, "http"),
			service("BITS", "Background Intelligent Transfer Service", "running", 3), service("winnat", "Windows NAT Driver", "running", 3), service("iphlpsvc", "IP Helper", "running", 2),
		},
		Links: []fact.Link{
			{From: sock, To: iis, Kind: fact.TakenBy}, {From: sock, To: ssrs, Kind: fact.TakenBy}, {From: sock, To: "proc:4", Kind: fact.HeldBy},
			{From: iis, To: "queue:DefaultAppPool", Kind: fact.InQueue}, {From: "queue:DefaultAppPool", To: "proc:900", Kind: fact.ServedBy}, {From: "proc:900", To: "unit:W3SVC", Kind: fact.PartOf}, {From: "proc:900", To: "unit:WAS", Kind: fact.PartOf},
			{From: ssrs, To: "queue:ReportServer", Kind: fact.InQueue}, {From: "queue:ReportServer", To: "proc:3128", Kind: fact.ServedBy}, {From: "proc:3128", To: "unit:ReportServer", Kind: fact.PartOf},
		},
	})
}

// listed adds services that nobody asks about, as a machine has them.
func listed(s *fact.Set) *fact.Set {
	for i := range 20 {
		s.Units = append(s.Units, service("Service"+string(rune('A'+i)), "", "running", 2))
	}
	return s
}

func linux() *fact.Set {
	at := netip.MustParseAddrPort
	start := uint16(1024)
	web := fact.SocketID(fact.TCP, at("0.0.0.0:80"), netip.AddrPort{}, 7)
	return &fact.Set{
		Machine: fact.Machine{OS: "linux", Kernel: "6.8.0-45-generic", Linux: &fact.LinuxNet{UnprivStart: &start, SELinux: "enforcing"}},
		Sockets: []fact.Socket{{ID: web, Proto: fact.TCP, Local: at("0.0.0.0:80"), State: fact.Listen}, {ID: "sock:53", Proto: fact.UDP, Local: at("127.0.0.53:53"), State: fact.Unconnected}},
		Processes: []fact.Process{
			{ID: "proc:700", PID: 700, Name: "nginx", Exe: "/usr/sbin/nginx"}, {ID: "proc:1", PID: 1, Name: "systemd"}, {ID: "proc:31", PID: 31, Name: "node"}, {ID: "proc:32", PID: 32, Name: "node"},
		},
		Units: []fact.Unit{
			{ID: "unit:nginx.service", Manager: "systemd", Name: "nginx.service", Active: "active", FileState: "enabled", Restart: "on-failure"},
			{ID: "unit:cups.service", Manager: "systemd", Name: "cups.service", Active: "active", FileState: "enabled", TriggeredBy: []string{"cups.socket"}},
			{ID: "unit:apache2.service", Manager: "systemd", Name: "apache2.service", Active: "inactive", FileState: "disabled"},
			{ID: "unit:systemd-resolved.service", Manager: "systemd", Name: "systemd-resolved.service", Active: "active"},
		},
		Containers: []fact.Container{{ID: "container:docker/db", Engine: "docker", Name: "db", State: "running"}, {ID: "container:docker/old", Engine: "docker", Name: "old", State: "exited"}},
		Ranges:     []fact.Range{{Kind: fact.SELinux, Proto: fact.TCP, From: 8081, To: 8081, Name: "transproxy_port_t"}, {Kind: fact.Ephemeral, From: 32768, To: 60999}},
		Links:      []fact.Link{{From: web, To: "proc:700", Kind: fact.HeldBy}, {From: "proc:700", To: "unit:nginx.service", Kind: fact.PartOf}},
	}
}

func one(t *testing.T, command string, set *fact.Set, ports ...uint16) judge.Verdict {
	t.Helper()
	var lines []judge.Line
	for i, l := range strings.Split(command, "\n") {
		lines = append(lines, judge.Line{Number: i + 1, Line: l})
	}
	vs := judge.Commands(lines, set, ports...)
	if len(vs) != 1 {
		t.Fatalf("%s: %d verdicts", command, len(vs))
	}
	return vs[0]
}

func noted(v judge.Verdict, id ruling.NoteID) (ruling.Note, bool) {
	i := slices.IndexFunc(v.Notes, func(n ruling.Note) bool { return n.ID == id })
	if i < 0 {
		return ruling.Note{}, false
	}
	return v.Notes[i], true
}

func notesOf(v judge.Verdict) []string {
	var out []string
	for _, n := range v.Notes {
		s := string(n.ID)
		for _, id := range n.About {
			s += " " + string(id)
		}
		out = append(out, s)
	}
	return out
}

// Each row stands beside its twin: one fact changed, and the verdict is another.
func TestTwins(t *testing.T) {
	with := func(base func() *fact.Set, change func(s *fact.Set)) *fact.Set {
		s := base()
		change(s)
		return s
	}
	unit := func(s *fact.Set, name string) *fact.Unit {
		return &s.Units[slices.IndexFunc(s.Units, func(u fact.Unit) bool { return u.Name == name })]
	}
	list := func(addrs ...string) func(s *fact.Set) {
		return func(s *fact.Set) {
			for _, a := range addrs {
				s.ListenList = append(s.ListenList, fact.ListenAddr{ID: fact.ID("iplisten:" + a), Addr: netip.MustParseAddr(a)})
			}
		}
	}
	stopped := func(names ...string) func(s *fact.Set) {
		return func(s *fact.Set) {
			for _, n := range names {
				unit(s, n).Active = "stopped"
			}
		}
	}
	start := func(name string, value uint32) func(s *fact.Set) {
		return func(s *fact.Set) { unit(s, name).Windows.Start = &value }
	}
	excluded := func(from, to uint16, star bool) func(s *fact.Set) {
		return func(s *fact.Set) {
			s.Ranges = append(s.Ranges, fact.Range{Kind: fact.Excluded, Proto: fact.TCP, From: from, To: to, Administered: star})
		}
	}
	proxy := func(port uint16) func(s *fact.Set) {
		return func(s *fact.Set) {
			s.Redirects = append(s.Redirects, fact.Redirect{ID: "redirect:p", Kind: "portproxy", Proto: fact.TCP, Dst: netip.MustParsePrefix("0.0.0.0/0"), From: port, Last: port, To: "172.20.1.2:80", Chain: "PortProxy v4tov4"})
		}
	}
	apache := func(s *fact.Set) {
		s.Sockets = append(s.Sockets, fact.Socket{ID: "sock:apache", Proto: fact.TCP, Local: netip.MustParseAddrPort("127.0.0.1:80"), State: fact.Listen, PID: 77})
	}
	for _, c := range []struct {
		name    string
		command string
		set     *fact.Set
		class   known.Class
		note    string // one that must be there, with its rows
		undo    string // joined by "; "
	}{
		{"dependents run", "net stop http /y", windows(), known.Breaks, "dependents-run unit:Spooler unit:W3SVC", "net start http; net start Spooler; net start W3SVC"},
		{"only a few services are known", "net stop http /y", with(windows, func(s *fact.Set) { s.Units = s.Units[:2] }), known.Breaks, "dependents-more", "net start http; net start Spooler"},
		{"no dependent runs", "net stop http /y", with(windows, stopped("Spooler", "W3SVC")), known.Risky, "dependents-none", "net start http"},
		{"HTTP is stopped", "net stop http", with(windows, stopped("HTTP")), known.NoChange, "not-running", ""},
		{"nothing is known", "net stop http", nil, known.Breaks, "dependents-usual", "net start http"},

		{"the one behind the port", "net stop ReportServer", windows(), known.Sound, "frees", "net start ReportServer"},
		{"another one has it", "net stop PeerDistSvc", with(windows, func(s *fact.Set) { unit(s, "PeerDistSvc").Active = "running" }), known.NoPort, "not-the-holder unit:ReportServer unit:W3SVC unit:WAS", "net start PeerDistSvc"},
		{"it does not run", "net stop PeerDistSvc", windows(), known.NoChange, "not-running", ""},
		{"blamed", "net stop BITS", windows(), known.NoPort, "blamed", "net start BITS"},
		{"a display name", `net stop "World Wide Web Publishing Service"`, windows(), known.Sound, "frees", "net start W3SVC"},
		{"WAS takes W3SVC along", "net stop was /y", windows(), known.Risky, "dependents-run unit:W3SVC", "net start WAS; net start W3SVC"},
		{"WAS of a machine that is not known", "net stop was /y", nil, known.Risky, "dependents-usual", "net start was"},
		{"WAS with W3SVC stopped", "net stop was /y", with(windows, stopped("W3SVC")), known.Sound, "dependents-none unit:W3SVC", "net start WAS"},

		{"disabled, dependents start no more", "sc config http start= disabled", windows(), known.Breaks, "dependents-off unit:Spooler unit:W3SVC unit:PeerDistSvc", "sc.exe config http start= demand"},
		{"disabled already", "sc config http start= disabled", with(windows, start("HTTP", 4)), known.NoChange, "already-so", ""},
		{"the damage is put right", "sc config http start= demand", with(windows, start("HTTP", 4)), known.Sound, "puts-right", "sc.exe config http start= disabled"},
		{"as it is", "sc config http start= demand", windows(), known.NoChange, "already-so", ""},
		{"HTTP automatic", "Set-Service http -StartupType Automatic", windows(), known.NoPort, "not-the-default", "sc.exe config http start= demand"},
		{"the old value is known", "sc config W3SVC start= disabled", windows(), known.Sound, "until-stopped", "sc.exe config W3SVC start= auto"},
		{"the same by the registry", `reg add "HKLM\SYSTEM\CurrentControlSet\Services\W3SVC" /v Start /t REG_DWORD /d 4 /f`, windows(), known.Sound, "until-stopped", "sc.exe config W3SVC start= auto"},
		{"no such start value", `reg add HKLM\SYSTEM\CurrentControlSet\Services\HTTP /v Start /d 7`, windows(), known.NoChange, "bad-start-value", ""},

		{"the first address narrows", "netsh http add iplisten 127.0.0.1", windows(), known.Breaks, "unreachable", "netsh http delete iplisten ipaddress=127.0.0.1"},
		{"nobody registered", "netsh http add iplisten 127.0.0.1", with(windows, func(s *fact.Set) { s.Registrations = nil }), known.Risky, "unreachable", "netsh http delete iplisten ipaddress=127.0.0.1"},
		{"one more address", "netsh http add iplisten ipaddress=127.0.0.1", with(windows, list("10.0.0.5")), known.Sound, "list-change", "netsh http delete iplisten ipaddress=127.0.0.1"},
		{"on the list already", "netsh http add iplisten 10.0.0.5", with(windows, list("10.0.0.5")), known.NoChange, "already-so", ""},
		{"not of this machine", "netsh http add iplisten 192.168.77.1", windows(), known.Breaks, "not-local", "netsh http delete iplisten ipaddress=192.168.77.1"},
		{"the last address goes", "netsh http delete iplisten 10.0.0.5", with(windows, list("10.0.0.5")), known.Sound, "list-everywhere", "netsh http add iplisten ipaddress=10.0.0.5"},
		{"one of two goes", "netsh http delete iplisten 10.0.0.5", with(windows, list("10.0.0.5", "127.0.0.1")), known.Breaks, "unreachable", "netsh http add iplisten ipaddress=10.0.0.5"},
		{"another server took its place", "netsh http delete iplisten 10.0.0.5", with(func() *fact.Set { return with(windows, list("10.0.0.5")) }, apache), known.Breaks, "others-lose sock:apache", "netsh http add iplisten ipaddress=10.0.0.5"},
		{"not on the list", "netsh http delete iplisten 10.0.0.9", with(windows, list("10.0.0.5")), known.NoChange, "not-on-list", ""},
		{"the list is not known", "netsh http delete iplisten 10.0.0.5", nil, known.Risky, "list-unknown", "netsh http add iplisten ipaddress=10.0.0.5"},

		{"a reservation of a feature", "netsh http delete urlacl url=http://+:5985/wsman/", windows(), known.Breaks, "reservation-feature", `netsh http add urlacl url=http://+:5985/wsman/ sddl="D:(A;;GX;;;S-1-5-80-1)"`},
		{"somebody's reservation", "netsh http delete urlacl url=http://+:80/app/", with(windows, func(s *fact.Set) {
			s.Reservations = append(s.Reservations, fact.Reservation{ID: "urlacl:x", URL: "http://+:80/app/", SDDL: "D:(A;;GX;;;WD)"})
		}), known.NoPort, "reservation-of urlacl:x", `netsh http add urlacl url=http://+:80/app/ sddl="D:(A;;GX;;;WD)"`},
		{"no such reservation", "netsh http delete urlacl url=http://+:80/app/", windows(), known.NoChange, "reservation-gone", ""},
		{"reserved already", "netsh http add urlacl url=http://+:80/reports user=Everyone", windows(), known.NoChange, "reservation-there", ""},
		{"a new reservation", "netsh http add urlacl url=http://+:81/x/ user=Everyone", windows(), known.NoPort, "name-translated", "netsh http delete urlacl url=http://+:81/x/"},
		{"it shadows a site", "netsh http add urlacl url=http://+:80/ sddl=D:(A;;GX;;;S-1-1-0)", windows(), known.Breaks, "shadows url:http://*:80/", "netsh http delete urlacl url=http://+:80/"},
		{"no prefix", "netsh http add urlacl url=localhost:80 user=me", windows(), known.NoChange, "bad-prefix", ""},

		{"the port lies in a range", "net stop winnat", with(windows, excluded(50, 149, false)), known.Risky, "range-covers", "net start winnat"},
		{"a range of UDP", "net stop winnat", with(windows, func(s *fact.Set) {
			s.Ranges = append(s.Ranges, fact.Range{Kind: fact.Excluded, Proto: fact.UDP, From: 50, To: 149})
		}), known.NoPort, "range-none", "net start winnat"},
		{"no range covers it", "net stop winnat", with(windows, excluded(5000, 5099, false)), known.NoPort, "range-none", "net start winnat"},
		{"excluded already", "netsh int ipv4 add excludedportrange protocol=tcp startport=8080 numberofports=1", with(windows, excluded(8080, 8080, true)), known.NoChange, "already-so", ""},
		{"a free port", "netsh int ipv4 add excludedportrange protocol=tcp startport=8080 numberofports=1", windows(), known.Sound, "keeps-for-binds", "netsh interface ipv4 delete excludedportrange protocol=tcp startport=8080 numberofports=1"},
		{"a port in use", "netsh int ipv4 add excludedportrange tcp 80 1", windows(), known.NoChange, "range-in-use", ""},
		{"Windows' own range", "netsh int ipv4 delete excludedportrange tcp 5000 100", with(windows, excluded(5000, 5099, false)), known.NoChange, "range-unstarred", ""},
		{"one's own range", "netsh int ipv4 delete excludedportrange tcp 5000 100", with(windows, excluded(5000, 5099, true)), known.Sound, "keeps-for-binds", "netsh interface ipv4 add excludedportrange protocol=tcp startport=5000 numberofports=100"},

		{"an entry of the port proxy", "netsh interface portproxy delete v4tov4 listenport=8080", with(windows, proxy(8080)), known.Sound, "proxy-entries redirect:p", "netsh interface portproxy add v4tov4 listenport=8080 listenaddress=* connectaddress=172.20.1.2 connectport=80"},
		{"no such entry", "netsh interface portproxy delete v4tov4 listenport=8081", with(windows, proxy(8080)), known.NoChange, "proxy-missing", ""},
		{"all entries", "netsh interface portproxy reset", with(windows, proxy(8080)), known.Breaks, "proxy-entries redirect:p", "netsh interface portproxy add v4tov4 listenport=8080 listenaddress=* connectaddress=172.20.1.2 connectport=80"},
		{"IP Helper forwards", "net stop iphlpsvc", with(windows, proxy(8080)), known.Breaks, "proxy-entries redirect:p", "net start iphlpsvc"},
		{"IP Helper forwards nothing", "net stop iphlpsvc", windows(), known.Risky, "not-the-holder unit:ReportServer unit:W3SVC unit:WAS", "net start iphlpsvc"},

		{"Windows XP", "netsh http add iplisten 127.0.0.1", with(windows, func(s *fact.Set) { s.Machine.Windows.Build = 3790 }), known.NotHere, "old-windows", ""},
		{"httpcfg today", "httpcfg delete iplisten -i 0.0.0.0", windows(), known.NotHere, "new-windows", ""},
		{"httpcfg on Server 2003", "httpcfg delete iplisten -i 0.0.0.0", with(windows, func(s *fact.Set) { s.Machine.Windows.Build = 3790 }), known.Risky, "machine-wide", ""},
		{"systemctl on Windows", "sudo systemctl stop apache2", windows(), known.NotHere, "other-system", ""},

		{"the kernel", "taskkill /F /PID 4", windows(), known.WrongTool, "kernel-has-it", ""},
		{"a service's process", "taskkill /F /PID 3128", windows(), known.Risky, "process-is proc:3128", ""},
		{"several services in one process", "taskkill /F /PID 900", windows(), known.Breaks, "shared-process unit:W3SVC unit:WAS", ""},
		{"a number of another machine", "taskkill /F /PID 5555", windows(), known.Risky, "foreign-pid", ""},
		{"whoever has the port", "for /f \"tokens=5\" %a in ('netstat -aon ^| findstr :80') do taskkill /F /PID %a", windows(), known.WrongTool, "kernel-has-it", ""},

		{"the unit with the port", "sudo systemctl stop nginx", linux(), known.Sound, "frees", "systemctl start nginx.service"},
		{"a unit without it", "sudo systemctl stop cups", linux(), known.Risky, "socket-starts", "systemctl start cups.service"},
		{"a stopped unit", "sudo service apache2 stop", linux(), known.NoChange, "not-running", ""},
		{"disable does not stop", "systemctl disable nginx", linux(), known.NoPort, "still-running", "systemctl enable nginx.service"},
		{"disable --now does", "systemctl disable --now nginx", linux(), known.Sound, "frees", "systemctl enable --now nginx.service"},
		{"the resolver", "sudo systemctl stop systemd-resolved", linux(), known.Breaks, "resolver-gone", "systemctl unmask systemd-resolved; systemctl enable --now systemd-resolved"},
		{"two of one name", "killall node", linux(), known.Breaks, "many proc:31 proc:32", ""},
		{"one of a name", "killall nginx", linux(), known.Risky, "process-is proc:700", ""},
		{"clients are killed too", "sudo kill -9 $(lsof -t -i:80)", linux(), known.Risky, "clients-too", ""},
		{"no recycle any more", "sysctl -w net.ipv4.tcp_tw_recycle=1", linux(), known.NotHere, "gone-since", ""},
		{"recycle on an old kernel", "sysctl -w net.ipv4.tcp_tw_recycle=1", with(linux, func(s *fact.Set) { s.Machine.Kernel = "3.10.0-1160.el7" }), known.Breaks, "still-there", "sysctl -w net.ipv4.tcp_tw_recycle=0"},
		{"written by echo", "echo 1 | sudo tee /proc/sys/net/ipv4/tcp_tw_recycle", linux(), known.NotHere, "gone-since", ""},
		{"the old value", "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80", linux(), known.NoPort, "not-the-holder unit:nginx.service", "sysctl -w net.ipv4.ip_unprivileged_port_start=1024"},
		{"SELinux enforces", "setenforce 0", linux(), known.NoPort, "selinux-is", "setenforce 1"},
		{"SELinux is off", "setenforce 0", with(linux, func(s *fact.Set) { s.Machine.Linux.SELinux = "permissive" }), known.NoChange, "selinux-is", ""},
		{"the port has a type", "semanage port -a -t http_port_t -p tcp 8081", linux(), known.NoChange, "port-type-has", ""},
		{"the port has none", "semanage port -a -t http_port_t -p tcp 8082", linux(), known.Sound, "", "semanage port -d -p tcp 8082"},
		{"a container", "docker rm -f db", linux(), known.Risky, "containers-stop container:docker/db", ""},
		{"no such container", "docker stop web", linux(), known.NoChange, "no-such-container", ""},
		{"rules of containers", "iptables -F", linux(), known.Breaks, "docker-rules", "systemctl restart docker"},
		{"no containers", "iptables -F", with(linux, func(s *fact.Set) { s.Containers = nil }), known.NoPort, "listener-stays", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := one(t, c.command, c.set, 80)
			if v.Class != c.class {
				t.Errorf("class %s, want %s; notes %v", v.Class, c.class, notesOf(v))
			}
			id, _, _ := strings.Cut(c.note, " ")
			if n, ok := noted(v, ruling.NoteID(id)); id != "" && (!ok || strings.Contains(c.note, " ") && !slices.Contains(notesOf(v), c.note)) {
				t.Errorf("no note %s (%v) among %v", c.note, n, notesOf(v))
			}
			if got := strings.Join(v.Undo, "; "); got != c.undo {
				t.Errorf("undo %q, want %q", got, c.undo)
			}
		})
	}
}

func TestLookingIsHarmless(t *testing.T) {
	for _, command := range []string{
		"netstat -aon | findstr :80", "tasklist /svc /fi \"pid eq 4\"", "netsh http show servicestate view=requestq", "sc query http", "Get-NetTCPConnection -LocalPort 80 | Select-Object OwningProcess",
		"sudo lsof -i :80", "ss -ltnp", "docker ps -a", "systemctl status nginx", "httpcfg query iplisten", "sysctl net.ipv4.ip_unprivileged_port_start", "echo hello > note.txt",
	} {
		set := windows()
		set.Machine.OS = "" // whichever system it is
		set.Machine.Windows.Build = 3790
		if v := one(t, command, set, 80); v.Class != known.Look || v.Undo != nil || v.Need != "" {
			t.Errorf("%s: %s %v %s", command, v.Class, v.Undo, v.Need)
		}
	}
}

// A pipeline is judged by what it does at its end.
func TestPipes(t *testing.T) {
	for command, want := range map[string]known.Rule{
		"Get-Service W3SVC | Stop-Service -Force": known.StopService,
		"lsof -ti:80 | xargs kill -9":             known.KillPort,
		"Get-NetTCPConnection -LocalPort 80 | ForEach-Object { Stop-Process -Id $_.OwningProcess }": known.KillPort,
		"kill -9 $(pidof nginx)":                known.KillName,
		"Get-Process -Name node | Stop-Process": known.KillName,
		"docker rm -f $(docker ps -aq)":         known.ContainerRemove,
		"net stop \"Print Spooler\"":            known.StopService,
	} {
		if v := one(t, command, nil, 80); v.Rule != want {
			t.Errorf("%s: %s, want %s", command, v.Rule, want)
		}
	}
}

func TestRegFile(t *testing.T) {
	const post = `Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\HTTP]
"Start"=dword:00000004

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\HTTP\Parameters]
"DisableServerHeader"=dword:00000002
"ListenOnlyList"=hex(7):31,00,32,00,37,00,2e,00,30,00,2e,00,30,00,2e,00,31,00,00,\
  00,00,00

[-HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\UrlAclInfo]
net stop http`
	var lines []judge.Line
	for i, l := range strings.Split(post, "\n") {
		lines = append(lines, judge.Line{Number: i + 10, Line: l})
	}
	type said struct {
		line  int
		rule  known.Rule
		class known.Class
	}
	var got []said
	for _, v := range judge.Commands(lines, windows(), 80) {
		got = append(got, said{v.Where[0].Number, v.Rule, v.Class})
	}
	want := []said{
		{13, known.HTTPStartType, known.Breaks}, {16, known.RegistryHTTPTuning, known.NoPort}, {17, known.RegistryListenList, known.Breaks},
		{20, known.RegistryUrlAcl, known.Breaks}, {21, known.StopHTTP, known.Breaks},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	v := judge.Commands(lines, windows(), 80)[3]
	if len(v.Undo) != 2 || v.Reversal != known.Reversible {
		t.Errorf("the wiped reservations are put back by %v", v.Undo)
	}
}

func TestACommandIsJudgedOnce(t *testing.T) {
	lines := []judge.Line{{Number: 3, Line: "net stop http /y"}, {Number: 9, Line: "NET STOP HTTP  /Y"}, {Number: 12, Line: "net stop http"}}
	vs := judge.Commands(lines, nil)
	if len(vs) != 2 || len(vs[0].Where) != 2 || vs[0].Where[1].Number != 9 {
		t.Errorf("%+v", vs)
	}
}

func TestPowerShellHasAnotherSC(t *testing.T) {
	line := judge.Line{Number: 1, Line: "sc stop W3SVC", Shell: "powershell"}
	if v := judge.Commands([]judge.Line{line}, windows())[0]; v.Class != known.WrongTool {
		t.Errorf("%s", v.Class)
	}
	line.Shell = ""
	if v := judge.Commands([]judge.Line{line}, windows())[0]; v.Class == known.WrongTool {
		t.Errorf("%s", v.Class)
	}
}

// What stands in capitals is what nobody knows; no brace is left.
func TestNoPlaceholderIsLeft(t *testing.T) {
	for _, set := range []*fact.Set{nil, windows(), linux()} {
		for _, command := range strings.Split(everyCommand, "\n") {
			for _, v := range judge.Commands([]judge.Line{{Number: 1, Line: command}}, set) {
				for _, s := range v.Undo {
					if strings.ContainsAny(s, "{}") {
						t.Errorf("%s: undo %s", command, s)
					}
				}
				for _, i := range v.Instead {
					if strings.ContainsAny(i.Remedy+i.Command, "{}") || i.Remedy+i.Command == "" {
						t.Errorf("%s: instead %+v", command, i)
					}
				}
			}
		}
	}
}

const everyCommand = `net stop http
sc delete W3SVC
sc config X start= demand
sc sdset http D:(A;;GX;;;WD)
iisreset /stop
appcmd stop site "Default Web Site"
netsh http delete sslcert ipport=0.0.0.0:443
netsh int ipv4 set dynamicport tcp start=1638 num=100
netsh winsock reset
netsh branchcache set service mode=disabled
dism /online /disable-feature /featurename:IIS-WebServerRole
wsl --shutdown
bcdedit /set hypervisorlaunchtype off
apt purge apache2
setcap cap_net_bind_service=+ep /usr/bin/node
sysctl -w net.ipv4.ip_local_port_range="1024 65000"
iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-port 8080
launchctl unload -w /System/Library/LaunchDaemons/com.apple.x.plist
brew services stop nginx
docker compose down -v
rm -rf /var/lib/x
chmod -R 777 /
reg import fix.reg
net stop hns
frobnicate --now`

// Whatever the lines are, judging them ends, and every verdict has its words.
func FuzzCommands(f *testing.F) {
	for _, s := range strings.Split(everyCommand, "\n") {
		f.Add(s)
	}
	f.Add("[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\HTTP]\n\"Start\"=dword:4")
	f.Add("reg add HKLM\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters /v ListenOnlyList /d 1.2.3.4\\0::1")
	sets := []*fact.Set{nil, windows(), linux()}
	f.Fuzz(func(t *testing.T, text string) {
		var lines []judge.Line
		for i, l := range strings.Split(text, "\n") {
			lines = append(lines, judge.Line{Number: i + 1, Line: l})
		}
		for _, set := range sets {
			for _, v := range judge.Commands(lines, set, 80) {
				if v.Rule == "" || v.Class == "" || v.Confidence == "" || len(v.Where) == 0 || v.Command == "" {
					t.Fatalf("%+v", v)
				}
			}
		}
	})
}

// Articles name services as an English Windows shows them, with or without their
// last word, where no list of services says what they are called.
func TestServicesByTheirShownName(t *testing.T) {
	for shown, want := range map[string]string{
		"World Wide Web Publishing Service": "W3SVC", "world wide web publishing": "W3SVC", "HTTP Service": "HTTP", "HTTP SSL": "HTTPFilter",
		"Windows Process Activation Service": "WAS", "IP Helper": "iphlpsvc", "No Such": "No Such",
	} {
		if v := one(t, `net stop "`+shown+`"`, nil, 80); v.Args["service"] != want {
			t.Errorf("%s: %v, want %s", shown, v.Args, want)
		}
	}
}
