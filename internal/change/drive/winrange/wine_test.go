package winrange

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// Wine's netsh ends with 0 and does nothing: that is a failure.
func TestWineNetshDoesNothing(t *testing.T) {
	w := testbed.Wine(t)
	sets, err := testbed.BuildTest("./internal/change/drive/winrange", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	const name = "TestInsideNetsh"
	if out := w.Run(sets, "-test.v", "-test.run", "^"+name+"$"); !strings.Contains(out, "--- PASS: "+name) {
		t.Error(out)
	}
}
