package planning_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/answer/planning"
	"github.com/berthd/berth/internal/answer/remedy"
	"github.com/berthd/berth/internal/fact"
)

// Whether IPv6 is on decides whether the goal asks for it.
func TestGoalWithoutIPv6(t *testing.T) {
	off, on := true, false
	for want, l := range map[int][]fact.LinuxNet{2: {{}, {DisableIPv6: &on}}, 1: {{DisableIPv6: &off}, {NoIPv6: true}}} {
		for _, net := range l {
			p, ref := asked(t, held(unit(nginx), func(s *fact.Set) { s.Machine.Linux = &net }), "stop:nginx.service", planning.Wish{})
			if ref != nil || len(p.Goal.Binds) != want {
				t.Errorf("%+v: %+v, %v", net, p.Goal, ref)
			}
		}
	}
}

// An address that another plan could hand out is one that is ready, reached by others,
// and nobody's.
func TestWhichAddress(t *testing.T) {
	own := func(text string) fact.Addr { return fact.Addr{Prefix: netip.MustParsePrefix(text)} }
	tentative := own("192.0.2.8/24")
	tentative.Tentative = true
	for want, addrs := range map[string][]fact.Addr{
		"192.0.2.9": {own("fe80::1/64"), own("127.0.0.5/8"), tentative, own("192.0.2.7/24"), own("192.0.2.9/24")},
		"127.0.0.1": {own("fe80::1/64"), tentative, own("192.0.2.7/24")},
	} {
		p, ref := asked(t, held(func(s *fact.Set) {
			s.Machine.Addrs = addrs
			s.Sockets[0].Local = netip.MustParseAddrPort("192.0.2.7:80")
		}), "address", planning.Wish{})
		if ref != nil || len(p.Goal.Binds) != 1 || p.Goal.Binds[0].Addr != want {
			t.Errorf("%s: %+v %v", want, p.Goal, ref)
		}
	}
}

// What cannot be taken back is a risk, and what is forced a high one.
func TestRisk(t *testing.T) {
	for id, want := range map[string]string{"stop:pid-10": "medium", "kill:pid-10": "high"} {
		kind, target, _ := strings.Cut(id, ":")
		p, ref := forced(held(), remedy.Remedy{Kind: remedy.Kind(kind), Target: target, About: "proc:10@7001"}, planning.Wish{})
		if ref != nil || p.Cost.Risk != want {
			t.Errorf("%s: %s, %v", id, p.Cost.Risk, ref)
		}
	}
	if p, ref := asked(t, held(unit(nginx)), "stop:nginx.service", planning.Wish{}); ref != nil || p.Cost.Risk != "low" {
		t.Errorf("a unit: %s, %v", p.Cost.Risk, ref)
	}
}

// That a container vanishes makes a low risk greater, and a high one no smaller; and
// only a stop is what its keeper would undo.
func TestLearnedOfContainers(t *testing.T) {
	step := plan.Step{Subject: plan.Subject{Kind: plan.Container, Name: "c"}, Before: plan.State{"autoremove": "yes"}, After: plan.State{"running": "no"}}
	for was, want := range map[string]string{"low": "medium", "high": "high"} {
		p, ref := planning.Learned(plan.Plan{Steps: []plan.Step{step}, Cost: plan.Cost{Risk: was}})
		if ref != nil || p.Cost.Risk != want {
			t.Errorf("%s: %s, %v", was, p.Cost.Risk, ref)
		}
	}
	step.Before, step.After = plan.State{"keeper": "swarm:web"}, plan.State{"restart": "no"}
	if _, ref := planning.Learned(plan.Plan{Steps: []plan.Step{step}}); ref != nil {
		t.Errorf("its policy alone: %+v", ref)
	}
}

// A container whose network another one uses is a pod's, and made anew with all in it.
func TestRepublishPod(t *testing.T) {
	full := strings.Repeat("c", 64)
	web := fact.Container{Engine: "podman", Full: full, Name: "web", Image: "web", State: "running", Ports: []fact.PublishedPort{{Proto: fact.TCP, Host: netip.MustParseAddrPort("0.0.0.0:80"), Container: 80}}}
	sharer := func(s *fact.Set) {
		s.Containers = append(s.Containers, fact.Container{ID: "container:podman/y", Engine: "podman", Full: strings.Repeat("d", 64), Name: "app", State: "running", Network: "container:" + full})
	}
	for way, changes := range map[string][]func(*fact.Set){"run": {inContainer(web)}, "pod": {inContainer(web), sharer}} {
		_, ref := forced(held(changes...), remedy.Remedy{Kind: remedy.Move, Target: "web", About: "container:podman/x"}, planning.Wish{})
		if ref == nil || ref.Reason.Args["way"] != way {
			t.Errorf("%s: %+v", way, ref)
		}
	}
}

// A stopped container that vanishes is told how to be made again; another needs no such
// word.
func TestVanishedIsMadeAgain(t *testing.T) {
	web := fact.Container{Engine: "docker", Full: strings.Repeat("c", 64), Name: "web", Image: "nginx:1", State: "running", Ports: []fact.PublishedPort{{Proto: fact.TCP, Host: netip.MustParseAddrPort("0.0.0.0:80"), Container: 80}}}
	for _, vanishes := range []bool{true, false} {
		web.AutoRemove = vanishes
		p, ref := asked(t, held(inContainer(web)), "stop:web", planning.Wish{})
		told := ref == nil && slices.ContainsFunc(append(p.Warnings, p.Steps[0].Why), func(r plan.Reason) bool {
			for _, v := range r.Args {
				if strings.HasSuffix(v, "--rm -p 80:80 nginx:1") {
					return true
				}
			}
			return false
		})
		if told != vanishes {
			t.Errorf("vanishes %v: %+v %+v %v", vanishes, p.Warnings, p.Steps, ref)
		}
	}
}

// Splitting by family is HTTP.sys's, by berth.
func TestSplitElsewhere(t *testing.T) {
	if p, ref := forced(held(), remedy.Remedy{Kind: catalog.Split}, planning.Wish{}); steps(p, ref) != "refused: split-by-hand" {
		t.Error(steps(p, ref))
	}
	if p, ref := forced(held(func(s *fact.Set) { s.Machine.OS = "windows" }), remedy.Remedy{Kind: catalog.Split}, planning.Wish{}); steps(p, ref) != "refused: split-by-hand" {
		t.Errorf("without HTTP.sys: %s", steps(p, ref))
	}
}

// Where the keeper of a container is stopped is told, each in its own command.
func TestKeepersCommand(t *testing.T) {
	for keeper, want := range map[string]string{
		"swarm:web": "docker service scale web=0", "systemd:web.service": "sudo systemctl stop web.service", "kubernetes:web-0": "",
	} {
		s := plan.Step{Subject: plan.Subject{Kind: plan.Container, Name: "c"}, Before: plan.State{"name": "web", "keeper": keeper}, After: plan.State{"running": "no"}}
		_, ref := planning.Learned(plan.Plan{Steps: []plan.Step{s}})
		if ref == nil || len(ref.Command) != min(len(want), 1) || want != "" && strings.Join(ref.Command[0], " ") != want {
			t.Errorf("%s: %+v", keeper, ref)
		}
	}
}

// A container is named by as much of its id as its engine shows, and no less.
func TestContainerByID(t *testing.T) {
	web := fact.Container{Engine: "docker", Full: strings.Repeat("c", 64), Name: "web", State: "running"}
	for target, ok := range map[string]bool{"web": true, strings.Repeat("c", 12): true, strings.Repeat("c", 11): false, "another-name": false} {
		p, ref := forced(held(inContainer(web)), remedy.Remedy{Kind: remedy.Stop, Target: target}, planning.Wish{})
		if got := ref == nil && p.Steps[0].Subject.Name == web.Full; got != ok {
			t.Errorf("%s: %s", target, steps(p, ref))
		}
	}
}

// A newcomer that is started proves its goal on one address; one that runs on its own
// account has to have both families.
func TestNewcomersBinds(t *testing.T) {
	apache := fact.Unit{Name: "apache2.service", Type: "service", Active: "failed", FileState: "enabled"}
	for name, want := range map[string]int{"apache": 1, "": 2} {
		n, err := planning.ParseNewcomer(name)
		if err != nil {
			t.Fatal(err)
		}
		if p, ref := asked(t, held(unit(nginx), other(apache)), "stop:nginx.service", planning.Wish{Newcomer: n}); ref != nil || len(p.Goal.Binds) != want {
			t.Errorf("%q: %+v, %v", name, p.Goal.Binds, ref)
		}
	}
}

// A newcomer whose own configuration asks for another port would not come for this one:
// nothing is moved or stopped for it. Where its ports are not known, it is tried.
func TestNewcomerAsksForOther(t *testing.T) {
	apache := fact.Unit{Name: "apache2.service", Type: "service", Active: "inactive", FileState: "enabled"}
	own := apache
	own.Name = "mine.service"
	for _, c := range []struct {
		who  string
		asks []uint16
		want string
	}{
		{"apache", []uint16{443, 8080}, "443, 8080"}, {"apache", []uint16{80, 443}, ""}, {"apache", nil, ""}, {"", []uint16{8080}, ""},
	} {
		n, err := planning.ParseNewcomer(c.who)
		if err != nil {
			t.Fatal(err)
		}
		_, ref := asked(t, held(unit(nginx), other(apache)), "stop:nginx.service", planning.Wish{Newcomer: n, Asks: c.asks})
		if (ref != nil) != (c.want != "") || ref != nil && (ref.Reason.ID != "asks-for-other" || ref.Reason.Args["ports"] != c.want || ref.Reason.Args["port"] != "80") {
			t.Errorf("%s %v: %+v", c.who, c.asks, ref)
		}
	}
	for name, want := range map[string]string{"apache": "apache", "unit:apache2": "apache", "unit:mine": "", "": ""} {
		n, err := planning.ParseNewcomer(name)
		if err != nil {
			t.Fatal(err)
		}
		x := chain.NewIndex(held(unit(nginx), other(apache), other(own)))
		a := diagnose.Who(x, diagnose.Question{Endpoint: fact.Endpoint{Port: 80, Proto: fact.TCP}})
		if got := planning.NewcomerConfig(x, a, n); (got != nil) != (want != "") || got != nil && (got.Server != want || got.Whose != planning.New) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
