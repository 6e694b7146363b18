//go:build unix

package ledger

import (
	"os"
	"path/filepath"
	"testing"
)

// A ledger that anybody may write to is not come upon; its twin is.
func TestFindRefusesStrangers(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, Name)
	if err := os.WriteFile(name, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	if files, err := Find(dir, nil); err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if files, err := Find(dir, nil); err == nil {
		t.Errorf("%v", files)
	}
}
