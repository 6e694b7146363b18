package catalog

import (
	"slices"
	"testing"
)

func TestByIDFindsEveryEntryAndNothingElse(t *testing.T) {
	n := 0
	for e := range All() {
		n++
		if found, ok := ByID(e.ID); !ok || found != e {
			t.Errorf("ByID(%q) = %v, %v", e.ID, found, ok)
		}
		if _, ok := ByID(e.ID + "-"); ok {
			t.Errorf("ByID(%q) found something", e.ID+"-")
		}
	}
	if n == 0 || n != len(table) {
		t.Errorf("All yields %d entries of %d", n, len(table))
	}
	if _, ok := ByID(""); ok {
		t.Error("ByID of nothing found something")
	}
}

func TestAllStopsWhenAsked(t *testing.T) {
	n := 0
	for range All() {
		n++
		break
	}
	if n != 1 {
		t.Errorf("yielded %d times after a break", n)
	}
}

func TestTableIsSortedByID(t *testing.T) {
	sorted := slices.IsSortedFunc(table[:], func(a, b Entry) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	if !sorted {
		t.Error("table is not sorted: ByID cannot find all of it")
	}
}
