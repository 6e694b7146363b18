package wsl_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// A distribution in the asker's registry and .wslconfig in the asker's profile;
// without them there is no WSL.
func TestWineDistributions(t *testing.T) {
	w := testbed.Wine(t)
	asks, err := testbed.BuildTest("./internal/machine/wsl", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	read := func() (set fact.Set) {
		out := w.Run(asks, "-test.run", "^TestInsideReads$")
		_, text, _ := strings.Cut(out, "\nSET ")
		if err := json.Unmarshal([]byte(strings.SplitN(text, "\n", 2)[0]), &set); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return set
	}
	if set := read(); set.Machine.Windows != nil || len(set.Gaps) > 0 {
		t.Errorf("a fresh prefix: %+v", set)
	}
	const key = `HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss`
	const guid = `{0a1b2c3d-0000-4000-8000-000000000001}`
	w.Run("reg", "add", key, "/v", "DefaultDistribution", "/d", guid, "/f")
	w.Run("reg", "add", key+`\`+guid, "/v", "DistributionName", "/d", "Ubuntu", "/f")
	w.Run("reg", "add", key+`\`+guid, "/v", "Version", "/t", "REG_DWORD", "/d", "2", "/f")
	set := read()
	if m := set.Machine.Windows; m == nil || m.WSL != "nat" || len(m.Distributions) != 1 || !m.Distributions[0].Default {
		t.Errorf("%+v", set.Machine.Windows)
	}
	if len(set.Gaps) != 1 || set.Gaps[0].Hint != "wsl -d Ubuntu -u root -- ss -ltnp" {
		t.Errorf("%+v", set.Gaps)
	}
	w.Run("cmd", "/c", `(echo [wsl2]& echo networkingMode=mirrored) > %USERPROFILE%\.wslconfig`)
	if m := read().Machine.Windows; m == nil || m.WSL != "mirrored" {
		t.Errorf("%+v", m)
	}
}
