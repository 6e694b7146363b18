package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const head = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
`

func TestRunCounts(t *testing.T) {
	for name, tc := range map[string]struct {
		events string
		want   Counts
		says   string
	}{
		"one passes": {
			head + `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"p"}`,
			Counts{Passed: 1}, "",
		},
		"one fails and says why": {
			head + `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:3: got 2\n"}` + "\n" +
				`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"p"}`,
			Counts{Failed: 1}, "got 2",
		},
		"a skipped one says why": {
			head + `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:3: TIER wine: root missing, left out\n"}` + "\n" +
				`{"Action":"skip","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"p"}`,
			Counts{Skipped: 1}, "TIER wine: root missing",
		},
		"subtests count, not their parent": {
			head + `{"Action":"run","Package":"p","Test":"TestA/x"}` + "\n" + `{"Action":"run","Package":"p","Test":"TestA/y"}` + "\n" +
				`{"Action":"pass","Package":"p","Test":"TestA/x"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestA/y"}` + "\n" +
				`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"p"}`,
			Counts{Passed: 1, Failed: 1}, "TestA/y",
		},
		"a parent that fails by itself counts": {
			head + `{"Action":"run","Package":"p","Test":"TestA/x"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestA/x"}` + "\n" +
				`{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"p"}`,
			Counts{Passed: 1, Failed: 1}, "FAILED: p TestA",
		},
		"a package that does not build": {
			`{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/a.go:1:1: undefined: x\n"}` + "\n" +
				`{"ImportPath":"p [p.test]","Action":"build-fail"}` + "\n" + `{"Action":"fail","Package":"p"}`,
			Counts{Failed: 1}, "undefined: x",
		},
		"text that is no event": {"go: no such module\n", Counts{}, "no such module"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			run := NewRun(&out)
			if err := run.Read(strings.NewReader(tc.events)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, run.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			if !strings.Contains(out.String(), tc.says) {
				t.Errorf("output lacks %q:\n%s", tc.says, out.String())
			}
		})
	}
}

// A tier in which nothing ran proves nothing, so it fails.
func TestEmptyTierFails(t *testing.T) {
	var out strings.Builder
	if c := readTier(strings.NewReader(""), &out, "wine", 0); c.Failed != 1 {
		t.Errorf("no test ran: %v", c)
	}
}

func TestTotalIsTheSumOfTheTiers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sum")
	for _, c := range []Counts{{3, 0, 1}, {4, 0, 0}} {
		if err := appendCounts(file, "unit", c); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if code := printTotal(&out, file); code != 0 || out.String() != "7 passed, 0 failed, 1 skipped\n" {
		t.Errorf("got %d, %q", code, out.String())
	}
	if err := appendCounts(file, "netns", Counts{Failed: 1}); err != nil {
		t.Fatal(err)
	}
	if code := printTotal(&out, file); code != 1 {
		t.Errorf("a failed tier: exit %d", code)
	}
}
