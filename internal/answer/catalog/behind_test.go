package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told writes guesses as "entry: kind value, kind value".
func told(guesses []Guess) []string {
	var out []string
	for _, g := range guesses {
		var because []string
		for _, r := range g.Because {
			because = append(because, strings.TrimSpace(fmt.Sprintf("%s %s", r.Kind, r.Value)))
		}
		out = append(out, g.Entry.ID+": "+strings.Join(because, ", "))
	}
	return out
}

func entriesOf(guesses []Guess) []string {
	var out []string
	for _, g := range guesses {
		out = append(out, g.Entry.ID)
	}
	return out
}

func likely(port uint16, reservations, services []string) []string {
	return told(LikelyBehindHTTP(port, reservations, services))
}

var (
	cleanWindows = []string{
		"http://*:5357/", "http://+:80/Temporary_Listen_Addresses/", "https://*:5358/", "https://+:3392/rdp/", "http://+:3387/rdp/",
		"https://+:443/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/", "http://+:10246/MDEServer/", "https://+:5986/wsman/", "http://+:47001/wsman/",
		"http://+:5985/wsman/", "http://+:10247/apps/", "http://*:2869/", "https://+:10245/WMPNSSv4/", "http://+:10243/WMPNSSv4/",
	}
	branchCache = "http://+:80/116B50EB-ECE2-41ac-8429-9F9E963361B7/"
)

func TestARunningServiceWithAReservationComesFirst(t *testing.T) {
	got := likely(80, append([]string{branchCache}, cleanWindows...), []string{"RpcSs", "BITS", "Dnscache", "PeerDistSvc", "W3SVC", "WinRM", "SstpSvc"})
	want := []string{
		"branchcache: service-runs PeerDistSvc, url-reserved " + branchCache + ", uses-port " + branchCache,
		"iis: service-runs W3SVC, uses-port http://*:80/",
		"winrm: service-runs WinRM, uses-port http://+:80/wsman/",
		"wcf-callback: url-reserved http://+:80/Temporary_Listen_Addresses/, uses-port http://+:80/Temporary_Listen_Addresses/",
		"http-sys-program: any-port",
		"iis-express: any-port",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What every Windows reserves says nothing, whichever of its ports it is.
func TestAReservationOfEveryWindowsIsNoGround(t *testing.T) {
	for _, port := range []uint16{5986, 47001} {
		clean := LikelyBehindHTTP(port, cleanWindows, nil)
		none := LikelyBehindHTTP(port, nil, nil)
		if clean[0].Entry.ID != "winrm" || clean[0].weight != none[0].weight+idle {
			t.Errorf("%d: %d with, %d without", port, clean[0].weight, none[0].weight)
		}
	}
}

// The twins: one fact less each.
func TestWhatDoesNotRunIsRuledOut(t *testing.T) {
	has := func(list []string, entry string) bool {
		return strings.Contains("\n"+strings.Join(list, "\n"), "\n"+entry+":")
	}
	reservations := append([]string{branchCache}, cleanWindows...)
	for name, c := range map[string]struct {
		services []string
		entry    string
		want     bool
	}{
		"runs":                         {[]string{"rpcss", "peerdistsvc"}, "branchcache", true},
		"does not run":                 {[]string{"RpcSs", "W3SVC"}, "branchcache", false},
		"nothing at all runs":          {[]string{}, "branchcache", false},
		"nobody knows":                 {nil, "branchcache", true},
		"BITS runs":                    {[]string{"RpcSs", "BITS"}, "bits", false},
		"IIS runs":                     {[]string{"RpcSs", "W3SVC"}, "iis", true},
		"WAS alone":                    {[]string{"RpcSs", "WAS"}, "iis", false},
		"a service of another port":    {[]string{"RpcSs", "SSDPSRV"}, "windows-upnp", false},
		"a named instance":             {[]string{"RpcSs", "ReportServer$A"}, "ssrs", true},
		"the spooler holds no port 80": {[]string{"RpcSs", "Spooler"}, "print-spooler", false},
		"some program, always":         {[]string{"RpcSs", "Dnscache"}, "http-sys-program", true},
	} {
		if got := likely(80, reservations, c.services); has(got, c.entry) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWithoutServicesReservationsSpeak(t *testing.T) {
	got := likely(80, append([]string{branchCache, "http://+:80/mine/"}, cleanWindows...), nil)
	want := []string{
		"branchcache: url-reserved " + branchCache + ", uses-port " + branchCache,
		"http-sys-program: url-reserved http://+:80/mine/, any-port",
		"iis: uses-port http://*:80/",
	}
	if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
		t.Error(diff)
	}
}

func TestWithNothingKnownTheUsualOnes(t *testing.T) {
	for port, want := range map[uint16]string{
		80: "iis", 443: "iis", 5985: "winrm", 47001: "winrm", 5357: "wsd", 2869: "windows-upnp", 8530: "wsus", 8172: "iis-remote-management",
		10243: "media-sharing", 10246: "media-delivery", 3387: "rdp-http", 6516: "windows-admin-center", 32843: "sharepoint",
	} {
		got := LikelyBehindHTTP(port, nil, nil)
		if len(got) == 0 || got[0].Entry.ID != want || got[0].Because[0].Kind != UsesPort {
			t.Errorf("%d: %v", port, told(got))
		}
	}
	if diff := cmp.Diff([]string{"iis", "branchcache", "ssrs", "web-deploy"}, entriesOf(LikelyBehindHTTP(80, nil, nil))[:4]); diff != "" {
		t.Error(diff)
	}
	got := likely(12345, nil, nil)
	for _, g := range got {
		if !strings.HasSuffix(g, ": any-port") {
			t.Errorf("12345: %s", g)
		}
	}
	if len(got) == 0 || !strings.HasPrefix(got[0], "iis:") {
		t.Error("12345: IIS is not the first that may have been told to take it:", got)
	}
}

// A known path on a port of somebody's choice.
func TestAPathTellsOnAnotherPort(t *testing.T) {
	got := likely(8081, []string{"http://+:8081/ReportServer/", "http://+:80/Temporary_Listen_Addresses/"}, []string{"SQLServerReportingServices"})
	if len(got) == 0 || got[0] != "ssrs: service-runs SQLServerReportingServices, url-reserved http://+:8081/ReportServer/" {
		t.Errorf("%v", got)
	}
	// The root of another port is nobody's that the catalog knows.
	got = likely(8096, []string{"http://*:8096/"}, nil)
	if len(got) == 0 || got[0] != "http-sys-program: url-reserved http://*:8096/, any-port" {
		t.Errorf("%v", got)
	}
}

func TestPrintersAndDevicesShareAPort(t *testing.T) {
	got := likely(5357, cleanWindows, []string{"FDResPub", "Spooler"})
	want := []string{
		"wsd: service-runs FDResPub, url-reserved http://*:5357/, uses-port http://*:5357/",
		"print-spooler: service-runs Spooler, uses-port http://*:5357/*",
	}
	if len(got) < 2 {
		t.Fatalf("%v", got)
	}
	if diff := cmp.Diff(want, got[:2]); diff != "" {
		t.Error(diff)
	}
}

func TestTheEntryOfAnyProgramIsThere(t *testing.T) {
	if _, ok := ByID(AnyProgram); !ok {
		t.Errorf("no entry %s", AnyProgram)
	}
}

func BenchmarkLikelyBehindHTTP(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		LikelyBehindHTTP(80, cleanWindows, []string{"BITS", "PeerDistSvc", "W3SVC"})
	}
}
