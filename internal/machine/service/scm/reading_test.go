package scm

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// service is one service of a machine that a test makes up.
type service struct {
	status
	config
	record  *record // nil = no key
	names   []string
	closed  bool // its configuration is
	stop    bool // the asker may stop it
	change  bool
	delayed bool
}

// machine is a manager with services, and the tags that it knows.
func machine(all []service, tags map[uint32]string) source {
	find := func(name string) *service {
		i := slices.IndexFunc(all, func(s service) bool { return s.name == name })
		if i < 0 {
			panic("asked for " + name)
		}
		return &all[i]
	}
	return source{
		list: func() ([]status, error) {
			var out []status
			for _, s := range all {
				out = append(out, s.status)
			}
			return out, nil
		},
		answer: func(name string) (answer, error) {
			s := find(name)
			if s.closed {
				return answer{}, fmt.Errorf("%w: 5", errDenied)
			}
			return answer{config: s.config, delayed: &s.delayed, restart: "no"}, nil
		},
		record: func(name string) (record, error) {
			s := find(name)
			if s.record == nil {
				return record{}, fs.ErrNotExist
			}
			return *s.record, nil
		},
		dependsOn: func() (map[string][]string, error) {
			out := map[string][]string{"NotAService": {"HTTP"}}
			for _, s := range all {
				if s.record != nil {
					out[s.name] = s.record.depends
				}
			}
			return out, nil
		},
		dependents: func(name string) ([]string, error) { return slices.Clone(find(name).names), nil },
		may: func(name string, right uint32) (bool, error) {
			s := find(name)
			return right == rightStop && s.stop || right == rightChange && s.change, nil
		},
		tag: func(_, tag uint32) (string, error) {
			if name, ok := tags[tag]; ok {
				return name, nil
			}
			return "", fmt.Errorf("%w: I_QueryTagInformation", errAbsent)
		},
	}
}

func win32(name string, pid uint32, depends ...string) service {
	return service{status: status{name: name, display: name + " Service", kind: shareProcess, state: running, controls: 1, pid: pid},
		config: config{kind: shareProcess, start: 2, path: `C:\svchost.exe -k net`, account: "LocalSystem"},
		record: &record{start: num(2), path: `%SystemRoot%\svchost.exe -k net`, account: "LocalSystem", depends: depends}}
}

func httpDriver() service {
	return service{status: status{name: "HTTP", display: "HTTP Service", kind: kernelDriver, state: running, controls: 1},
		config: config{kind: kernelDriver, start: 3, path: `system32\drivers\HTTP.sys`},
		record: &record{start: num(3), path: `system32\drivers\HTTP.sys`}, names: []string{"W3SVC", "Spooler"}}
}

func num(n uint32) *uint32 { return &n }

func run(t *testing.T, src source, q Query) fact.Set {
	t.Helper()
	s, err := src.read(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func links(s fact.Set, kinds ...fact.LinkKind) []string {
	var out []string
	for _, l := range s.Links {
		if slices.Contains(kinds, l.Kind) {
			line := strings.TrimPrefix(string(l.From), "unit:") + " " + string(l.Kind) + " " + strings.TrimPrefix(string(l.To), "unit:")
			if l.Note != "" {
				line += " (" + l.Note + ")"
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

func unit(t *testing.T, s fact.Set, name string) fact.Unit {
	t.Helper()
	for _, u := range s.Units {
		if u.Name == name {
			return u
		}
	}
	t.Fatalf("no unit %s", name)
	return fact.Unit{}
}

func TestServiceOfAProcess(t *testing.T) {
	s := win32("W3SVC", 812, "WAS", "HTTP")
	s.stop, s.delayed = true, true
	all := []service{s, win32("WAS", 812), httpDriver(), win32("Other", 900)}
	got := run(t, machine(all, nil), Query{Processes: []fact.Process{{ID: "proc:812", PID: 812, Name: "svchost.exe"}, {ID: "proc:7", PID: 7, Name: "x.exe"}}})
	if d := cmp.Diff([]string{"proc:812 part-of W3SVC", "proc:812 part-of WAS"}, links(got, fact.PartOf, fact.StartedBy)); d != "" {
		t.Error(d)
	}
	yes, no := true, false
	want := fact.Unit{ID: "unit:W3SVC", Manager: "scm", Name: "W3SVC", Description: "W3SVC Service", Active: "running", MainPID: 812,
		User: "LocalSystem", ExecStart: `C:\svchost.exe -k net`, Restart: "no", Evidence: "EnumServicesStatusEx, registry, QueryServiceConfig",
		Windows: &fact.WindowsService{Kind: "share-process", Start: num(2), Delayed: true, DependsOn: []string{"WAS", "HTTP"},
			CanStop: &yes, MayChange: &no, AcceptsStop: &yes}}
	if d := cmp.Diff(want, unit(t, got, "W3SVC")); d != "" {
		t.Error(d)
	}
	if slices.ContainsFunc(got.Units, func(u fact.Unit) bool { return u.Name == "Other" }) {
		t.Error("a service that nobody asked for")
	}
	if len(got.Gaps) != 0 {
		t.Errorf("%+v", got.Gaps)
	}
}

// Two sources tell who depends on HTTP, and each link says which.
func TestDependentsOfHTTP(t *testing.T) {
	grouped := win32("Grouped", 0)
	all := []service{httpDriver(), win32("W3SVC", 812, "was", "http"), win32("WAS", 812), win32("Spooler", 0, "RPCSS", "http"),
		win32("Fax", 0, "Spooler"), win32("RpcSs", 700), grouped}
	all[0].names = []string{"W3SVC", "Grouped", "Fax"}
	got := run(t, machine(all, nil), Query{Processes: []fact.Process{{ID: "proc:4", PID: 4, Name: "System", Kernel: true}}})
	want := []string{
		"Fax depends-on Spooler",
		"Grouped depends-on HTTP (DependOnService does not name it: it depends by way of a group)",
		"Spooler depends-on HTTP (EnumDependentServices does not name it)",
		"Spooler depends-on RpcSs",
		"W3SVC depends-on HTTP",
		"W3SVC depends-on WAS",
	}
	if d := cmp.Diff(want, links(got, fact.DependsOn)); d != "" {
		t.Error(d)
	}
	for _, l := range got.Links {
		if l.From == "unit:W3SVC" && l.To == "unit:HTTP" && l.Evidence != "DependOnService, EnumDependentServices" {
			t.Error(l.Evidence)
		}
	}
	http := unit(t, got, "HTTP")
	if d := cmp.Diff([]string{"Fax", "Grouped", "W3SVC"}, http.Windows.Dependents); d != "" {
		t.Error(d)
	}
	if http.User != "" || http.Windows.Kind != "driver" || http.Windows.StartWord() != "manual" || http.MainPID != 0 {
		t.Errorf("%+v %+v", http, http.Windows)
	}
	if u := unit(t, got, "Fax"); u.Windows.CanStop == nil {
		t.Error("who may stop a service that depends on HTTP was not asked")
	}
	// The twin: no kernel holds anything, and nothing of HTTP is read.
	got = run(t, machine(all, nil), Query{Processes: []fact.Process{{ID: "proc:9", PID: 9, Name: "httpd.exe"}}})
	if len(got.Units) != 0 || len(got.Links) != 0 {
		t.Errorf("%+v", got)
	}
}

// Wine's kernel is a process, and its list of dependents is empty.
func TestWinesKernel(t *testing.T) {
	all := []service{httpDriver(), win32("Winedevice1", 304), win32("Spooler", 0, "http")}
	all[0].names = nil
	got := run(t, machine(all, nil), Query{Processes: []fact.Process{{ID: "proc:304", PID: 304, Name: "winedevice.exe"}}})
	want := []string{"Spooler depends-on HTTP (EnumDependentServices does not name it)", "proc:304 part-of Winedevice1"}
	if d := cmp.Diff(want, links(got, fact.DependsOn, fact.PartOf)); d != "" {
		t.Error(d)
	}
}

func TestStartTypeFromTheNextBootOn(t *testing.T) {
	s := httpDriver()
	got := run(t, machine([]service{s}, nil), Query{Names: []string{"http"}})
	if w := unit(t, got, "HTTP").Windows; *w.Start != 3 || w.NextStart != nil {
		t.Errorf("%+v", w)
	}
	s.record.start = num(4)
	got = run(t, machine([]service{s}, nil), Query{Names: []string{"http"}})
	if w := unit(t, got, "HTTP").Windows; *w.Start != 3 || w.NextStart == nil || *w.NextStart != 4 {
		t.Errorf("%+v", w)
	}
}

func TestClosedAndBroken(t *testing.T) {
	s := win32("Secret", 812, "Missing", "+NDIS")
	s.closed, s.stop = true, true
	got := run(t, machine([]service{s}, nil), Query{Processes: []fact.Process{{ID: "proc:812", PID: 812}}})
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapPermission || got.Gaps[0].About != "unit:Secret" {
		t.Errorf("%+v", got.Gaps)
	}
	if u := unit(t, got, "Secret"); u.Windows.StartWord() != "automatic" || !slices.Equal(u.Windows.DependsOn, []string{"Missing", "+NDIS"}) {
		t.Errorf("the registry's word is lost: %+v", u.Windows)
	}
	if u := unit(t, got, "Missing"); u.Load != "not-found" || u.Active != "" {
		t.Errorf("%+v", u)
	}
	if d := cmp.Diff([]string{"Secret depends-on Missing"}, links(got, fact.DependsOn)); d != "" {
		t.Error(d)
	}
}

func TestManagerIsClosed(t *testing.T) {
	src := source{list: func() ([]status, error) { return nil, fmt.Errorf("%w: 5", errDenied) }}
	got := run(t, src, Query{All: true})
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapPermission {
		t.Errorf("%+v", got)
	}
}

// The service inside a shared process: by the module that the socket table names,
// and by the tag of the thread that bound it.
func TestMakerOfASocket(t *testing.T) {
	all := []service{win32("Dnscache", 812), win32("iphlpsvc", 812), win32("Other", 900)}
	src := machine(all, map[uint32]string{7: "iphlpsvc", 8: "Other"})
	sock := func(id fact.ID, module string, tag uint32) fact.Socket {
		return fact.Socket{ID: id, PID: 812, Evidence: "table", Windows: &fact.WindowsSocket{Module: module, Tag: tag}}
	}
	got := run(t, src, Query{Processes: []fact.Process{{ID: "proc:812", PID: 812}}, Sockets: []fact.Socket{
		sock("sock:module", "dnscache", 0), sock("sock:tag", "", 7), sock("sock:both", "iphlpsvc", 7),
		sock("sock:image", "svchost.exe", 0), sock("sock:elsewhere", "", 8), sock("sock:unknown", "", 9),
	}})
	want := []string{
		"sock:both created-in iphlpsvc", "sock:module created-in Dnscache", "sock:tag created-in iphlpsvc",
	}
	evidence := map[fact.ID]string{"sock:both": "table, owner module; I_QueryTagInformation, service tag 7",
		"sock:module": "table, owner module", "sock:tag": "I_QueryTagInformation, service tag 7"}
	for _, l := range got.Links {
		if l.Kind == fact.CreatedIn && l.Evidence != evidence[l.From] {
			t.Errorf("%s: %q", l.From, l.Evidence)
		}
	}
	if d := cmp.Diff(want, links(got, fact.CreatedIn)); d != "" {
		t.Error(d)
	}
	if len(got.Gaps) != 1 || got.Gaps[0].Kind != fact.GapNoCall || got.Gaps[0].About != "sock:unknown" {
		t.Errorf("%+v", got.Gaps)
	}
}

// A wrapper's child works for its service; what a host of the system starts does not.
func TestStartedByAService(t *testing.T) {
	wrapper, sshd, shared := win32("tomcat", 500), win32("sshd", 600), win32("Schedule", 700)
	sshd.status.kind = ownProcess
	wrapper.status.kind = ownProcess
	all := []service{wrapper, sshd, shared, win32("Appinfo", 700)}
	got := run(t, machine(all, nil), Query{Processes: []fact.Process{
		{ID: "proc:500", PID: 500, Name: "nssm.exe"}, {ID: "proc:501", PID: 501, PPID: 500, Name: "cmd.exe"}, {ID: "proc:502", PID: 502, PPID: 501, Name: "java.exe"},
		{ID: "proc:600", PID: 600, Name: "sshd.exe"}, {ID: "proc:601", PID: 601, PPID: 600, Name: "node.exe"},
		{ID: "proc:700", PID: 700, Name: "svchost.exe"}, {ID: "proc:701", PID: 701, PPID: 700, Name: "node.exe"},
	}})
	if d := cmp.Diff([]string{"proc:501 started-by tomcat", "proc:502 started-by tomcat"}, links(got, fact.StartedBy)); d != "" {
		t.Error(d)
	}
}

func TestAllServices(t *testing.T) {
	all := []service{httpDriver(), win32("A", 0), win32("B", 9, "A"), win32("Web", 0, "http")}
	all[0].names = nil
	got := run(t, machine(all, nil), Query{All: true})
	if len(got.Units) != 4 || unit(t, got, "B").Windows.CanStop != nil || unit(t, got, "Web").Windows.CanStop == nil {
		t.Errorf("%+v", got.Units)
	}
	if d := cmp.Diff([]string{"B depends-on A", "Web depends-on HTTP (EnumDependentServices does not name it)"}, links(got, fact.DependsOn)); d != "" {
		t.Error(d)
	}
	if got := run(t, machine(all, nil), Query{}); len(got.Units) != 0 {
		t.Errorf("%+v", got.Units)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := machine([]service{httpDriver()}, nil).read(ctx, Query{Names: []string{"HTTP"}}); err == nil {
		t.Error("no error")
	}
}

// A ring of dependencies, which the manager refuses and a registry may have.
func TestRingOfDependencies(t *testing.T) {
	got := run(t, machine([]service{win32("A", 9, "B"), win32("B", 0, "A")}, nil), Query{Names: []string{"a"}})
	if d := cmp.Diff([]string{"A depends-on B (EnumDependentServices does not name it)", "B depends-on A (EnumDependentServices does not name it)"}, links(got, fact.DependsOn)); d != "" {
		t.Error(d)
	}
}
