package wsl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows/registry"
)

func TestLxss(t *testing.T) {
	const path = `Software\berth-wsl-test`
	write := func(sub string, values map[string]any) {
		k, _, err := registry.CreateKey(registry.CURRENT_USER, path+sub, registry.ALL_ACCESS)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		for name, v := range values {
			if text, ok := v.(string); ok {
				err = k.SetStringValue(name, text)
			} else {
				err = k.SetDWordValue(name, uint32(v.(int)))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() {
		for _, sub := range []string{`\` + ubuntu, `\AppxInstallerCache`, ""} {
			if err := registry.DeleteKey(registry.CURRENT_USER, path+sub); err != nil {
				t.Error(sub, err)
			}
		}
	})
	write("", map[string]any{"DefaultDistribution": ubuntu, "DefaultVersion": 2})
	write(`\`+ubuntu, map[string]any{"DistributionName": "Ubuntu", "Version": 2, "State": 1})
	write(`\AppxInstallerCache`, map[string]any{"x": 1})
	got, standard, err := lxss(registry.CURRENT_USER, path)
	if d := cmp.Diff([]entry{{ubuntu, "Ubuntu", 2}}, got, cmp.AllowUnexported(entry{})); d != "" || standard != ubuntu || err != nil {
		t.Error(d, standard, err)
	}
	if got, _, err := lxss(registry.CURRENT_USER, path+`\none`); got != nil || err != nil {
		t.Errorf("no key: %v %v", got, err)
	}
}

func TestReadHere(t *testing.T) {
	if _, err := Read(t.Context()); err != nil {
		t.Error(err)
	}
}
