package diagnose_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	refusals "github.com/berthd/berth/internal/answer/refusal"
	"github.com/berthd/berth/internal/fact"
)

func ptr[T any](v T) *T { return &v }

// served is a machine on which a program listens on 0.0.0.0:80.
func served() fact.Set {
	return fact.Set{
		Machine: fact.Machine{OS: "linux", Asker: &fact.Asker{PID: 99, UID: 1000, Cwd: "/home/ann/app"}},
		Sockets: []fact.Socket{sock("0.0.0.0:80", fact.Listen, 7)},
		Processes: []fact.Process{
			{ID: "proc:10@1", PID: 10, PPID: 5, Session: 5, Name: "web", Exe: "/srv/web", Args: []string{"web", "site.conf"}, UID: ptr(uint32(1000)), Cwd: "/srv"},
			{ID: "proc:5@1", PID: 5, PPID: 1, Session: 5, Name: "bash"},
		},
		Links: []fact.Link{
			{From: "sock:tcp:0.0.0.0:80#7", To: "proc:10@1", Kind: fact.HeldBy},
			{From: "proc:10@1", To: "proc:5@1", Kind: fact.ChildOf},
		},
	}
}

func sock(local string, state fact.State, inode uint64) fact.Socket {
	at := netip.MustParseAddrPort(local)
	return fact.Socket{ID: fact.SocketID(fact.TCP, at, netip.AddrPort{}, inode), Proto: fact.TCP, Local: at, State: state, Linux: &fact.LinuxSocket{Inode: inode}}
}

func connection(local, remote string, state fact.State) fact.Set {
	at, far := netip.MustParseAddrPort(local), netip.MustParseAddrPort(remote)
	return fact.Set{Machine: fact.Machine{OS: "linux"}, Sockets: []fact.Socket{{ID: fact.SocketID(fact.TCP, at, far, 0), Proto: fact.TCP, Local: at, Remote: far, State: state}}}
}

// with is a set changed.
func with(s fact.Set, change func(*fact.Set)) fact.Set { change(&s); return s }

// second adds another program with a listener at local.
func second(local string) func(*fact.Set) {
	return func(s *fact.Set) {
		k := sock(local, fact.Listen, 8)
		s.Sockets = append(s.Sockets, k)
		s.Processes = append(s.Processes, fact.Process{ID: "proc:20@1", PID: 20, Name: "api", Exe: "/srv/api"})
		s.Links = append(s.Links, fact.Link{From: k.ID, To: "proc:20@1", Kind: fact.HeldBy})
	}
}

// unit makes the holder part of a unit.
func unit(u fact.Unit) func(*fact.Set) {
	return func(s *fact.Set) {
		s.Units = append(s.Units, u)
		s.Links = append(s.Links, fact.Link{From: "proc:10@1", To: u.ID, Kind: fact.PartOf})
	}
}

const refusal = "bind() to 0.0.0.0:80 failed (98: Address already in use)"

func failed(log string) fact.Unit {
	return fact.Unit{ID: "unit:site.service", Manager: "systemd", Name: "site.service", Type: "service", Active: "failed",
		ExecStart: "/srv/other -g", Log: []fact.LogLine{{Text: log}}}
}

func redirects(s *fact.Set) {
	s.Redirects = []fact.Redirect{{ID: "redirect:1", Kind: "redirect", Proto: fact.TCP, From: 80, Last: 80, To: ":8080", Hook: "prerouting"}}
}

type ruled struct {
	rule  diagnose.Rule
	set   fact.Set
	twin  func(*fact.Set)
	asked diagnose.Question
}

// rules has a set for each rule, in which it is said, and its twin: the same with
// one fact changed, in which it is not.
func rules() []ruled {
	q80 := diagnose.Question{Endpoint: fact.Endpoint{Port: 80}}
	copyOf := q80
	copyOf.Newcomer = &diagnose.Newcomer{Exe: "/srv/web", Args: []string{"web", "site.conf"}}
	none := fact.Set{Machine: fact.Machine{OS: "linux"}}
	httpsys := windows(true)
	pasted := q80
	pasted.Refusals = refusals.Read("", []refusals.Line{{Text: refusal}})
	return append([]ruled{
		{diagnose.RuleErrorLine, none, func(*fact.Set) { pasted.Refusals[0].Port = 81 }, pasted},
		{diagnose.RuleSecondCopy, served(), func(s *fact.Set) { s.Processes[0].Args[1] = "other.conf" }, copyOf},
		{diagnose.RuleYourFolder, with(served(), func(s *fact.Set) { s.Processes[0].Cwd = "/home/ann/app" }),
			func(s *fact.Set) { s.Processes[0].PID = 99 }, q80},
		{diagnose.RuleConfigTwice, with(none, func(s *fact.Set) { s.Units = []fact.Unit{failed(refusal)} }),
			func(s *fact.Set) { s.Units[0].Active = "active" }, q80},
		{diagnose.RuleNewcomerFailed, with(served(), func(s *fact.Set) { s.Units = []fact.Unit{failed(refusal)} }),
			func(s *fact.Set) {
				s.Units[0].Log[0].Text = strings.ReplaceAll(refusal, ":80 ", ":8080 ")
			}, q80},
		{diagnose.RuleNewcomerRefused, with(none, func(s *fact.Set) {
			s.Units = []fact.Unit{failed("bind() to 0.0.0.0:80 failed (13: Permission denied)")}
		}), func(s *fact.Set) { s.Units[0].Log[0].Text = refusal }, q80},
		{diagnose.RuleTwoServers, with(served(), func(s *fact.Set) { s.Sockets[0] = relocated(s, "10.0.0.1:80"); second("10.0.0.2:80")(s) }),
			func(s *fact.Set) { s.Links[len(s.Links)-1].To = "proc:10@1" }, q80},
		{diagnose.RuleLocalhostSplit, with(served(), second("[::1]:80")), func(s *fact.Set) { s.Links[2].To = "proc:10@1" }, q80},
		{diagnose.RuleReusePortShared, with(served(), second("0.0.0.0:80")), func(s *fact.Set) { s.Sockets = s.Sockets[:1] }, q80},
		{diagnose.RuleStopped, with(served(), func(s *fact.Set) { s.Processes[0].State = "stopped" }),
			func(s *fact.Set) { s.Processes[0].State = "running" }, q80},
		{diagnose.RuleInherited, with(served(), func(s *fact.Set) { s.Links[0].Kind = fact.InheritedBy }),
			func(s *fact.Set) { s.Links[0].Kind = fact.HeldBy }, q80},
		{diagnose.RuleOrphan, with(served(), func(s *fact.Set) { s.Processes[0].PPID, s.Links = 1, s.Links[:1] }),
			func(s *fact.Set) { s.Processes[0].Session = 10 }, q80},
		{diagnose.RuleOrphanMaster, with(served(), func(s *fact.Set) {
			u := failed(refusal)
			u.ExecStart = "/srv/web -g"
			s.Units = []fact.Unit{u}
		}), func(s *fact.Set) { s.Units[0].ExecStart = "/srv/other" }, q80},
		{diagnose.RuleSocketActivated, with(served(), func(s *fact.Set) {
			s.Units = []fact.Unit{{ID: "unit:web.socket", Name: "web.socket", Manager: "systemd", Type: "socket"}}
			s.Links = append(s.Links, fact.Link{From: "sock:tcp:0.0.0.0:80#7", To: "unit:web.socket", Kind: fact.ListensFor})
		}), func(s *fact.Set) { s.Links = s.Links[:2] }, q80},
		{diagnose.RuleForwarder, with(served(), func(s *fact.Set) {
			s.Processes[0].Name, s.Processes[0].Exe, s.Processes[0].Args = "socat", "/usr/bin/socat", []string{"socat", "TCP-LISTEN:80,fork", "TCP:10.0.0.9:80"}
		}), func(s *fact.Set) {
			s.Processes[0].Name, s.Processes[0].Exe, s.Processes[0].Args = "cat", "/usr/bin/cat", []string{"cat"}
		}, q80},
		{diagnose.RuleStaleForwarder, with(served(), func(s *fact.Set) {
			s.Processes[0].Name, s.Processes[0].Exe = "docker-proxy", "/usr/bin/docker-proxy"
			s.Processes[0].Args = []string{"/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "80", "-container-ip", "172.17.0.2", "-container-port", "80"}
			s.Engines = []fact.Engine{{Name: "docker", State: "answered"}}
		}), func(s *fact.Set) { s.Engines[0].State = "closed" }, q80},
		{diagnose.RuleWouldRestart, with(served(), unit(fact.Unit{ID: "unit:web.service", Name: "web.service", Manager: "systemd", Restart: "always"})),
			func(s *fact.Set) { s.Units[0].Restart = "no" }, q80},
		{diagnose.RuleForked, with(served(), func(s *fact.Set) {
			s.Processes = append(s.Processes, fact.Process{ID: "proc:11@1", PID: 11, PPID: 10, Name: "web", Exe: "/srv/web"})
			s.Links = append(s.Links, fact.Link{From: "sock:tcp:0.0.0.0:80#7", To: "proc:11@1", Kind: fact.HeldBy})
		}), func(s *fact.Set) { s.Processes[2].Exe = "/srv/other" }, q80},
		{diagnose.RuleBoundOnly, with(served(), func(s *fact.Set) { s.Sockets[0].State = fact.Bound }),
			func(s *fact.Set) { s.Sockets[0].State = fact.Listen }, q80},
		{diagnose.RuleKernelSocket, with(served(), func(s *fact.Set) { s.Processes[0].Kernel = true }),
			func(s *fact.Set) { s.Processes[0].Kernel = false }, q80},
		{diagnose.RuleNATShadow, with(served(), redirects), func(s *fact.Set) { s.Redirects[0].From, s.Redirects[0].Last = 81, 81 }, q80},
		{diagnose.RuleNATOnly, with(none, redirects), func(s *fact.Set) { s.Redirects[0].Proto = fact.SCTP }, q80},
		{diagnose.RuleTimeWait, connection("10.0.0.1:80", "10.0.0.2:5000", fact.TimeWait), func(s *fact.Set) { s.Sockets[0].State = fact.FinWait2 }, q80},
		{diagnose.RuleLeftover, connection("10.0.0.1:80", "10.0.0.2:5000", fact.Established), func(s *fact.Set) { s.Sockets[0].State = fact.TimeWait }, q80},
		{diagnose.RuleOutgoing, connection("10.0.0.1:40000", "10.0.0.2:443", fact.Established),
			func(s *fact.Set) {
				s.Ranges = []fact.Range{{Kind: fact.Ephemeral, From: 50000, To: 60000}}
			}, diagnose.Question{Endpoint: fact.Endpoint{Port: 40000}}},
		{diagnose.RuleAllocated, with(none, func(s *fact.Set) {
			s.Containers = []fact.Container{{ID: "container:docker/x", Engine: "docker", Name: "x", State: "created",
				Ports: []fact.PublishedPort{{Proto: fact.TCP, Host: netip.MustParseAddrPort("0.0.0.0:80"), Container: 80}}}}
		}), func(s *fact.Set) { s.Containers[0].Ports[0].Proto = fact.SCTP }, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}}},
		{diagnose.RuleOtherNetns, with(served(), func(s *fact.Set) { s.Sockets[0].Netns = "netns:5" }),
			func(s *fact.Set) { s.Sockets[0].Netns = "" }, q80},
		{diagnose.RuleHTTPSys, httpsys, func(s *fact.Set) { s.Links = s.Links[:1] }, q80},
		{diagnose.RuleHTTPSysUnnamed, windows(false), func(s *fact.Set) { *s = windows(true) }, q80},
		{diagnose.RuleReservedOnly, with(httpsys, func(s *fact.Set) {
			s.Reservations = []fact.Reservation{{ID: "resv:1", URL: "http://+:80/other/", Port: 80}}
		}), func(s *fact.Set) { s.Reservations[0].URL = "http://+:80/app/" }, q80},
		{diagnose.RuleDeletedExe, with(served(), func(s *fact.Set) { s.Processes[0].ExeState = "deleted" }),
			func(s *fact.Set) { s.Processes[0].ExeState = "" }, q80},
		{diagnose.RuleBacklogFull, with(served(), func(s *fact.Set) {
			s.Sockets[0].Linux.Backlog, s.Sockets[0].Linux.BacklogMax = ptr(uint32(129)), ptr(uint32(128))
		}), func(s *fact.Set) { s.Sockets[0].Linux.Backlog = ptr(uint32(3)) }, q80},
		{diagnose.RuleKnown, with(served(), func(s *fact.Set) { s.Processes[0].Name = "nginx" }),
			func(s *fact.Set) { s.Processes[0].Name = "web" }, q80},
		{diagnose.RuleFree, none, func(s *fact.Set) { *s = served() }, q80},
		{diagnose.RuleOwnerHidden, with(served(), func(s *fact.Set) { s.Links = nil }), func(s *fact.Set) { *s = served() }, q80},
		{diagnose.RuleUnknown, with(none, func(s *fact.Set) {
			s.Gaps = []fact.Gap{{Kind: fact.GapPermission, Subject: fact.SocketTable}}
		}), func(s *fact.Set) { s.Gaps[0].Subject = "the journal" }, q80},
	}, windowsRules()...)
}

// relocated moves the first socket without changing its ID.
func relocated(s *fact.Set, local string) fact.Socket {
	k := s.Sockets[0]
	k.Local = netip.MustParseAddrPort(local)
	return k
}

// windows is PID 4 on port 80, with or without what netsh says of it.
func windows(listing bool) fact.Set {
	at := netip.MustParseAddrPort("0.0.0.0:80")
	s := fact.Set{Machine: fact.Machine{OS: "windows"},
		Sockets:   []fact.Socket{{ID: "sock:80", Proto: fact.TCP, Local: at, State: fact.Listen, PID: 4}},
		Processes: []fact.Process{{ID: "proc:4", PID: 4, Name: "System", Kernel: true}},
		Links:     []fact.Link{{From: "sock:80", To: "proc:4", Kind: fact.HeldBy}},
	}
	if listing {
		s.Registrations = []fact.Registration{{ID: "reg:1", URL: "http://+:80/app/", Port: 80}}
		s.Links = append(s.Links, fact.Link{From: "sock:80", To: "reg:1", Kind: fact.TakenBy})
	}
	return s
}

func TestRules(t *testing.T) {
	for _, c := range rules() {
		t.Run(string(c.rule), func(t *testing.T) {
			said := func() bool {
				a := diagnose.Who(chain.NewIndex(&c.set), c.asked)
				return slices.ContainsFunc(a.Findings, func(f diagnose.Finding) bool { return f.Rule == c.rule })
			}
			if !said() {
				t.Error("not said")
			}
			if c.twin(&c.set); said() {
				t.Error("said of its twin too")
			}
		})
	}
}

// TestEveryRuleHasASet: a new rule without a test fails here.
func TestEveryRuleHasASet(t *testing.T) {
	for _, name := range constants(t, "diagnose.go", "Rule") {
		if !slices.ContainsFunc(append(rules(), damages()...), func(c ruled) bool { return string(c.rule) == name }) {
			t.Errorf("rule %s has no set", name)
		}
	}
}

// constants are the values of the string constants of one type in a file.
func constants(t *testing.T, file, kind string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); ok && id.Name == kind {
			out = append(out, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return true
	})
	if len(out) == 0 {
		t.Fatalf("%s has no constants of type %s", file, kind)
	}
	return out
}

// TestExit: every status has its code.
func TestExit(t *testing.T) {
	for want, a := range map[int]diagnose.Answer{
		0: {Status: diagnose.Free}, 1: {Status: diagnose.Held}, 3: {Status: diagnose.Unknown},
		4: {Status: diagnose.Unknown, CouldNot: &fact.Gap{Kind: fact.GapPermission}},
	} {
		if got := a.Exit(); got != want {
			t.Errorf("%s is %d, want %d", a.Status, got, want)
		}
	}
	for _, s := range []diagnose.Status{diagnose.Blocked, diagnose.Redirected} {
		if got := (diagnose.Answer{Status: s}).Exit(); got != 1 {
			t.Errorf("%s is %d", s, got)
		}
	}
}
