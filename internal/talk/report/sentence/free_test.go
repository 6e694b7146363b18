package sentence_test

import (
	"strings"
	"testing"

	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/talk/report/sentence"
)

// A free port has no NAT rule in its way only where the rules were read.
func TestFreeSaysWhatWasRead(t *testing.T) {
	for _, read := range []bool{true, false} {
		set := fact.Set{}
		if !read {
			set.AddGaps(fact.Gap{Kind: fact.GapNoNAT, Subject: "nftables rules"})
		}
		told := sentence.Names{X: chain.NewIndex(&set)}.Told(diagnose.Finding{Rule: diagnose.RuleFree, Confidence: diagnose.Certain})
		if strings.Contains(told, "o NAT rule") != read || strings.Contains(told, "could not be read") == read {
			t.Errorf("rules read %v: %s", read, told)
		}
	}
}
