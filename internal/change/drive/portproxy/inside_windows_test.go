package portproxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/plan"
)

// TestInsideSets deletes the entry of TestWineEntry and puts it back, and makes
// another and deletes that: Windows' half of TestWineEntry.
func TestInsideSets(t *testing.T) {
	d := New()
	for name, before := range map[string]plan.State{
		"v4tov4 0.0.0.0:8081": {"exists": "yes", "to": "10.0.0.1:80"},
		"v6tov4 [::]:8082":    {"exists": "no"},
	} {
		s := subject(name)
		now := func() plan.State {
			got, err := d.Read(t.Context(), s)
			if err != nil {
				t.Error(err)
			}
			return got
		}
		if diff := cmp.Diff(before, now()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, to := range []plan.State{{"exists": "no"}, {"exists": "yes", "to": "192.0.2.1:9"}, {"exists": "no"}, before} {
			if err := d.Set(t.Context(), s, before, to); err != nil || !cmp.Equal(now(), to) {
				t.Errorf("%s to %v: %v", name, to, err)
			}
		}
	}
}
