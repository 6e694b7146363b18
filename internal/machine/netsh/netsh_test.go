package netsh

import (
	"runtime"
	"strings"
	"testing"

	"github.com/berthd/berth/internal/fact"
)

// Every command only shows.
func TestCommandsOnlyShow(t *testing.T) {
	seen := map[string]bool{}
	for s := ServiceState; s <= DynamicUDP6; s++ {
		args := s.Args()
		if len(args) < 3 || !strings.Contains(s.String(), " show ") {
			t.Errorf("%d: %q", s, args)
		}
		if seen[s.String()] {
			t.Errorf("%s stands twice", s)
		}
		seen[s.String()] = true
	}
	if (DynamicUDP6 + 1).Args() != nil {
		t.Error("a command that is none has arguments")
	}
}

// No command is ever an empty answer: here there is none, or (under Wine) one that
// prints nothing.
func TestReadSaysWhyItIsEmpty(t *testing.T) {
	text, gap := Read(t.Context(), ServiceState)
	if strings.TrimSpace(text) != "" {
		return // a Windows that answers
	}
	want := fact.GapNotThisOS
	if runtime.GOOS == "windows" {
		want = fact.GapCommand
	}
	if gap == nil || gap.Kind != want || gap.Subject != "netsh http show servicestate view=requestq verbose=yes" {
		t.Errorf("%+v", gap)
	}
}
