package iis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

// TestInsideAppcmd is Windows' half of TestWineAppcmd.
func TestInsideAppcmd(t *testing.T) {
	d, shop := New(), subject("site:The Shop")
	for _, running := range []string{"yes", "no", "no", "yes", "yes"} {
		if err := d.Set(t.Context(), shop, nil, plan.State{"running": running}); err != nil {
			t.Error(err)
		}
		if got, err := d.Read(t.Context(), shop); err != nil || !cmp.Equal(got, plan.State{"exists": "yes", "running": running}) {
			t.Errorf("%v, %v", got, err)
		}
	}
	for _, other := range []string{"site:Shop", "pool:The Shop"} {
		if got, err := d.Read(t.Context(), subject(other)); err != nil || got["exists"] != "no" {
			t.Errorf("%s: %v, %v", other, got, err)
		}
	}
}
