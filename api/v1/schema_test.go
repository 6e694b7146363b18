package v1_test

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	v1 "github.com/berthd/berth/api/v1"
	"github.com/berthd/berth/api/v1/gen/schema"
)

func TestSchemasAreCurrent(t *testing.T) {
	notes, err := schema.Comments(".")
	if err != nil {
		t.Fatal(err)
	}
	for kind, doc := range schema.Documents() {
		want, err := schema.Of(v1.API, kind, doc, notes)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := v1.Schema(kind)
		if !ok {
			t.Fatalf("no schema of %s: run go generate ./api/v1", kind)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("schema of %s is stale, run go generate ./api/v1 (-want +got):\n%s", kind, d)
		}
	}
}

func TestKindsAreTheFiles(t *testing.T) {
	files, err := os.ReadDir("schema")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name()[:len(f.Name())-len(".json")])
	}
	if d := cmp.Diff(v1.Kinds(), names); d != "" {
		t.Error(d)
	}
	if _, ok := v1.Schema("who"); !ok || !slices.IsSorted(v1.Kinds()) {
		t.Error("kinds are found in any case and listed in order")
	}
	if _, ok := v1.Schema("../v1"); ok {
		t.Error("a path is no kind")
	}
}
