package filter

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// The real calls, here where they are Wine's: its filter engine is a gap and ends
// nobody's process, and its catalogue has base providers alone.
func TestReadHere(t *testing.T) {
	set, err := Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range set.Gaps {
		if g.Subject != calloutsSubject {
			t.Errorf("%+v", g)
		}
		if wine() && g.Kind != fact.GapNoCall {
			t.Errorf("%+v", g)
		}
	}
	if wine() && (len(set.Gaps) != 1 || len(set.Filters) > 0) {
		t.Errorf("%+v", set)
	}
}
