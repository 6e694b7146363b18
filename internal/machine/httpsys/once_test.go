package httpsys

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/httpapi"
)

// Every row is asked for once, and a table that this Windows lacks is no gap; one
// that every Windows has is.
func TestRowsAreAskedForOnce(t *testing.T) {
	c := fake{
		tables: map[httpapi.ConfigID][]httpapi.Buffer{
			httpapi.URLACL:  {urlacl("http://+:80/a/", "D:(A;;GX;;;WD)"), urlacl("http://+:80/b/", "D:(A;;GX;;;WD)")},
			httpapi.CCSCert: {central(443)},
		},
		errs: map[httpapi.ConfigID]error{httpapi.ScopedCCS: httpapi.ErrInvalidParameter, httpapi.SNICert: httpapi.ErrNotSupported},
	}.config()
	type asked struct {
		table httpapi.ConfigID
		token uint32
	}
	times := map[asked]int{}
	row := c.row
	c.row = func(id httpapi.ConfigID, token uint32) (httpapi.Buffer, error) {
		times[asked{id, token}]++
		return row(id, token)
	}
	set := readConfig(t.Context(), c)
	for a, n := range times {
		if n != 1 {
			t.Errorf("row %d of table %d was asked for %d times", a.token, a.table, n)
		}
	}
	if !set.Machine.Windows.Certificates || len(set.Gaps) != 0 || len(times) != 8 {
		t.Errorf("%d questions, gaps %+v, %+v", len(times), set.Gaps, set.Machine.Windows)
	}

	twin := fake{errs: map[httpapi.ConfigID]error{httpapi.SSLCert: httpapi.ErrInvalidParameter}}.config()
	set = readConfig(t.Context(), twin)
	if w := set.Machine.Windows; w.Certificates || len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapOther {
		t.Errorf("a table that is always there: gaps %+v, %+v", set.Gaps, w)
	}
}
