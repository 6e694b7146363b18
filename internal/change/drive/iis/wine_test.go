package iis

import (
	"os"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// A program in place of IIS's own, where IIS has it: it is found there, and its
// arguments come through Windows' command line whole. The twin, without it, is an
// error of [TestWithoutIIS].
func TestWineAppcmd(t *testing.T) {
	w := testbed.Wine(t)
	asks, err := testbed.BuildTest("./internal/change/drive/iis", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(asks)
	if err != nil {
		t.Fatal(err)
	}
	w.Put("/prefix/drive_c/windows/system32/inetsrv/"+program, data, 0o755)
	const name = "TestInsideAppcmd"
	if out := w.Run(asks, "-test.v", "-test.run", "^"+name+"$"); !strings.Contains(out, "--- PASS: "+name) {
		t.Error(out)
	}
}
