package winservice_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/testbed"
)

// answer is what the Windows half says.
type answer struct {
	State   plan.State
	Err     string
	Late    bool // the time was over
	Running []string
}

// windows is a Wine prefix with the programs of these tests.
type windows struct {
	*testbed.WinePrefix
	t            *testing.T
	holder, sets string
}

func newWindows(t *testing.T) windows {
	t.Helper()
	w := windows{WinePrefix: testbed.Wine(t), t: t}
	var err error
	if w.holder, err = testbed.Build("./internal/testbed/cmd/holder", "GOOS=windows", "GOARCH=amd64"); err != nil {
		t.Fatal(err)
	}
	if w.sets, err = testbed.BuildTest("./internal/change/drive/winservice", "GOOS=windows", "GOARCH=amd64"); err != nil {
		t.Fatal(err)
	}
	// Wine ends its services with the last other program.
	w.Start(w.holder, "listen", "127.0.0.1:8080").AwaitOutput("ready")
	return w
}

// install makes a service that runs the holder with words.
func (w windows) install(name, words string, more ...string) {
	w.t.Helper()
	image := `Z:` + strings.ReplaceAll(w.holder, "/", `\`)
	w.Run("sc", append([]string{"create", name, "binPath=", image + " service " + words, "type=", "own", "start=", "demand"}, more...)...)
}

func (w windows) set(name, limit string, to ...string) answer {
	w.t.Helper()
	out := w.Run(w.sets, append([]string{"-test.run", "^TestInsideSets$", name, limit}, to...)...)
	_, text, _ := strings.Cut(out, "\nANSWER ")
	var a answer
	if err := json.Unmarshal([]byte(strings.SplitN(text, "\n", 2)[0]), &a); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
	return a
}

// reached fails the test unless a service was set and is as it was to be.
func (w windows) reached(name, state, start string, to ...string) {
	w.t.Helper()
	want := answer{State: plan.State{"exists": "yes", "state": state, "start": start}}
	got := w.set(name, "30s", to...)
	for _, what := range []string{"command", "display", "description", "account"} {
		delete(got.State, what)
	}
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s to %q: %s", name, to, d)
	}
}

func (w windows) listens(port string) bool {
	w.t.Helper()
	return strings.Contains(w.Linux().Run("ss", "-Hltn"), ":"+port+" ")
}

// A service goes from state to state and back, and its port with it.
func TestWineServiceRoundTrip(t *testing.T) {
	w := newWindows(t)
	w.install("Harbour", "Harbour=127.0.0.1:8081")
	w.reached("Harbour", "running", "manual", "state=running")
	if !w.listens("8081") {
		t.Error("it runs and does not listen")
	}
	for _, start := range []string{"disabled", "auto", "auto-delayed", "auto", "auto-delayed", "manual"} {
		w.reached("Harbour", "running", start, "start="+start)
	}
	w.reached("Harbour", "stopped", "disabled", "state=stopped", "start=disabled")
	if w.listens("8081") {
		t.Error("it is stopped and listens")
	}
	if a := w.set("Harbour", "30s", "state=running"); !strings.Contains(a.Err, "it is disabled (1058)") || a.State["state"] != "stopped" {
		t.Errorf("a disabled service was started: %+v", a)
	}
	w.reached("Harbour", "running", "manual", "state=running", "start=manual")
	if a := w.set("Nobody", "30s", "state=stopped"); !strings.Contains(a.Err, "there is no service Nobody") || a.State["exists"] != "no" {
		t.Errorf("a service that is not there: %+v", a)
	}
}

// A service that hangs ends at the limit, and the error says where it was left; its
// twin, which does not hang, stops.
func TestWineServiceHangs(t *testing.T) {
	w := newWindows(t)
	w.install("Stuck", "Stuck=127.0.0.1:8081,hangs")
	w.reached("Stuck", "running", "manual", "state=running")
	a := w.set("Stuck", "2s", "state=stopped")
	if !a.Late || a.State["state"] != "stop-pending" {
		t.Errorf("%+v", a)
	}
	for _, want := range []string{"service Stuck is still stop-pending, since", "told to stop", "cannot be taken back", "it is process "} {
		if !strings.Contains(a.Err, want) {
			t.Errorf("%q is not in: %s", want, a.Err)
		}
	}
	w.install("Loose", "Loose=127.0.0.1:8082")
	w.reached("Loose", "running", "manual", "state=running")
	w.reached("Loose", "stopped", "manual", "state=stopped")
}

// Wine would stop a service from under its dependents: it is refused, and they are
// named, those first that must stop first. Stopped in that order, all of them stop.
func TestWineDependentsFirst(t *testing.T) {
	w := newWindows(t)
	w.install("Base", "Base=127.0.0.1:8081")
	w.install("Middle", "Middle=127.0.0.1:8082", "depend=", "Base")
	w.install("Top", "Top=127.0.0.1:8083", "depend=", "middle")
	w.install("Idle", "Idle=127.0.0.1:8084", "depend=", "Base")
	order := []string{"Base", "Middle", "Top"}
	for _, name := range order {
		w.reached(name, "running", "manual", "state=running")
	}
	a := w.set("Base", "30s", "state=stopped")
	if d := cmp.Diff([]string{"Top", "Middle"}, a.Running); d != "" || a.State["state"] != "running" {
		t.Errorf("%+v %s", a, d)
	}
	for _, name := range []string{"Top", "Middle", "Base"} {
		w.reached(name, "stopped", "manual", "state=stopped")
	}
}

// A driver's start type is its own: with HTTP disabled nobody opens HTTP.sys, and
// with its start type put back everybody does.
func TestWineDisabledHTTP(t *testing.T) {
	w := newWindows(t)
	before := w.set("HTTP", "30s")
	if before.State["start"] != "manual" {
		t.Fatalf("%+v", before)
	}
	w.reached("HTTP", before.State["state"], "disabled", "start=disabled")
	if r := w.Try(w.holder, "http", "http://+:8085/x/"); r.Code != 1 || !strings.Contains(r.Stderr, "error 1058") {
		t.Errorf("disabled, and it opened: %+v", r)
	}
	w.reached("HTTP", before.State["state"], "manual", "start=manual")
	w.Start(w.holder, "http", "http://+:8085/x/").AwaitOutput("ready")
	if !w.listens("8085") {
		t.Error("enabled, and nobody listens")
	}
}

// HTTP hangs when it is stopped while somebody uses it, here as on many a Windows.
func TestWineHTTPHangs(t *testing.T) {
	w := newWindows(t)
	w.Start(w.holder, "http", "http://+:8085/x/").AwaitOutput("ready")
	a := w.set("HTTP", "3s", "state=stopped")
	if !a.Late || a.State["state"] != "stop-pending" || !strings.Contains(a.Err, "a restart of Windows ends it") {
		t.Errorf("%+v", a)
	}
}

// A service is made, runs, and is deleted while it runs: the manager knows nothing of
// it any more. Its twin has the name already and another command.
func TestWineMakeAndDelete(t *testing.T) {
	w := newWindows(t)
	image := `Z:` + strings.ReplaceAll(w.holder, "/", `\`)
	to := []string{"exists=yes", "command=\"" + image + "\" service Pier=127.0.0.1:8081", "display=A pier", "description=Ships land here.", "account=LocalSystem", "start=auto-delayed"}
	for range 2 { // what was done is not done again
		if a := w.set("Pier", "30s", to...); a.Err != "" || a.State["state"] != "stopped" || a.State["start"] != "auto-delayed" || a.State["description"] != "Ships land here." || a.State["account"] != "LocalSystem" {
			t.Fatalf("%+v", a)
		}
	}
	if a := w.set("Pier", "30s", "exists=yes", "command=C:\\other.exe"); !strings.Contains(a.Err, "its command is ") {
		t.Errorf("%+v", a)
	}
	w.reached("Pier", "running", "auto-delayed", "state=running")
	if !w.listens("8081") {
		t.Error("it runs and does not listen")
	}
	if a := w.set("Pier", "30s", "exists=no"); a.Err != "" || a.State["exists"] != "no" {
		t.Errorf("%+v", a)
	}
	if r := w.Try("sc", "query", "Pier"); r.Code == 0 || w.listens("8081") {
		t.Errorf("it is still there: %+v", r)
	}
}
