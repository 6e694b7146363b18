package redirect_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/berthd/berth/internal/machine/redirect"
)

// TestInsideReads prints what the machine says: Windows' half of TestWinePortProxy.
func TestInsideReads(t *testing.T) {
	set, err := redirect.Read(t.Context(), redirect.Query{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("\nSET " + string(text) + "\n")
}
