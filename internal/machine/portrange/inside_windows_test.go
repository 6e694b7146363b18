package portrange_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/berthd/berth/internal/machine/portrange"
)

// TestInsideReads prints what the machine says: Windows' half of TestWinePersistentRanges.
func TestInsideReads(t *testing.T) {
	set, err := portrange.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("\nSET " + string(text) + "\n")
}
