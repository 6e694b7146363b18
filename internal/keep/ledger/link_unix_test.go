//go:build unix

package ledger

import (
	"os"
	"path/filepath"
	"testing"
)

// A link's end is looked up, and only for a program that is named by its whole path.
func TestHere(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file, link := filepath.Join(dir, "python3.11"), filepath.Join(dir, "python3")
	if err := os.WriteFile(file, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("python3.11", link); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[Owner]string{
		{Kind: Exe, Name: link}: file, {Kind: Exe, Name: link + " -- app.py"}: file,
		{Kind: Exe, Name: file}: "", {Kind: Exe, Name: "python3"}: "", {Kind: User, Name: link}: "",
		{Kind: Exe, Name: filepath.Join(dir, "none")}: "",
	} {
		l := Ledger{Promises: []Promise{{Owners: []Owner{name}}}}
		if got := l.Here().Promises[0].Owners[0].Behind; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if l.Promises[0].Owners[0].Behind != "" {
			t.Errorf("%s: changed in place", name)
		}
	}
}
