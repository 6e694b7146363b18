package catalog_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/catalog"
	"github.com/berthd/berth/internal/answer/catalog/source"
)

func rows(t *testing.T) []source.Row {
	t.Helper()
	files, err := filepath.Glob("entries/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("entries: %v, %v", files, err)
	}
	var all []source.Row
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		more, err := source.Load(name, text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, more...)
	}
	if err := source.Check(all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTableIsWhatTheEntriesSay(t *testing.T) {
	want, err := source.Table(rows(t))
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("table_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("table_gen.go is stale: run go generate ./internal/answer/catalog")
	}
}

func TestExamples(t *testing.T) {
	for _, row := range rows(t) {
		t.Run(row.ID, func(t *testing.T) {
			for i, s := range row.Examples {
				found := catalog.Match(s)
				if len(found) == 0 || found[0].ID != row.ID && !slices.Contains(row.YieldsTo, found[0].ID) {
					t.Errorf("example %d: found %v", i+1, ids(found))
				}
				if !slices.Contains(ids(found), row.ID) {
					t.Errorf("example %d: %s is not among %v", i+1, row.ID, ids(found))
				}
			}
			for i, s := range row.CounterExamples {
				if slices.Contains(ids(catalog.Match(s)), row.ID) {
					t.Errorf("counter-example %d fits", i+1)
				}
			}
		})
	}
}

func ids(found []*catalog.Entry) []string {
	var out []string
	for _, e := range found {
		out = append(out, e.ID)
	}
	return out
}

// The table and the registry must cost nothing when a program starts. The
// runtime itself tells which packages had something to initialise.
func TestPackageHasNoInit(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^$")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "init runtime @") {
		t.Fatalf("no trace in %q", out)
	}
	if strings.Contains(string(out), "internal/answer/catalog @") {
		t.Errorf("the package has code to run at start-up:\n%s", out)
	}
}
