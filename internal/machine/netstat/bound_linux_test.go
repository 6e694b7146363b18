package netstat

import (
	"context"
	"testing"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
)

// old is a kernel that ignores the wish for bound sockets.
type old struct{}

func (old) Do(netlink.Message, func(netlink.Message) error) error { return nil }
func (old) Close() error                                          { return nil }

func TestKernelsThatHideBoundSockets(t *testing.T) {
	for _, c := range []struct {
		name    string
		release string
		diag    func() (dumper, error)
		protos  []fact.Proto
		gap     bool
	}{
		{"new enough", "6.8.0-31-generic", func() (dumper, error) { return old{}, nil }, nil, false},
		{"too old", "5.15.0", func() (dumper, error) { return old{}, nil }, nil, true},
		{"too old, TCP not asked for", "5.15.0", func() (dumper, error) { return old{}, nil }, []fact.Proto{fact.UDP}, false},
		{"old by name, able in truth", "5.14.0-427.el9", dialDiag, nil, !atLeast(kernelRelease(), 6, 8)},
	} {
		from := live()
		from.diag, from.release = c.diag, func() string { return c.release }
		set, err := readFrom(context.Background(), Query{Ports: []uint16{1}, Protos: c.protos, Serving: true}, from)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := len(set.Gaps) == 1 && set.Gaps[0].Kind == fact.GapNoBound; got != c.gap {
			t.Errorf("%s: gaps %+v, want one: %v", c.name, set.Gaps, c.gap)
		}
	}
}

func TestAtLeast(t *testing.T) {
	for release, want := range map[string]bool{
		"6.8": true, "6.8.0-rc1": true, "6.18.44-fc": true, "7.0": true, "6.10-x": true,
		"6.7.12": false, "5.19": false, "6": false, "": false, "x.y": false,
	} {
		if got := atLeast(release, 6, 8); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}
