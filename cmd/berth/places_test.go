package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed"
	"github.com/berthd/berth/internal/testbed/script"
)

// Scripts that boot a Debian machine each: see [script.Placed] for their words.
func TestSystemdScripts(t *testing.T) {
	testbed.Need(t, testbed.TierSystemd, "root", "systemd-nspawn")
	testscript.Run(t, script.Placed("testdata/systemd"))
}

// Scripts that run the Windows program in a Wine prefix each.
func TestWineScripts(t *testing.T) {
	testbed.Need(t, testbed.TierWine, "root")
	testscript.Run(t, script.Placed("testdata/wine"))
}

// A closed stdout is silent on Windows too, where it has an error of its own.
func TestWineClosedStdout(t *testing.T) {
	w := testbed.Wine(t)
	for _, args := range [][]string{{"version"}, {"check", "80"}, {"demo"}, {"who", "80", "--json"}} {
		r, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		var said bytes.Buffer
		cmd := w.Cmd(w.BerthPath(), args...)
		cmd.Stdout, cmd.Stderr = out, &said
		err = cmd.Run()
		out.Close()
		if strings.Contains(said.String(), "error: write") || strings.Contains(said.String(), "hint:") || cmd.ProcessState.ExitCode() == 6 {
			t.Errorf("%q: %v\n%s", args, err, said.String())
		}
	}
}

// Scripts that start a container engine each.
func TestContainersScripts(t *testing.T) {
	testbed.Need(t, testbed.TierContainers, "root", "docker", "podman")
	testscript.Run(t, script.Placed("testdata/containers"))
}
