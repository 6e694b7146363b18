package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/talk/cli"
)

// TestPages: every command has a page with its flags and exit codes, and the same
// sources make the same pages.
func TestPages(t *testing.T) {
	once, again := t.TempDir(), filepath.Join(t.TempDir(), "made")
	for _, dir := range []string{once, again} {
		if err := write(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cli.Tree().Commands() {
		page := read(t, once, "berth-"+c.Name()+".1")
		if c.Name() == "help" || c.Name() == "completion" {
			continue // cobra's own words
		}
		for _, part := range []string{".SH NAME", "berth-" + c.Name(), "--json", c.Short} {
			if !strings.Contains(strings.ReplaceAll(page, `\-`, "-"), part) {
				t.Errorf("the page of %s lacks %q", c.Name(), part)
			}
		}
		if page != read(t, again, "berth-"+c.Name()+".1") {
			t.Errorf("the page of %s differs from run to run", c.Name())
		}
	}
	if !strings.Contains(read(t, once, "berth-snapshot-save.1"), "complete") || !strings.Contains(read(t, once, "berth.1"), "overview") {
		t.Error("no page of a command below a command, or none of berth itself")
	}
	if err := write(filepath.Join(once, "berth.1", "in a file")); err == nil {
		t.Error("a folder inside a file was written")
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
