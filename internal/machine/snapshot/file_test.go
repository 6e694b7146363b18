package snapshot_test

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/snapshot"
)

func example() fact.Set {
	only := false
	at := netip.MustParseAddrPort("[::]:80")
	return fact.Set{
		At:        time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
		Machine:   fact.Machine{OS: "linux", Arch: "amd64", Host: "web1", Asker: &fact.Asker{UID: 0}, Source: "snapshot"},
		Sockets:   []fact.Socket{{ID: "sock:1", Proto: fact.TCP, Local: at, State: fact.Listen, Linux: &fact.LinuxSocket{Inode: 1, V6Only: &only}}},
		Processes: []fact.Process{{ID: "proc:1@1", PID: 1, Name: "a\x1bb\n", Args: []string{"x", ""}}},
		Redirects: []fact.Redirect{{ID: "redirect:1", Kind: "dnat", Dst: netip.MustParsePrefix("10.0.0.0/8"), From: 80, Last: 80}},
		Links:     []fact.Link{{From: "sock:1", To: "proc:1@1", Kind: fact.HeldBy}},
		Gaps:      []fact.Gap{{Kind: fact.GapNoNAT}},
	}
}

func saved(t testing.TB, set fact.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := snapshot.Save(&b, &set, "berth test"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSaveAndLoad(t *testing.T) {
	want := example()
	got, err := snapshot.Load(bytes.NewReader(saved(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{}, netip.Prefix{}, netip.Addr{})); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
}

func TestLoadedIsNotLive(t *testing.T) {
	set := example()
	for source, want := range map[string]string{"live": "snapshot", "": "snapshot", "paste": "paste"} {
		set.Machine.Source = source
		if got, err := snapshot.Load(bytes.NewReader(saved(t, set))); err != nil || got.Machine.Source != want {
			t.Errorf("%q: %q, %v", source, got.Machine.Source, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	whole := string(saved(t, example()))
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":         {"", snapshot.ErrForeign},
		"another JSON":    {`{"name":"left-pad"}`, snapshot.ErrForeign},
		"a list":          {`[1]`, snapshot.ErrForeign},
		"a text":          {"TCP 0.0.0.0:80 LISTENING 4", snapshot.ErrForeign},
		"no facts":        {`{"berth":"snapshot","version":1}`, snapshot.ErrForeign},
		"version 0":       {`{"berth":"snapshot","version":0,"facts":{}}`, snapshot.ErrForeign},
		"a newer one":     {strings.Replace(whole, `"version": 1`, `"version": 2`, 1), snapshot.ErrNewer},
		"half of it":      {whole[:len(whole)/2], snapshot.ErrTruncated},
		"all but the end": {strings.TrimRight(whole, "\n}"), snapshot.ErrTruncated},
		"wrong inside":    {strings.Replace(whole, `"inode": 1`, `"inode": "one"`, 1), snapshot.ErrForeign},
		"broken inside":   {strings.Replace(whole, `"sockets"`, `sockets`, 1), snapshot.ErrForeign},
	} {
		if _, err := snapshot.Load(strings.NewReader(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// The twin of all of them, and of two that are well.
	for name, text := range map[string]string{"whole": whole, "with a mark": "\xef\xbb\xbf" + whole,
		"a field of later": strings.Replace(whole, `"version": 1`, `"version": 1, "later": [1]`, 1)} {
		if _, err := snapshot.Load(strings.NewReader(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error)  { return 0, f.error }
func (f failing) Write([]byte) (int, error) { return 0, f.error }

func TestBrokenStreams(t *testing.T) {
	broken := failing{errors.New("broken")}
	if _, err := snapshot.Load(broken); !errors.Is(err, broken.error) {
		t.Errorf("load: %v", err)
	}
	set := example()
	if err := snapshot.Save(broken, &set, ""); !errors.Is(err, broken.error) {
		t.Errorf("save: %v", err)
	}
}

// What is loaded can be saved and loaded again, and is then the same.
func FuzzLoad(f *testing.F) {
	whole := saved(f, example())
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"berth":"snapshot","version":1,"facts":{}}`))
	f.Add([]byte(`{"berth":"snapshot","version":1,"facts":{"sockets":[{"local":"[::ffff:1.2.3.4%a]:1"}]}}`))
	f.Add([]byte(`{"berth":"snapshot","version":1,"facts":{"machine":{"addrs":[{"prefix":"10.0.0.0/33"}]}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := snapshot.Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		once := saved(t, first)
		second, err := snapshot.Load(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("saved, it is %v", err)
		}
		if !bytes.Equal(once, saved(t, second)) {
			t.Fatal("saved again, it is another")
		}
	})
}
