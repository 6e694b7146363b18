package httpsys

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys/httpsystest"
)

// ties says the links of a listing's sessions and groups.
func ties(t testing.TB, text string) []string {
	t.Helper()
	state, _ := ParseState(text)
	set := state.Facts(func(line int) string { return fmt.Sprint(line) })
	var out []string
	for _, s := range set.Sessions {
		out = append(out, fmt.Sprintf("%s v%s", s.ID, s.Version))
	}
	for _, g := range set.URLGroups {
		out = append(out, string(g.ID))
	}
	for _, l := range set.Links {
		switch l.Kind {
		case fact.InGroup, fact.OfSession, fact.BoundTo:
			out = append(out, fmt.Sprintf("%s %s %s", l.From, l.Kind, l.To))
		}
	}
	return out
}

func TestGroupsAndSessions(t *testing.T) {
	for name, want := range map[string][]string{
		"servicestate-session-L1-en-a.txt": {
			"session:FF00000320000001 v2.0",
			"urlgroup:FE00000340000001",
			"urlgroup:FE00000340000001 of-session session:FF00000320000001",
			"urlgroup:FE00000340000001 bound-to queue:#2668",
			"url:http://+:80/116b50eb-ece2-41ac-8429-9f9e963361b7/ in-group urlgroup:FE00000340000001",
		},
		"servicestate-session-L1-en-b-two-queues.txt": { // which queue, nobody can tell
			"session:FF00000420000001 v2.0", "session:FF00000620000011 v2.0",
			"urlgroup:FE00000440000001", "urlgroup:FD00000440001314",
			"urlgroup:FE00000440000001 of-session session:FF00000420000001",
			"urlgroup:FD00000440001314 of-session session:FF00000620000011",
			"url:http://*:5357/4c2cdc17-befe-4441-899a-cc530f03f2df/ in-group urlgroup:FE00000440000001",
			"url:http://localhost:8080/ in-group urlgroup:FD00000440001314",
		},
		"servicestate-session-L1-en-iis-partial.txt": nil, // the group's header is cut off
		"servicestate-session-L2-en-unelevated.txt": {
			"session:FF00000010000001 v1.0", "session:FD00000010000001 v2.0",
			"urlgroup:FE00000020000001", "urlgroup:FC00000020000001",
			"urlgroup:FE00000020000001 of-session session:FF00000010000001",
			"urlgroup:FE00000020000001 bound-to queue:#1412",
			"urlgroup:FC00000020000001 of-session session:FD00000010000001",
			"urlgroup:FC00000020000001 bound-to queue:#4796",
			"url:http://+:5985/wsman/ in-group urlgroup:FE00000020000001",
			"url:http://+:47001/wsman/ in-group urlgroup:FE00000020000001",
			"url:http://+:8000/monitorservice/ in-group urlgroup:FC00000020000001",
		},
		"servicestate-requestq-L1-en.txt": { // sessions inside their groups
			"session:FF00000020000001 v1.0", "session:FB00000020000001 v2.0",
			"urlgroup:FE00000040000001", "urlgroup:FA00000040000001",
			"urlgroup:FE00000040000001 of-session session:FF00000020000001",
			"urlgroup:FE00000040000001 bound-to queue:#944",
			"urlgroup:FA00000040000001 of-session session:FB00000020000001",
			"urlgroup:FA00000040000001 bound-to queue:#1344",
			"url:http://+:5985/wsman/ in-group urlgroup:FE00000040000001",
			"url:http://+:47001/wsman/ in-group urlgroup:FE00000040000001",
			"url:http://+:8871/ in-group urlgroup:FA00000040000001",
		},
		"servicestate-queue-L2-fixture-zh-dev.txt": {
			"urlgroup:FE0000022000001B",
			"urlgroup:FE0000022000001B bound-to queue:#33704",
			"url:http://127.0.0.1:19443:127.0.0.1/ in-group urlgroup:FE0000022000001B",
		},
	} {
		text := sample(t, name)
		if diff := cmp.Diff(want, ties(t, text)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
		if name == "servicestate-queue-L2-fixture-zh-dev.txt" {
			continue // hand-made without the version rows that carry a flat listing
		}
		if diff := cmp.Diff(want, ties(t, httpsystest.Reindent(text, ""))); diff != "" {
			t.Errorf("%s flat: -want +got:\n%s", name, diff)
		}
	}
}
