package portrange

import (
	"slices"
	"testing"

	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
)

// The names of values are read from a real registry; a key that is not there has none.
func TestValueNames(t *testing.T) {
	const path = `Software\berth-portrange-test`
	k, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	defer registry.DeleteKey(registry.CURRENT_USER, path)
	defer k.Close()
	if names, err := valueNames(registry.CURRENT_USER, path); err != nil || len(names) > 0 {
		t.Errorf("an empty key: %q, %v", names, err)
	}
	for _, name := range []string{"cc570100", "1f900100"} {
		if err := k.SetBinaryValue(name, []byte{0x12, 0, 0xff, 0xff}); err != nil {
			t.Fatal(err)
		}
	}
	names, err := valueNames(registry.CURRENT_USER, path)
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{"1f900100", "cc570100"}) {
		t.Errorf("%q, %v", names, err)
	}
	if names, err := valueNames(registry.CURRENT_USER, path+`\none`); err != nil || names != nil {
		t.Errorf("no key: %q, %v", names, err)
	}
}

// Read answers on whatever this is: ranges, or why there are none.
func TestReadHere(t *testing.T) {
	set, err := Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dynamic := slices.ContainsFunc(set.Ranges, func(r fact.Range) bool { return r.Kind == fact.Ephemeral })
	said := slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool { return g.Subject == "netsh interface ipv4 show dynamicport tcp" })
	if dynamic == said {
		t.Errorf("dynamic range %v, gap %v: %+v", dynamic, said, set)
	}
}
