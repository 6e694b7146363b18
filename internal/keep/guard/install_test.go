package guard_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/keep/guard"
	"github.com/berthd/berth/internal/machine/service/launchd/plist"
)

var hard = guard.Installation{Program: "/opt/my berth/berth", Ledger: `/etc/100% $HOME/a"b\c.toml`, Args: []string{"--webhook", "http://127.0.0.1/a&b<c>"}}

// Words that service managers would read are kept from them.
func TestSystemdUnitWords(t *testing.T) {
	want := `ExecStart="/opt/my berth/berth" guard --file "/etc/100%% $$HOME/a\"b\\c.toml" --webhook http://127.0.0.1/a&b<c>` + "\n"
	if got := guard.SystemdUnit(hard); !strings.Contains(got, want) {
		t.Errorf("%s", got)
	}
}

func TestLaunchdPlist(t *testing.T) {
	in := hard
	in.LogFile = "/var/log/berth-guard.log"
	d, err := plist.Parse([]byte(guard.LaunchdPlist(in)))
	if err != nil {
		t.Fatal(err)
	}
	want := []any{hard.Program, "guard", "--file", hard.Ledger, "--log", in.LogFile, "--webhook", hard.Args[1]}
	if diff := cmp.Diff(want, d["ProgramArguments"]); diff != "" || d["Label"] != "io.berth.guard" || d["RunAtLoad"] != true {
		t.Errorf("%s\n%v", diff, d)
	}
}

// The steps of each system: what is there before is nothing, and undoing leaves that.
func TestInstall(t *testing.T) {
	for os, want := range map[string][]string{
		"linux":   {"reload systemd undo", "file /etc/systemd/system/berth-guard.service ", "reload systemd do", "unit berth-guard.service do", "unit berth-guard.service undo"},
		"darwin":  {"file /Library/LaunchDaemons/io.berth.guard.plist "},
		"windows": {"service berth-guard ", "service berth-guard do"},
	} {
		p, err := guard.Install(os, hard)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range p.Steps {
			got = append(got, string(s.Subject.Kind)+" "+s.Subject.Name+" "+string(s.On))
			if s.Subject.Kind == plan.File && (s.Before["exists"] != "no" || s.After["owner"] != "0:0" || s.After["mode"] != "0644") {
				t.Errorf("%s: %v", os, s)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", os, diff)
		}
	}
	if _, err := guard.Install("plan9", hard); !errors.Is(err, guard.ErrInstall) {
		t.Error(err)
	}
	bad := hard
	bad.Ledger = "/etc/a\nExecStartPre=/bin/evil"
	if _, err := guard.Install("linux", bad); err == nil {
		t.Error("a line end stands in a unit")
	}
}

// Words of a Windows command line, as CommandLineToArgvW takes them apart.
func TestWindowsLine(t *testing.T) {
	p, err := guard.Install("windows", guard.Installation{Program: `C:\Program Files\berth\berth.exe`, Ledger: `C:\a "b"\`, Args: []string{`C:\x y\`}})
	if err != nil {
		t.Fatal(err)
	}
	want := `"C:\Program Files\berth\berth.exe" guard --file "C:\a \"b\"\\" "C:\x y\\" --service`
	if got := p.Steps[0].After["command"]; got != want {
		t.Errorf("%s", got)
	}
}
