package service_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// windows is a Wine prefix with the programs of these tests.
type windows struct {
	*testbed.WinePrefix
	t            *testing.T
	holder, asks string
}

func newWindows(t *testing.T) windows {
	t.Helper()
	w := windows{WinePrefix: testbed.Wine(t), t: t}
	var err error
	if w.holder, err = testbed.Build("./internal/testbed/cmd/holder", "GOOS=windows", "GOARCH=amd64"); err != nil {
		t.Fatal(err)
	}
	if w.asks, err = testbed.BuildTest("./internal/machine/service", "GOOS=windows", "GOARCH=amd64"); err != nil {
		t.Fatal(err)
	}
	// Wine ends its services with the last other program.
	w.Start(w.holder, "listen", "127.0.0.1:8080").AwaitOutput("ready")
	return w
}

// install makes a service that runs the holder with words.
func (w windows) install(name, kind, words string, more ...string) {
	w.t.Helper()
	image := `Z:` + strings.ReplaceAll(w.holder, "/", `\`)
	w.Run("sc", append([]string{"create", name, "binPath=", image + " service " + words, "type=", kind, "start=", "demand"}, more...)...)
}

func (w windows) start(name, port string) {
	w.t.Helper()
	w.Run("sc", "start", name)
	testbed.Await(w.t, name, func() bool { return strings.Contains(w.Linux().Run("ss", "-Hltn"), ":"+port+" ") })
}

// who is what the Windows half says of a port.
func (w windows) who(port string) fact.Set {
	w.t.Helper()
	out := w.Run(w.asks, "-test.run", "^TestInsideWhoHolds$", port)
	_, text, _ := strings.Cut(out, "\nSET ")
	var s fact.Set
	if err := json.Unmarshal([]byte(strings.SplitN(text, "\n", 2)[0]), &s); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	return s
}

// owner is the process of the one socket of s.
func owner(t *testing.T, s fact.Set) fact.Process {
	t.Helper()
	for _, l := range s.Links {
		if l.Kind != fact.HeldBy {
			continue
		}
		for _, p := range s.Processes {
			if p.ID == l.To {
				return p
			}
		}
	}
	t.Fatalf("no holder: %+v", s)
	return fact.Process{}
}

func to(s fact.Set, from fact.ID, kind fact.LinkKind) []string {
	var out []string
	for _, l := range s.Links {
		if l.From == from && l.Kind == kind {
			out = append(out, string(l.To))
		}
	}
	slices.Sort(out)
	return out
}

// A service holds a port: it is named, with its process and its configuration. The
// twin is the same program started by hand.
func TestWineServiceHoldsAPort(t *testing.T) {
	w := newWindows(t)
	w.install("Harbour", "own", "Harbour=127.0.0.1:8081", "DisplayName=", "Harbour Master", "depend=", "HTTP")
	w.start("Harbour", "8081")
	s := w.who("8081")
	p := owner(t, s)
	if p.PID == 0 || !slices.Equal(p.Args[1:], []string{"service", "Harbour=127.0.0.1:8081"}) || !strings.HasSuffix(strings.ToLower(p.Exe), `.exe`) || p.User == "" {
		t.Errorf("%+v", p)
	}
	if d := cmp.Diff([]string{"unit:Harbour"}, to(s, p.ID, fact.PartOf)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"unit:HTTP"}, to(s, "unit:Harbour", fact.DependsOn)); d != "" {
		t.Error(d)
	}
	i := slices.IndexFunc(s.Units, func(u fact.Unit) bool { return u.Name == "Harbour" })
	if i < 0 {
		t.Fatalf("%+v", s.Units)
	}
	u := s.Units[i]
	if u.Active != "running" || u.MainPID != p.PID || u.Description != "Harbour Master" || u.User != "LocalSystem" || !strings.HasSuffix(u.ExecStart, "service Harbour=127.0.0.1:8081") {
		t.Errorf("%+v", u)
	}
	if v := u.Windows; v.Kind != "own-process" || v.StartWord() != "manual" || v.CanStop == nil || !*v.CanStop || v.AcceptsStop == nil || !*v.AcceptsStop {
		t.Errorf("%+v", v)
	}

	w.Start(w.holder, "listen", "127.0.0.1:8082").AwaitOutput("ready")
	s = w.who("8082")
	if p := owner(t, s); len(to(s, p.ID, fact.PartOf)) != 0 || len(s.Units) != 0 {
		t.Errorf("a program started by hand: %+v", s)
	}
}

// Two services of one program that could share a process: Wine gives each its own,
// and each port has its own service. (Where they do share one, both are named: see
// the tests of scm.)
func TestWineTwoServicesOfOneProgram(t *testing.T) {
	w := newWindows(t)
	const words = "East=127.0.0.1:8081 West=127.0.0.1:8082"
	w.install("East", "share", words)
	w.install("West", "share", words)
	w.start("East", "8081")
	w.start("West", "8082")
	for port, name := range map[string]string{"8081": "East", "8082": "West"} {
		s := w.who(port)
		if d := cmp.Diff([]string{"unit:" + name}, to(s, owner(t, s).ID, fact.PartOf)); d != "" {
			t.Errorf("port %s: %s", port, d)
		}
		if s.Units[0].Windows.Kind != "share-process" {
			t.Errorf("%+v", s.Units[0].Windows)
		}
	}
}

// The kernel's HTTP listener holds a port: HTTP is read with all that depends on
// it, directly or not, though Wine's manager names nobody.
func TestWineKernelHoldsAPort(t *testing.T) {
	w := newWindows(t)
	w.install("Spool", "own", "Spool=127.0.0.1:8081", "depend=", "HTTP")
	w.install("Fax", "own", "Fax=127.0.0.1:8082", "depend=", "spool")
	w.install("Aside", "own", "Aside=127.0.0.1:8083")
	w.Start(w.holder, "http", "http://+:80/x/").AwaitOutput("ready")
	s := w.who("80")
	if p := owner(t, s); p.Name != "winedevice.exe" {
		t.Errorf("%+v", p)
	}
	var names []string
	for _, u := range s.Units {
		names = append(names, u.Name)
	}
	for _, want := range []string{"HTTP", "Spool", "Fax"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %q", want, names)
		}
	}
	if slices.Contains(names, "Aside") {
		t.Errorf("Aside has nothing to do with HTTP: %q", names)
	}
	if got := fmt.Sprint(to(s, "unit:Fax", fact.DependsOn), to(s, "unit:Spool", fact.DependsOn)); got != "[unit:Spool] [unit:HTTP]" {
		t.Error(got)
	}
	for _, l := range s.Links {
		if l.From == "unit:Spool" && l.Kind == fact.DependsOn && (l.Evidence != "DependOnService" || l.Note != "EnumDependentServices does not name it") {
			t.Errorf("%+v", l)
		}
	}
}
