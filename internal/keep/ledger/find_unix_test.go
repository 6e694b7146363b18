//go:build unix

package ledger

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// A pipe would keep whoever opens it, and a device has no end.
func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), Name)
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, "/dev/zero"} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), name+" is no regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
