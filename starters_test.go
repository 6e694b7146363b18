package berth_test

import (
	"debug/pe"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// The program that people run, with every module that is linked into it: one room may
// start a process in order to change something, and on Windows one in order to read;
// D-Bus's module would, to find a session's bus, which berth never asks for. The names
// of netstat, tasklist and sc are in the binary all the same: berth reads what others
// have pasted of them.
func TestNothingElseInTheProgramStartsProcesses(t *testing.T) {
	for system, want := range map[string][]string{
		"windows": {changeRun, module + "/internal/machine/netsh"}, "linux": {changeRun, "github.com/godbus/dbus/v5"}, "darwin": {changeRun},
	} {
		if got := importers(t, system, "os/exec"); !slices.Equal(got, want) {
			t.Errorf("on %s os/exec is imported by %q, want %q", system, got, want)
		}
		if got := importers(t, system, "os"); !slices.Contains(got, "os/signal") {
			t.Errorf("on %s the twin finds nobody who imports os: %q", system, got)
		}
	}
}

const changeRun = module + "/internal/change/run"

// importers are the packages of the program for a system that import another; not
// those that are another's own.
func importers(t *testing.T, system, of string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./cmd/berth")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 1 && slices.Contains(f[1:], of) {
			got = append(got, f[0])
		}
	}
	slices.Sort(got)
	return got
}

// The one room that starts a process does so in one place, and what it starts is
// netsh from the system's own folder.
func TestNetshIsStartedInOnePlace(t *testing.T) {
	var places []string
	for _, r := range rooms(t) {
		if r.name == "machine/netsh" {
			places = append(r.uses("exec.Command"), r.uses("exec.CommandContext")...)
		}
	}
	if len(places) != 1 {
		t.Fatalf("processes are started at %q", places)
	}
	file, _, _ := strings.Cut(places[0], ":")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const how = `exec.CommandContext(ctx, filepath.Join(dir, "netsh.exe"), s.Args()...)`
	if !strings.Contains(string(text), how) || !strings.Contains(string(text), "windows.GetSystemDirectory()") {
		t.Errorf("%s does not start %s", places[0], how)
	}
}

// What else Windows has to start a program is not linked in: that takes os/exec,
// which is. A service is started by the service control manager, on apply's order.
func TestWindowsProgramHasNoOtherWayToStartOne(t *testing.T) {
	path, err := testbed.Build("./cmd/berth", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	f, err := pe.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	twin := false
	for _, s := range f.Symbols {
		twin = twin || s.Name == "os/exec.(*Cmd).Start"
		for _, way := range []string{"windows.CreateProcess", "windows.CreateProcessAsUser", "windows.ShellExecute", "svc/mgr.(*Service).Start"} {
			if strings.HasSuffix(s.Name, "/"+way) {
				t.Errorf("%s is linked in", s.Name)
			}
		}
	}
	if !twin {
		t.Errorf("os/exec is not among the %d symbols: this test tells nothing", len(f.Symbols))
	}
}
