package winrange

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
)

// TestInsideNetsh is Windows' half of TestWineNetshDoesNothing.
func TestInsideNetsh(t *testing.T) {
	s := subject("tcp 50000-50059")
	if err := New().Set(t.Context(), s, nil, plan.State{"exists": "yes"}); err == nil || !strings.Contains(err.Error(), "could not be read") {
		t.Error(err)
	}
	// The same for one who takes an empty list for an answer.
	d := New()
	m := newMachine()
	d.calls.read = m.read
	if err := d.Set(t.Context(), s, nil, plan.State{"exists": "yes"}); err == nil || !strings.Contains(err.Error(), "netsh reported success, and") {
		t.Error(err)
	}
	r, err := d.calls.run(t.Context(), span{fact.TCP, 50000, 50059}.command("add", "persistent"))
	if err != nil || r.Exit != 0 {
		t.Errorf("netsh itself: %+v, %v", r, err)
	}
}
