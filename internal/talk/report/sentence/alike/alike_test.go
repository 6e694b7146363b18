package alike

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/lookalike"
)

// Every look-alike has a sentence of its own, and it is said whether it is a
// conflict.
func TestEveryLookalikeHasASentence(t *testing.T) {
	seen := map[string]lookalike.ID{}
	args := map[string]string{"port": "8080", "path": "/run/x.sock", "target": "203.0.113.7:443", "url": "http://localhost/:8080", "ports": "3000, 3001", "module": "apache"}
	for _, id := range []lookalike.ID{
		lookalike.DockerChain, lookalike.ClientBlocked, lookalike.ClientPorts, lookalike.SocketFile, lookalike.HostsFile, lookalike.SecondFamily,
		lookalike.MalformedURL, lookalike.PIDFile, lookalike.OwnService, lookalike.OtherMachine, lookalike.WSL1, lookalike.WrongProbe,
	} {
		f := lookalike.Found{ID: id, Args: args}
		s := Headline(f)
		if len(s) < 40 || !strings.HasSuffix(s, ".") || strings.Contains(s, "  ") || seen[s] != "" || strings.HasSuffix(s, "only reads like one.") {
			t.Errorf("%s: %q", id, s)
		}
		seen[s] = id
		if f.NotConflict() != strings.HasPrefix(s, "This is not a port conflict: ") {
			t.Errorf("%s: %q", id, s)
		}
		if w := Way(f); w == "" && id != lookalike.SecondFamily && id != lookalike.OwnService {
			t.Errorf("%s: no way out", id)
		}
	}
	if s := Headline(lookalike.Found{ID: "none"}); !strings.HasSuffix(s, "only reads like one.") {
		t.Errorf("%q", s)
	}
}

// Words of a text cannot steer the terminal.
func TestHostileArguments(t *testing.T) {
	if s := Headline(lookalike.Found{ID: lookalike.SocketFile, Args: map[string]string{"path": "/run/\x1b[31m.sock"}}); strings.Contains(s, "\x1b") {
		t.Errorf("%q", s)
	}
}
