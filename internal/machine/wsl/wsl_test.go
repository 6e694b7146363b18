package wsl

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

const (
	ubuntu = "{0A1B2C3D-0000-4000-8000-000000000001}"
	debian = "{0a1b2c3d-0000-4000-8000-000000000002}"
)

func machine(config string, entries ...entry) side {
	return side{
		config: func() ([]byte, string, error) {
			if config == "" {
				return nil, `C:\u\.wslconfig`, fs.ErrNotExist
			}
			return []byte(config), `C:\u\.wslconfig`, nil
		},
		installed: func() ([]entry, string, error) { return entries, ubuntu, nil },
	}
}

func TestReadOnWindows(t *testing.T) {
	got := machine("[wsl2]\nnetworkingMode=mirrored\n", entry{debian, "Debian", 2}, entry{"{x}", "", 2}, entry{ubuntu, "Ubuntu 24", 2}, entry{"{e}", "docker-desktop", 2}, entry{"{o}", "old", 1}).read()
	want := fact.Set{
		Machine: fact.Machine{Windows: &fact.WindowsNet{WSL: "mirrored", Distributions: []fact.Distribution{
			{Name: "Ubuntu 24", GUID: strings.ToLower(ubuntu), Version: 2, Default: true},
			{Name: "Debian", GUID: debian, Version: 2},
			{Name: "docker-desktop", GUID: "{e}", Version: 2},
			{Name: "old", GUID: "{o}", Version: 1},
		}}},
		Gaps: []fact.Gap{{Kind: fact.GapOtherSide, Subject: "listeners inside WSL (Ubuntu 24, Debian)", Hint: `wsl -d "Ubuntu 24" -u root -- ss -ltnp`}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReadOnWindowsTwins(t *testing.T) {
	two, one, engine := entry{ubuntu, "Ubuntu", 2}, entry{ubuntu, "Ubuntu", 1}, entry{"{e}", "docker-desktop", 2}
	for _, c := range []struct {
		name  string
		side  side
		mode  string
		other bool // what is inside is a gap
	}{
		{"no configuration", machine("", two), "nat", true},
		{"no word of the network", machine("[wsl2]\nmemory=8GB\n", two), "nat", true},
		{"virtioproxy", machine("[wsl2]\nnetworkingMode=VirtioProxy", two), "virtioproxy", true},
		{"version 1 alone", machine("[wsl2]\nnetworkingMode=mirrored", one), "", false},
		{"an engine's machine alone", machine("", engine), "nat", false},
	} {
		got := c.side.read()
		if got.Machine.Windows == nil || got.Machine.Windows.WSL != c.mode || (len(got.Gaps) == 1) != c.other {
			t.Errorf("%s: %+v %+v", c.name, got.Machine.Windows, got.Gaps)
		}
	}
	if got := machine("[wsl2]\nnetworkingMode=mirrored").read(); got.Machine.Windows != nil || len(got.Gaps) > 0 {
		t.Errorf("no WSL: %+v", got)
	}
	got := machine("[wsl2]\nnetworkingMode=bogus", two).read()
	if got.Machine.Windows.WSL != "" || len(got.Gaps) != 2 || got.Gaps[0].Kind != fact.GapShape || got.Gaps[0].Raw != "bogus" {
		t.Errorf("an unknown mode: %+v", got)
	}
	closed := machine("", two)
	closed.config = func() ([]byte, string, error) { return nil, "x", errors.New("closed") }
	if got := closed.read(); got.Machine.Windows.WSL != "" || got.Gaps[0].Err != "closed" {
		t.Errorf("a closed file is not an absent one: %+v", got)
	}
	closed.installed = func() ([]entry, string, error) { return nil, "", errors.New("closed") }
	if got := closed.read(); got.Machine.Windows != nil || len(got.Gaps) != 1 {
		t.Errorf("a closed registry is not an empty one: %+v", got)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]config{
		"": {},
		"\ufeff[WSL2]\r\nNetworkingMode = Mirrored # note\r\n":                                                  {mode: "Mirrored"},
		"[experimental]\nnetworkingMode=mirrored\n":                                                             {mode: "mirrored"},
		"[experimental]\nnetworkingMode=mirrored\n[wsl2]\nnetworkingMode=nat\n":                                 {mode: "nat"},
		"[wsl2]\n#networkingMode=mirrored\n":                                                                    {},
		"networkingMode=mirrored\n[boot]\nnetworkingMode=nat\n":                                                 {},
		"[wsl2]\nnetworkingMode\nnetworkingMode=\n":                                                             {},
		"[wsl2]\nlocalhostforwarding=false\nlocalhostForwarding=true\n[experimental]\nignoredPorts=3000,9000\n": {settings: []fact.Setting{{Name: "WSL localhostForwarding", Value: "true"}, {Name: "WSL ignoredPorts", Value: "3000,9000"}}},
	} {
		if d := cmp.Diff(want, parse([]byte(text)), cmp.AllowUnexported(config{})); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
}

// Releases as kernels print them, and what each says of a Windows around it.
func TestOutside(t *testing.T) {
	for _, c := range []struct {
		release  string
		mirrored bool
		gap, err string
	}{
		{"5.15.153.1-microsoft-standard-WSL2", false, "listeners of the Windows outside", ""},
		{"5.15.153.1-microsoft-standard-WSL2", true, "listeners of the Windows outside", "mirrored"},
		{"4.19.104-microsoft-standard", false, "listeners of the Windows outside", ""},
		{"4.4.0-19041-Microsoft", false, "listeners of the Windows outside", "WSL 1"},
		{"6.8.0-1021-azure", false, "", ""},
		{"6.1.0-18-amd64", true, "", ""},
		{"", false, "", ""},
	} {
		got := outside(c.release, c.mirrored)
		if c.gap == "" {
			if len(got.Gaps)+len(got.Machine.Settings) > 0 {
				t.Errorf("%q: %+v", c.release, got)
			}
			continue
		}
		if len(got.Gaps) != 1 || got.Gaps[0].Subject != c.gap || !strings.HasPrefix(got.Gaps[0].Err, c.err) || (got.Gaps[0].Err == "") != (c.err == "") ||
			(len(got.Machine.Settings) == 1) != c.mirrored {
			t.Errorf("%q %v: %+v", c.release, c.mirrored, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\ufeff[wsl2]\r\nnetworkingMode=mirrored # x\r\n[experimental]\nignoredPorts=3000\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := parse(data)
		if strings.ContainsAny(c.mode, "#\n") || len(c.settings) > 3 {
			t.Errorf("%q: %+v", data, c)
		}
	})
}
