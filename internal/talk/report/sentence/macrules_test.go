package sentence_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/fact"
)

// Every rule and every need of macOS has words of its own.
func TestEveryRuleOfMacOSHasASentence(t *testing.T) {
	_, n := world()
	seen := map[string]string{}
	for _, rule := range constants(t, "answer/bindrule/darwinjudge.go", "Rule", "") {
		for _, ok := range []bool{true, false} {
			v := bindrule.Verdict{Rule: bindrule.Rule(rule), OK: ok, Errno: "EADDRINUSE", Confidence: bindrule.Certain, About: []fact.ID{"sock:1"}, Args: map[string]string{"have": "0.0.0.0:80"}}
			s := n.Verdict(v)
			if strings.Contains(s, rule) { // the words for rules that nobody knows
				continue
			}
			if !isSentence(s) || seen[s] != "" {
				t.Errorf("%s: %q, as %q", rule, s, seen[s])
			}
			seen[s] = rule
		}
	}
	if want := constants(t, "answer/bindrule/darwinjudge.go", "Rule", ""); len(seen) != len(want) {
		t.Errorf("%d sentences for %d rules", len(seen), len(want))
	}
	for _, need := range constants(t, "answer/bindrule/darwinjudge.go", "Need", "") {
		if s := n.Needs(bindrule.Verdict{Needs: []bindrule.Need{bindrule.Need(need)}}); len(s) < 10 || seen[s] != "" {
			t.Errorf("%s: %q", need, s)
		}
	}
}

// Whose traffic it is hangs on who has the wildcard.
func TestBesideOnMacOS(t *testing.T) {
	_, n := world()
	v := bindrule.Verdict{Rule: bindrule.DarwinBeside, OK: true, Confidence: bindrule.Likely, About: []fact.ID{"sock:1"}, Args: map[string]string{"wildcard": "theirs"}}
	theirs := n.Verdict(v)
	v.Args = nil
	if ours := n.Verdict(v); theirs == ours || !strings.Contains(theirs, "away") || !strings.HasPrefix(ours, "probably") {
		t.Errorf("%q and %q", theirs, ours)
	}
}
