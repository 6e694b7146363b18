package main

import (
	"bytes"
	"os"
	"path/filepath"
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
		// A file: what Wine starts beside the program would keep a pipe open.
		name := filepath.Join(t.TempDir(), "said")
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		cmd := w.Cmd(w.BerthPath(), args...)
		cmd.Stdout, cmd.Stderr = out, file
		ran := cmd.Run()
		out.Close()
		file.Close()
		said, err := os.ReadFile(name)
		if err != nil || bytes.Contains(said, []byte("error: write")) || bytes.Contains(said, []byte("hint:")) || cmd.ProcessState.ExitCode() == 6 {
			t.Errorf("%q: %v, %v\n%s", args, ran, err, said)
		}
	}
}

// Scripts that start a container engine each.
func TestContainersScripts(t *testing.T) {
	testbed.Need(t, testbed.TierContainers, "root", "docker", "podman")
	testscript.Run(t, script.Placed("testdata/containers"))
}
