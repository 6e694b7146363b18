package testbed_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestWineRunsWindowsPrograms(t *testing.T) {
	w := testbed.Wine(t)
	exe, err := testbed.Build("./internal/testbed/cmd/tally", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	if r := w.Try(exe, "-total", "no such file"); r.Code != 2 || !strings.Contains(r.Stderr, "tally:") {
		t.Errorf("a Go program: %+v", r)
	}
	if got := w.Run("cmd", "/c", "ver"); !strings.Contains(got, "10.0.") {
		t.Errorf("version: %q, want Windows 10", got)
	}
	if got := w.Linux().Run("ss", "-Hltn"); got != "" {
		t.Errorf("a fresh prefix listens: %s", got)
	}
}
