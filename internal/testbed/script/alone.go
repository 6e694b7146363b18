package script

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/berthd/berth/internal/testbed"
)

// Alone is [Params] for scripts of which each is the only thing on a machine of its
// own: see [testbed.Isolate]. It needs root.
func Alone(folder string) testscript.Params {
	p := Params(folder)
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		if err := open(e.WorkDir); err != nil {
			return err
		}
		end, err := testbed.Isolate("init")
		if err != nil {
			return err
		}
		e.Defer(end)
		return setup(e)
	}
	return p
}

// open lets every user into the script's folder and that of the programs.
func open(work string) error {
	bin, err := exec.LookPath("init")
	if err != nil {
		return err
	}
	for _, dir := range []string{work, filepath.Dir(work), filepath.Dir(bin), filepath.Dir(filepath.Dir(bin))} {
		if err := os.Chmod(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}
