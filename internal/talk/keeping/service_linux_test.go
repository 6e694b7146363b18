package keeping

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/berthd/berth/internal/keep/guard"
)

// What others may write is not run as root at every boot; who is not root has no rights
// that could be had.
func TestInstalledIsRoots(t *testing.T) {
	s := Shell{Fail: func(code int, err error, _ string) error { return exit{code, err} }}
	for mode, safe := range map[os.FileMode]bool{0o644: true, 0o646: false} {
		ledger := filepath.Join(t.TempDir(), "berth.toml")
		if err := errors.Join(os.WriteFile(ledger, nil, 0o600), os.Chmod(ledger, mode)); err != nil {
			t.Fatal(err)
		}
		err := trusted(s, guard.Installation{Program: "/bin/sh", Ledger: ledger})
		if want := safe || os.Geteuid() != 0; (err == nil) != want {
			t.Errorf("%o: %v", mode, err)
		}
	}
}
