package httpconf

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// Wine's calls return success and keep nothing: each kind of step fails, and says so.
func TestWineKeepsNothing(t *testing.T) {
	w := testbed.Wine(t)
	sets, err := testbed.BuildTest("./internal/change/drive/httpconf", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	const name = "TestInsideWineKeepsNothing"
	if out := w.Run(sets, "-test.v", "-test.run", "^"+name+"$"); !strings.Contains(out, "--- PASS: "+name) {
		t.Error(out)
	}
}
