package snapshot

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/testbed"
)

func TestNetnsAnswerIsOfTheCallersNamespace(t *testing.T) {
	read := func() (fact.Set, error) {
		return fact.Set{Machine: fact.Machine{Asker: &fact.Asker{Netns: place()}}}, nil
	}
	ask := func() (here, got uint64) {
		answer, wait := beside(place(), read)
		defer wait()
		set, _ := answer()
		return place(), set.Machine.Asker.Netns
	}
	outside, got := ask()
	if outside == 0 || got != outside {
		t.Errorf("outside %d, read in %d", outside, got)
	}
	testbed.Netns(t, func() {
		if inside, got := ask(); inside == outside || got != inside {
			t.Errorf("inside %d (outside %d), read in %d", inside, outside, got)
		}
	})
}
