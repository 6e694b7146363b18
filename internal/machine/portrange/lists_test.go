package portrange

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/netsh"
)

const (
	nsiTCP = `SYSTEM\CurrentControlSet\Control\Nsi\{eb004a03-9b1a-11d4-9123-0050047759bc}\29`
	nsiUDP = `SYSTEM\CurrentControlSet\Control\Nsi\{eb004a02-9b1a-11d4-9123-0050047759bc}\5`
)

// fake is a Windows of two texts: every list of excluded ranges is the first, every
// dynamic range the second. but replaces single ones.
func fake(excluded, dynamic string, but map[netsh.Show]string, keys map[string][]string) windows {
	return windows{
		show: func(_ context.Context, s netsh.Show) (string, *fact.Gap) {
			text, ok := but[s]
			switch {
			case ok:
			case s >= netsh.DynamicTCP4:
				text = dynamic
			default:
				text = excluded
			}
			if text == "" {
				return "", &fact.Gap{Kind: fact.GapCommand, Subject: s.String(), Err: "it printed nothing"}
			}
			return text, nil
		},
		names: func(path string) ([]string, error) {
			if keys == nil {
				return nil, errors.New("access denied")
			}
			return keys[path], nil
		},
	}
}

const (
	head       = "\r\nProtocol tcp Port Exclusion Ranges\r\n\r\nStart Port    End Port      \r\n----------    --------      \r\n"
	foot       = "\r\n* - Administered port exclusions.\r\n\r\n"
	udpHead    = "\r\nProtocol udp Port Exclusion Ranges\r\n\r\nStart Port    End Port      \r\n----------    --------      \r\n"
	dynamicTCP = "\r\nProtocol tcp Dynamic Port Range\r\n---------------------------------\r\nStart Port      : 49152\r\nNumber of Ports : 16384\r\n\r\n"
)

func TestReadWindows(t *testing.T) {
	w := fake("", dynamicTCP, map[netsh.Show]string{
		netsh.ExcludedTCP4: head + "      5357        5357      \r\n     49711       49810      \r\n     50000       50059     *\r\n     52311       52311     *\r\n" + foot,
		netsh.ExcludedTCP6: head + "      5357        5357      \r\n     49711       49810      \r\n     50000       50059     *\r\n     52311       52311     *\r\n" + foot,
		netsh.ExcludedUDP4: udpHead + foot,
		netsh.ExcludedUDP6: udpHead + "     60000       60099      \r\n" + foot,
		netsh.DynamicUDP4:  "\r\nProtocol udp Dynamic Port Range\r\n---\r\nStart Port      : 1025\r\nNumber of Ports : 1000\r\n",
		netsh.DynamicUDP6:  "\r\nNo title\r\nStart Port      : 1025\r\nNumber of Ports : 1000\r\n",
	}, map[string][]string{nsiTCP: {"cc570100", "1f900100", "junk"}, nsiUDP: {"cc580200"}})
	got := w.read(t.Context())
	const tcp, udp6 = "netsh interface ipv4 show excludedportrange protocol=tcp", "netsh interface ipv6 show excludedportrange protocol=udp"
	want := fact.Set{Ranges: []fact.Range{
		{Kind: fact.Excluded, Proto: "tcp", From: 5357, To: 5357, Evidence: tcp},
		{Kind: fact.Excluded, Proto: "tcp", From: 49711, To: 49810, Evidence: tcp},
		{Kind: fact.Excluded, Proto: "tcp", From: 50000, To: 50059, Administered: true, Evidence: tcp},
		{Kind: fact.Excluded, Proto: "tcp", From: 52311, To: 52311, Administered: true, Name: fact.RangePersistent, Evidence: tcp},
		{Kind: fact.Excluded, Proto: "udp", Family: "ipv6", From: 60000, To: 60099, Evidence: udp6},
		{Kind: fact.Ephemeral, Proto: "tcp", From: 49152, To: 65535, Evidence: "netsh interface ipv4 show dynamicport tcp"},
		{Kind: fact.Ephemeral, Proto: "udp", From: 1025, To: 2024, Evidence: "netsh interface ipv4 show dynamicport udp"},
		{Kind: fact.Excluded, Proto: "tcp", From: 8080, To: 8080, Administered: true, Name: fact.RangeNextBoot, Evidence: `registry HKLM\` + nsiTCP},
		{Kind: fact.Excluded, Proto: "udp", From: 52312, To: 52313, Administered: true, Name: fact.RangeNextBoot, Evidence: `registry HKLM\` + nsiUDP},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// netsh says nothing, as under Wine: what the registry keeps still stands, and
// nothing is said about the next boot.
func TestReadWindowsWithoutNetsh(t *testing.T) {
	got := fake("", "", nil, map[string][]string{nsiTCP: {"cc570100"}}).read(t.Context())
	want := []fact.Range{{Kind: fact.Excluded, Proto: "tcp", From: 52311, To: 52311, Administered: true, Name: fact.RangePersistent, Evidence: `registry HKLM\` + nsiTCP}}
	if d := cmp.Diff(want, got.Ranges); d != "" {
		t.Error(d)
	}
	var subjects []string
	for _, g := range got.Gaps {
		if g.Kind != fact.GapCommand {
			t.Errorf("%+v", g)
		}
		subjects = append(subjects, g.Subject)
	}
	if want := []string{netsh.ExcludedTCP4.String(), netsh.ExcludedUDP4.String(), netsh.DynamicTCP4.String(), netsh.DynamicUDP4.String()}; !slices.Equal(subjects, want) {
		t.Errorf("gaps %q, want %q: one for both families", subjects, want)
	}
}

// A text of unknown shape is kept whole, a closed key is a gap, and neither is "none".
func TestReadWindowsSaysWhatItCouldNotRead(t *testing.T) {
	got := fake("Der Vorgang wurde abgebrochen.\r\n", dynamicTCP, nil, nil).read(t.Context())
	kinds := map[fact.GapKind]int{}
	for _, g := range got.Gaps {
		kinds[g.Kind]++
		if g.Kind == fact.GapShape && g.Raw != "Der Vorgang wurde abgebrochen.\r\n" {
			t.Errorf("%+v", g)
		}
	}
	if want := map[fact.GapKind]int{fact.GapShape: 4, fact.GapOther: 2}; !cmp.Equal(kinds, want) {
		t.Errorf("gaps %v, want %v", kinds, want)
	}
	got = fake(head+foot, dynamicTCP, nil, map[string][]string{}).read(t.Context())
	if len(got.Gaps) > 0 || len(got.Ranges) != 1 { // the dynamic range
		t.Errorf("%+v", got)
	}
}

func TestDecodeValueNames(t *testing.T) {
	s := stores()[0]
	for name, want := range map[string][2]uint16{
		"cc570100": {52311, 52311}, "C3503C00": {50000, 50059}, "ffff0100": {65535, 65535}, "00010001": {1, 256},
		"": {}, "cc57": {}, "cc5701000": {}, "cc57010000": {}, "00000100": {}, "cc570000": {}, "ffff0200": {}, "zz570100": {}, "(Default)": {},
	} {
		r, ok := s.decode(name)
		if got := [2]uint16{r.From, r.To}; got != want || ok != (want[0] != 0) {
			t.Errorf("%q: %v %v, want %v", name, got, ok, want)
		}
	}
}

func FuzzDecodeValueName(f *testing.F) {
	f.Add("cc570100")
	f.Fuzz(func(t *testing.T, name string) {
		if r, ok := stores()[0].decode(name); ok && (r.From == 0 || r.From > r.To) {
			t.Errorf("%q: %+v", name, r)
		}
	})
}
