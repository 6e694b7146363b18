package guard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// The Windows program answers the service manager: it starts, watches, tells in its
// log, and stops when it is asked to.
func TestWineService(t *testing.T) {
	w := testbed.Wine(t)
	dir := t.TempDir()
	name, log := filepath.Join(dir, "berth.toml"), filepath.Join(dir, "guard.log")
	if err := os.WriteFile(name, []byte("[[promise]]\nport = 80\nowner = \"exe:nobody.exe\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.Start(w.BerthPath(), "guard", "--file", name) // Wine ends its services with the last other program
	line := "Z:" + strings.ReplaceAll(w.BerthPath(), "/", `\`) + " guard --service --file Z:" + strings.ReplaceAll(name, "/", `\`) + " --log Z:" + strings.ReplaceAll(log, "/", `\`)
	w.Run("sc", "create", "berth-guard", "binpath=", line, "start=", "demand")
	said := func(what string) func() bool {
		return func() bool {
			text, err := os.ReadFile(log)
			return err == nil && strings.Contains(string(text), what)
		}
	}
	w.Run("net", "start", "berth-guard")
	testbed.Await(t, "the service to watch", said("free: 80/tcp is promised to exe:nobody.exe, and nobody holds it"))
	if got := w.Run("sc", "query", "berth-guard"); !strings.Contains(got, "RUNNING") {
		t.Errorf("%s", got)
	}
	w.Run("net", "stop", "berth-guard")
	testbed.Await(t, "the service to stop", func() bool { return strings.Contains(w.Run("sc", "query", "berth-guard"), "STOPPED") })
}
