package snapshot

import (
	"testing"

	"github.com/berthd/berth/internal/testbed"
)

func TestNetnsNoHelpFromThreadsElsewhere(t *testing.T) {
	if !shared() {
		t.Error("a plain goroutine's thread is taken for one in a namespace of its own")
	}
	testbed.Netns(t, func() {
		if shared() {
			t.Error("a thread in a namespace of its own is taken for a plain one")
		}
	})
}
