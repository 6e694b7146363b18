package redirect

import (
	"slices"
	"testing"

	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
)

// A table of the port proxy in a real registry, written as netsh writes it.
func TestPortProxyOfTheRegistry(t *testing.T) {
	const root = `Software\berth-redirect-test`
	const path = root + `\v4tov4\tcp`
	k, _, err := registry.CreateKey(registry.CURRENT_USER, path, registry.ALL_ACCESS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.Close()
		for _, p := range []string{path, root + `\v4tov4`, root} {
			if err := registry.DeleteKey(registry.CURRENT_USER, p); err != nil {
				t.Error(p, err)
			}
		}
	})
	if err := k.SetStringValue("0.0.0.0/8080", "172.17.0.2/80"); err != nil {
		t.Fatal(err)
	}
	if err := k.SetDWordValue("no text", 7); err != nil {
		t.Fatal(err)
	}
	got, err := textValues(registry.CURRENT_USER, path)
	if err != nil || len(got) != 1 || got["0.0.0.0/8080"] != "172.17.0.2/80" {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := textValues(registry.CURRENT_USER, root+`\none`); got != nil || err != nil {
		t.Errorf("no key: %v, %v", got, err)
	}
}

func TestDriverRuns(t *testing.T) {
	if on, err := driverRuns("no-such-driver-of-berth"); on || err != nil {
		t.Errorf("%v, %v", on, err)
	}
}

// Read answers on whatever this is, and names the port proxy's key in no gap: it is
// readable, or not there.
func TestReadHere(t *testing.T) {
	set, err := Read(t.Context(), Query{})
	if err != nil || slices.ContainsFunc(set.Gaps, func(g fact.Gap) bool {
		return g.Kind == fact.GapNotThisOS || g.Subject == `HKLM\`+portProxyKey+`\v4tov4\tcp`
	}) {
		t.Errorf("%+v, %v", set.Gaps, err)
	}
}
