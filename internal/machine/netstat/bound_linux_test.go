package netstat

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
	"github.com/berthd/berth/internal/sys/sockdiag"
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

// spy remembers which states were asked for.
type spy struct{ states *uint32 }

func (s spy) Do(m netlink.Message, _ func(netlink.Message) error) error {
	*s.states |= binary.NativeEndian.Uint32(m.Data[52:]) // of a request for any family
	return nil
}
func (spy) Close() error { return nil }

func TestCountersSpareTheWalkForBoundSockets(t *testing.T) {
	for _, c := range []struct {
		name, four, six string
		walks           bool
	}{
		{"every socket in use", "TCP: inuse 3 orphan 0 tw 9 alloc 5 mem 1", "TCP6: inuse 2", false},
		{"one more than in use", "TCP: inuse 3 orphan 0 tw 9 alloc 6 mem 1", "TCP6: inuse 2", true},
		{"no IPv6", "TCP: inuse 3 orphan 0 tw 9 alloc 3 mem 1", "", false},
		{"none at all", "TCP: inuse 0 orphan 0 tw 9 alloc 0 mem 1", "TCP6: inuse 0", true},
		{"no table", "", "", true},
		{"no line", "UDP: inuse 3 alloc 3", "TCP6: inuse 0", true},
		{"no number", "TCP: inuse x alloc x", "TCP6: inuse 0", true},
		{"cut short", "TCP: inuse", "TCP6: inuse 0", true},
	} {
		var states uint32
		from := live()
		from.procNet = t.TempDir()
		from.diag = func() (dumper, error) { return spy{&states}, nil }
		for name, text := range map[string]string{"sockstat": c.four, "sockstat6": c.six} {
			if text == "" {
				continue
			}
			if err := os.WriteFile(filepath.Join(from.procNet, name), []byte("sockets: used 99\n"+text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := readFrom(context.Background(), Query{Protos: []fact.Proto{fact.TCP}}, from); err != nil {
			t.Fatal(err)
		}
		if got := states&(1<<sockdiag.BoundInactive) != 0; got != c.walks || states&(1<<sockdiag.Listen) == 0 {
			t.Errorf("%s: walks %v, want %v", c.name, got, c.walks)
		}
	}
}

// With the counters of this machine as they are, whatever else runs on it.
func TestABoundSocketIsAlwaysFound(t *testing.T) {
	port, fd, err := bindAny()
	if err != nil {
		t.Fatal(err)
	}
	set, err := Read(context.Background(), Query{Ports: []uint16{port}, Protos: []fact.Proto{fact.TCP}})
	unix.Close(fd)
	if err != nil {
		t.Fatal(err)
	}
	found := len(set.Sockets) == 1 && set.Sockets[0].State == fact.Bound
	told := len(set.Gaps) == 1 && (set.Gaps[0].Kind == fact.GapNoBound || set.Gaps[0].Kind == fact.GapNoSockDiag)
	if found == told {
		t.Errorf("%+v: want the socket, or the gap on an old kernel", set)
	}
}
