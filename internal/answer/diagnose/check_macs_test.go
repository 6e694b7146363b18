package diagnose_test

import (
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/answer/bindrule"
	"github.com/berthd/berth/internal/answer/chain"
	"github.com/berthd/berth/internal/answer/diagnose"
	"github.com/berthd/berth/internal/fact"
)

// One set of facts, judged by the rules of the system that it came from.
func TestCheckGoesByTheRulesOfTheSystem(t *testing.T) {
	off := false
	want := bindrule.Want{Proto: fact.TCP, Local: netip.MustParseAddrPort("[::]:8080"), ReuseAddr: true, V6Only: &off}
	for os, refused := range map[string]bool{
		"darwin": false, // an IPv6 wildcard may stand beside an IPv4 one
		"linux":  true,
	} {
		set := fact.Set{Machine: fact.Machine{OS: os}, Sockets: []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: netip.MustParseAddrPort("0.0.0.0:8080"), State: fact.Listen}}}
		c := diagnose.CheckBind(chain.NewIndex(&set), want)
		if _, got := c.Refused(); got != refused || c.NoRules || len(c.Verdicts) != 1 {
			t.Errorf("%s: %+v", os, c.Verdicts)
		}
	}
	set := fact.Set{Machine: fact.Machine{OS: "freebsd"}}
	if c := diagnose.CheckBind(chain.NewIndex(&set), want); !c.NoRules {
		t.Error("FreeBSD's rules are known")
	}
}
