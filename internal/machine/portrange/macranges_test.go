package portrange

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func TestMacRanges(t *testing.T) {
	refused := errors.New("no such setting")
	plain := fact.Range{Kind: fact.Ephemeral, From: 49152, To: 65535, Evidence: "net.inet.ip.portrange.first"}
	for name, c := range map[string]struct {
		first, last, hifirst, hilast uint32 // 0 = not there
		want                         []fact.Range
		gaps                         []fact.GapKind
	}{
		"as macOS comes":     {49152, 65535, 49152, 65535, []fact.Range{plain}, nil},
		"from end to begin":  {65535, 49152, 49152, 65535, []fact.Range{plain}, nil},
		"another high range": {10000, 20000, 49152, 65535, []fact.Range{{Kind: fact.Ephemeral, From: 10000, To: 20000, Evidence: plain.Evidence}, {Kind: fact.Ephemeral, From: 49152, To: 65535, Evidence: "net.inet.ip.portrange.hifirst"}}, nil},
		"no high range":      {49152, 65535, 0, 0, []fact.Range{plain}, []fact.GapKind{fact.GapOther}},
		"half of one":        {49152, 0, 0, 0, nil, []fact.GapKind{fact.GapOther, fact.GapOther}},
		"no ports":           {49152, 70000, 49152, 65535, []fact.Range{{Kind: fact.Ephemeral, From: 49152, To: 65535, Evidence: "net.inet.ip.portrange.hifirst"}}, []fact.GapKind{fact.GapShape}},
	} {
		values := map[string]uint32{"first": c.first, "last": c.last, "hifirst": c.hifirst, "hilast": c.hilast}
		set := macRanges(func(name string) (uint32, error) {
			n := values[name[len(macSetting):]]
			if n == 0 {
				return 0, refused
			}
			return n, nil
		})
		if d := cmp.Diff(c.want, set.Ranges); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		var gaps []fact.GapKind
		for _, g := range set.Gaps {
			gaps = append(gaps, g.Kind)
		}
		if d := cmp.Diff(c.gaps, gaps); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
