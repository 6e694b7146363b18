package httpsys

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// sample is a recorded text without our own "## " lines about its source.
func sample(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "## ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// tell says a state in one line a queue and one line a URL, as the tests compare it.
func tell(s State) []string {
	var out []string
	for i, q := range s.Queues {
		row := fmt.Sprintf("queue %d %q v%s", i, q.Name, q.Version)
		if q.Controller != 0 {
			row += fmt.Sprintf(" controller %d", q.Controller)
		}
		for _, p := range q.Processes {
			row += fmt.Sprintf(" pid %d", p.PID)
			if p.Image != "" {
				row += " " + p.Image
			}
			if len(p.Services) > 0 {
				row += fmt.Sprintf(" %v tagged %q", p.Services, p.Tagged)
			}
		}
		out = append(out, row)
	}
	for _, r := range s.Registrations {
		sure := "one of"
		if r.Certain {
			sure = "in"
		}
		out = append(out, fmt.Sprintf("%s %s %v", r.URL, sure, r.Queues))
	}
	if s.Partial {
		out = append(out, "partial")
	}
	return out
}

var recorded = map[string][]string{
	"servicestate-session-L1-en-a.txt": {
		`queue 0 "" v2.0 pid 2668`,
		`HTTP://+:80/116B50EB-ECE2-41AC-8429-9F9E963361B7/ in [0]`,
	},
	"servicestate-session-L1-en-b-two-queues.txt": {
		`queue 0 "" v2.0 pid 5492`,
		`queue 1 "" v2.0 pid 37584`,
		`HTTP://*:5357/4C2CDC17-BEFE-4441-899A-CC530F03F2DF/ one of [0 1]`,
		`HTTP://LOCALHOST:8080/ one of [0 1]`,
	},
	"servicestate-session-L1-en-iis-partial.txt": {
		`queue 0 "" v1.0 pid 3416`,
		`queue 1 "DefaultAppPool" v2.0 controller 3408`,
		`HTTP://127.0.0.1:8000:127.0.0.1/ in [1]`,
		`partial`,
	},
	"servicestate-session-L2-en-unelevated.txt": {
		`queue 0 "" v1.0 pid 1412`,
		`queue 1 "" v2.0 pid 4796`,
		`HTTP://+:5985/WSMAN/ in [0]`,
		`HTTP://+:47001/WSMAN/ in [0]`,
		`HTTP://+:8000/MONITORSERVICE/ in [1]`,
	},
	"servicestate-requestq-L1-en.txt": {
		`queue 0 "" v1.0 pid 944`,
		`queue 1 "" v2.0 pid 1344`,
		`HTTP://+:5985/WSMAN/ in [0]`,
		`HTTP://+:47001/WSMAN/ in [0]`,
		`HTTP://+:8871/ in [1]`,
	},
	"servicestate-queue-L2-en-elevated-excerpt.txt": {
		`queue 0 "" v2.0 pid 2688 C:\Windows\System32\svchost.exe [NcHostAgent] tagged "NcHostAgent"`,
		`HTTPS://+:443/HOSTAGENT/VSWITCH/ in [0]`,
	},
	"servicestate-queue-L2-en-ocr.txt": {
		`queue 0 "" v1.0 pid 3569 C:\Windows\System32\svchost.exe [WinRM] tagged "WinRM"`,
		`HTTP://+:5985/WSMAN/ in [0]`,
		`HTTP://+:47001/WSMAN/ in [0]`,
	},
	"servicestate-queue-L2-fixture-zh-dev.txt": {
		`queue 0 "" v pid 8496 [WinRM] tagged "WinRM"`,
		`queue 1 "" v2.0 pid 33704 D:\Soft\Remote Desktop Manager\RemoteDesktopManager.exe`,
		`queue 2 "" v pid 6856 [WMPNetworkSvc] tagged "WMPNetworkSvc"`,
		`HTTP://+:47001/wsman/ in [0]`,
		`HTTP://127.0.0.1:19443:127.0.0.1/ in [1]`,
		`HTTP://+:10243/WMPNSSV4/2359394386/ in [2]`,
		`HTTP://+:8100/WMPNSSDeployment/ in [2]`,
	},
}

func TestRecordedListings(t *testing.T) {
	for name, want := range recorded {
		t.Run(name, func(t *testing.T) {
			state, gaps := ParseState(sample(t, name))
			if diff := cmp.Diff(want, tell(state)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, g := range gaps {
				if g.Kind == fact.GapShape {
					t.Errorf("unknown shape: %+v", g)
				}
			}
		})
	}
}
