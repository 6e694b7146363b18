package testbed_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// recorder is a test that remembers how it was ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func need(t *testing.T, parts ...string) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		testbed.Need(r, testbed.TierContainers, parts...)
	}()
	<-done
	return r
}

func TestNeedSkipsAloudAndFailsWhereTiersAreRequired(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		required string
		part     string
		skipped  string
		failed   string
	}{
		{"0", "no-such-program", "TIER containers: no-such-program missing, left out", ""},
		{"1", "no-such-program", "", "TIER containers: no-such-program missing"},
		{"0", exe + ".none", "missing, left out", ""},
		{"1", exe, "", ""},
		{"0", "a kernel that permits it", "a kernel that permits it missing", ""},
	} {
		t.Setenv("CI", "")
		t.Setenv("BERTH_TIERS_REQUIRED", tc.required)
		r := need(t, tc.part)
		if !strings.Contains(r.skipped, tc.skipped) || (tc.skipped == "") != (r.skipped == "") {
			t.Errorf("%s, required %s: skipped with %q", tc.part, tc.required, r.skipped)
		}
		if !strings.Contains(r.failed, tc.failed) || (tc.failed == "") != (r.failed == "") {
			t.Errorf("%s, required %s: failed with %q", tc.part, tc.required, r.failed)
		}
	}
}
