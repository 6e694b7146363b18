package process

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

// Programs with windows, which Wine has without a screen where it is told to draw them
// nowhere, and only from its next desktop on.
func TestWineProgramsWithWindows(t *testing.T) {
	w := testbed.Wine(t)
	tests, err := testbed.BuildTest("./internal/change/drive/process", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	w.Run("reg", "add", `HKCU\Software\Wine\Drivers`, "/v", "Graphics", "/d", "null", "/f")
	testbed.Await(t, "the desktop without a screen to end", func() bool {
		return w.Linux().Try("pgrep", "-f", "explorer.exe").Code != 0
	})
	out := w.Run(tests, "-test.v", "-test.run", "^TestInsideProgram")
	if strings.Count(out, "--- PASS: TestInsideProgram") != 2 {
		t.Error(out)
	}
}
