package forward

import (
	"testing"

	"github.com/berthd/berth/internal/fact"
)

func TestNamed(t *testing.T) {
	ubuntu := fact.Distribution{Name: "Ubuntu", GUID: "{0a1b2c3d-0000-4000-8000-000000000001}", Version: 2}
	debian := fact.Distribution{Name: "Debian", GUID: "{0a1b2c3d-0000-4000-8000-000000000002}", Version: 2}
	old := fact.Distribution{Name: "Old", GUID: "{0a1b2c3d-0000-4000-8000-000000000003}", Version: 1}
	relay := Forward{Kind: "wsl", Mode: "relay"}
	to := func(guid string) Forward { f := relay; f.Host = guid; return f }
	for _, c := range []struct {
		name string
		f    Forward
		list []fact.Distribution
		want string
	}{
		{"by GUID", to(debian.GUID), []fact.Distribution{ubuntu, debian}, "Debian"},
		{"by GUID in capitals", to("{0A1B2C3D-0000-4000-8000-000000000002}"), []fact.Distribution{ubuntu, debian}, "Debian"},
		{"the only one", relay, []fact.Distribution{old, ubuntu}, "Ubuntu"},
		{"one of two", relay, []fact.Distribution{ubuntu, debian}, ""},
		{"only of version 1", relay, []fact.Distribution{old}, ""},
		{"an unknown GUID stays", to("{x}"), []fact.Distribution{ubuntu}, "{x}"},
		{"nothing known", to(debian.GUID), nil, debian.GUID},
		{"no relay", Forward{Kind: "wsl", Mode: "debugger"}, []fact.Distribution{ubuntu}, ""},
		{"another kind", Forward{Kind: "docker"}, []fact.Distribution{ubuntu}, ""},
	} {
		if got := c.f.Named(&fact.WindowsNet{Distributions: c.list}); got.Host != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.Host, c.want)
		}
	}
	if got := to("{x}").Named(nil); got.Host != "{x}" {
		t.Error(got)
	}
}

// A process whose path nobody may read is known by its image name.
func TestImageNameAlone(t *testing.T) {
	for name, kind := range map[string]string{"wslrelay.exe": "wsl", "com.docker.backend.exe": "docker", "node.exe": ""} {
		if f, ok := Target(fact.Process{Name: name}); f.Kind != kind || ok != (kind != "") {
			t.Errorf("%s: %+v %v", name, f, ok)
		}
	}
}
