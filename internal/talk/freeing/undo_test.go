package freeing

import (
	"testing"

	"github.com/berthd/berth/internal/change/journal"
)

// What is open is listed however old it is.
func TestNewestOf(t *testing.T) {
	var list []*journal.Entry
	for id := range 3 + shown {
		list = append(list, &journal.Entry{ID: id, Events: []journal.Event{{Kind: journal.Closed}}})
	}
	list[1].Events = nil
	got, older := newestOf(list)
	if older != 2 || len(got) != 1+shown || got[0].ID != 1 || got[1].ID != 3 {
		t.Errorf("%d older, %d shown", older, len(got))
	}
	if got, older := newestOf(list[3:]); older != 0 || len(got) != shown {
		t.Errorf("%d older, %d shown", older, len(got))
	}
}
