package testbed

import (
	"os"
	"path/filepath"
	"testing"
)

// Tree writes files below a fresh folder and returns that folder with a slash at its
// end: the root that a reader of /proc or /sys is given in place of "/". The keys are
// paths below it. It is removed with the test.
func Tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir() + "/"
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(root+name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root+name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
