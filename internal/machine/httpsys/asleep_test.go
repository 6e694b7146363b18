package httpsys

import (
	"strings"
	"testing"
)

// Without its driver HTTP.sys has no registration, which is known, and a
// configuration, which is not asked for.
func TestAsleep(t *testing.T) {
	got := asleep(Query{Live: true, Config: true})
	w := got.Machine.Windows
	if w == nil || !w.Registrations || w.Cached || w.Reservations || w.ListenList || w.Certificates || w.Timeouts != nil {
		t.Errorf("%+v", w)
	}
	if len(got.Gaps) != 4 {
		t.Errorf("%+v", got.Gaps)
	}
	for _, g := range got.Gaps {
		if !strings.HasPrefix(g.Hint, "netsh http show ") || g.Err == "" {
			t.Errorf("%+v", g)
		}
	}
	if got = asleep(Query{Config: true}); got.Machine.Windows != nil || len(got.Gaps) != 4 {
		t.Errorf("nobody asked for registrations: %+v", got)
	}
	if got = asleep(Query{Cache: true}); !got.Machine.Windows.Cached || got.Machine.Windows.Registrations || len(got.Gaps) != 0 {
		t.Errorf("nobody asked for the configuration: %+v", got)
	}
}
