package portrange_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

// Ranges that the machine's own registry keeps; Wine's netsh says nothing, which is
// a gap and no answer.
func TestWinePersistentRanges(t *testing.T) {
	w := testbed.Wine(t)
	asks, err := testbed.BuildTest("./internal/machine/portrange", "GOOS=windows", "GOARCH=amd64")
	if err != nil {
		t.Fatal(err)
	}
	const nsi = `HKLM\SYSTEM\CurrentControlSet\Control\Nsi\`
	w.Run("reg", "add", nsi+`{eb004a03-9b1a-11d4-9123-0050047759bc}\29`, "/v", "1f900100", "/t", "REG_BINARY", "/d", "1200ffff", "/f")
	w.Run("reg", "add", nsi+`{eb004a02-9b1a-11d4-9123-0050047759bc}\5`, "/v", "c3503c00", "/t", "REG_BINARY", "/d", "1200ffff", "/f")
	out := w.Run(asks, "-test.run", "^TestInsideReads$")
	_, text, _ := strings.Cut(out, "\nSET ")
	var set fact.Set
	if err := json.Unmarshal([]byte(strings.SplitN(text, "\n", 2)[0]), &set); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []fact.Range{
		{Kind: fact.Excluded, Proto: fact.TCP, From: 8080, To: 8080, Name: fact.RangePersistent, Administered: true, Evidence: "registry " + nsi + `{eb004a03-9b1a-11d4-9123-0050047759bc}\29`},
		{Kind: fact.Excluded, Proto: fact.UDP, From: 50000, To: 50059, Name: fact.RangePersistent, Administered: true, Evidence: "registry " + nsi + `{eb004a02-9b1a-11d4-9123-0050047759bc}\5`},
	}
	if !slices.Equal(set.Ranges, want) {
		t.Errorf("%+v", set.Ranges)
	}
	if len(set.Gaps) != 4 || set.Gaps[0].Kind != fact.GapCommand {
		t.Errorf("%+v", set.Gaps)
	}
}
