package filter

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/fwpuclnt"
)

// guid is a GUID in Windows' order from its text.
func guid(t *testing.T, text string) fwpuclnt.GUID {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != 16 {
		t.Fatal(text, err)
	}
	g := fwpuclnt.GUID(b)
	g[0], g[1], g[2], g[3] = b[3], b[2], b[1], b[0]
	g[4], g[5], g[6], g[7] = b[5], b[4], b[7], b[6]
	return g
}

func TestCallouts(t *testing.T) {
	bind4, bind6 := guid(t, "1247d66d-0b60-4a15-8d44-7155d0f53a0c"), guid(t, "55a650e1-5f0a-4eca-a653-88f53b26aa8c")
	move4 := guid(t, "66978cad-c704-42ac-86ac-7c1a231bd253")
	icmp := guid(t, "61499990-3cb6-4e84-b950-53b94b6964f3")
	vendor, firewall := guid(t, "6b2fa1c4-0000-4000-8000-000000000001"), guid(t, "decc16ca-3f33-4346-be1e-8fb4ae0f3d62")
	providers := []fwpuclnt.Provider{
		{Key: vendor, Name: "Example NetGuard", Service: "exnetgrd"},
		{Key: firewall, Name: "Microsoft Corporation", Description: "Microsoft Windows Defender Firewall Provider"},
	}
	rows, cut := callouts([]fwpuclnt.Callout{
		{Name: "NetGuard assign v4", Provider: vendor, Layer: bind4},
		{Name: "NetGuard redirect v4", Provider: vendor, Layer: move4},
		{Name: "NetGuard assign v6", Provider: vendor, Layer: bind6},
		{Name: "Split Tunnel Bind Redirect Callout (IPv4)", Layer: move4},
		{Name: "Split Tunnel Bind Redirect Callout (IPv6)", Layer: guid(t, "bef02c9c-606b-4536-8c26-1c2fc7b631d4")},
		{Name: "unseen provider", Provider: icmp, Layer: bind4},
		{Name: "NetGuard ping", Provider: vendor, Layer: icmp},
		{Name: "windefend_resource_assignment_v4", Layer: bind4},
		{Name: "WFP Built-in Silent Drop Transport v4 Discard Layer Callout", Layer: bind4},
		{Name: "anything", Provider: firewall, Layer: bind4},
		{Layer: bind4},
	}, providers)
	want := []fact.Filter{
		{ID: "filter:wfp:{6b2fa1c4-0000-4000-8000-000000000001}", Kind: "wfp", Name: "Example NetGuard", Provider: "Example NetGuard", Service: "exnetgrd", At: []string{"bind", "bind-redirect"}, Evidence: wfpEvidence},
		{ID: "filter:wfp:Split Tunnel Bind Redirect Callout", Kind: "wfp", Name: "Split Tunnel Bind Redirect Callout", At: []string{"bind-redirect"}, Evidence: wfpEvidence},
		{ID: "filter:wfp:unseen provider", Kind: "wfp", Name: "unseen provider", At: []string{"bind"}, Evidence: wfpEvidence},
	}
	if d := cmp.Diff(want, rows); d != "" || cut {
		t.Error(cut, d)
	}
}

func TestCalloutsAreBounded(t *testing.T) {
	bind := guid(t, "1247d66d-0b60-4a15-8d44-7155d0f53a0c")
	var list []fwpuclnt.Callout
	for i := range maxRows + 1 {
		list = append(list, fwpuclnt.Callout{Name: fmt.Sprintf("callout %d x", i), Layer: bind})
	}
	if rows, cut := callouts(list, nil); len(rows) != maxRows || !cut {
		t.Errorf("%d rows, cut %v", len(rows), cut)
	}
	if rows, cut := callouts(list[:maxRows], nil); len(rows) != maxRows || cut {
		t.Errorf("%d rows, cut %v", len(rows), cut)
	}
}

func TestLayered(t *testing.T) {
	const lsp = `C:\Program Files\Guard\guardlsp.dll`
	got := layered([]entry{
		{"MSAFD Tcpip [TCP/IP]", `%SystemRoot%\system32\mswsock.dll`, 2, 1},
		{"Guard", lsp, 2, 0},
		{"Guard over [MSAFD Tcpip [TCP/IP]]", lsp, 2, 2},
		{"Guard over [MSAFD Tcpip [TCP/IPv6]]", strings.ToUpper(lsp), 23, 2},
		{"Windows' own layer", `%SystemRoot%\System32\mswsock.dll`, 2, 2},
		{"Bluetooth", `C:\x.dll`, 32, 2},
		{"nameless", "", 2, 3},
		{"broken", lsp, 2, -1},
	})
	want := []fact.Filter{
		{ID: `filter:winsock:c:\program files\guard\guardlsp.dll`, Kind: "winsock", Name: "Guard", Path: lsp, Evidence: "Winsock catalogue"},
		{ID: "filter:winsock:nameless", Kind: "winsock", Name: "nameless", Evidence: "Winsock catalogue"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFamilyless(t *testing.T) {
	for name, want := range map[string]string{
		"aswStm_v4": "aswStm", "Connect (IPv6)": "Connect", "ALE IPv4": "ALE", " x ": "x", "v4": "v4", "": "", "server": "server",
	} {
		if got := familyless(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzFamilyless(f *testing.F) {
	f.Add("Split Tunnel Bind Redirect Callout (IPv4)")
	f.Fuzz(func(t *testing.T, name string) {
		if got := familyless(name); !strings.HasPrefix(strings.TrimSpace(name), got) {
			t.Errorf("%q: %q", name, got)
		}
	})
}
