package wsl_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/berthd/berth/internal/machine/wsl"
)

// TestInsideReads prints what the machine says: Windows' half of TestWineDistributions.
func TestInsideReads(t *testing.T) {
	set, err := wsl.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("\nSET " + string(text) + "\n")
}
