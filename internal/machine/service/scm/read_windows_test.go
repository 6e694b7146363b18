package scm

import (
	"slices"
	"testing"

	"golang.org/x/sys/windows/registry"

	"github.com/berthd/berth/internal/fact"
)

func TestReadHTTP(t *testing.T) {
	s, err := Read(t.Context(), Query{Names: []string{"http"}})
	if err != nil {
		t.Fatal(err)
	}
	u := unit(t, s, HTTP)
	if u.ID != "unit:HTTP" || u.Windows.Kind != "driver" || u.Windows.StartWord() == "" || u.Active == "" || u.Description == "" || u.ExecStart == "" {
		t.Errorf("%+v %+v", u, u.Windows)
	}
	if u.Windows.CanStop == nil || u.Windows.MayChange == nil {
		t.Errorf("rights: %+v", u.Windows)
	}
	t.Logf("%+v %+v\n%q\n%+v", u, u.Windows, links(s, fact.DependsOn), s.Gaps)
}

func TestReadEverything(t *testing.T) {
	s, err := Read(t.Context(), Query{All: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Units) < 10 {
		t.Errorf("only %d services", len(s.Units))
	}
	unknown := 0
	for _, u := range s.Units {
		if u.Windows.Kind == "" || u.Active == "" {
			t.Errorf("%+v %+v", u, u.Windows)
		}
		if u.Windows.StartWord() == "" {
			unknown++
		}
	}
	if unknown > len(s.Units)/4 {
		t.Errorf("%d of %d services have no start type", unknown, len(s.Units))
	}
}

// Every service's configuration can be decoded, and says what its key says.
func TestAnswersMatchTheRegistry(t *testing.T) {
	all, err := Read(t.Context(), Query{All: true})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, u := range all.Units {
		names = append(names, u.Name)
	}
	s, err := Read(t.Context(), Query{Names: names})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range s.Units {
		if u.Load == "not-found" {
			continue
		}
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, servicesKey+`\`+u.Name, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		path, _, _ := k.GetStringValue("ImagePath")
		k.Close()
		if path != u.ExecStart && u.ExecStart != "" {
			t.Logf("%s: %q, registry %q", u.Name, u.ExecStart, path)
		}
		if u.Windows.NextStart != nil {
			t.Logf("%s: start %d, from the next boot on %d", u.Name, *u.Windows.Start, *u.Windows.NextStart)
		}
	}
	if i := slices.IndexFunc(s.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapOther }); i >= 0 {
		t.Errorf("%+v", s.Gaps[i])
	}
}

func TestTagOfNobody(t *testing.T) {
	if name, err := tagName(1, 12345); err == nil {
		t.Errorf("service %q has a tag that nobody has", name)
	} else {
		t.Log(err)
	}
}

func BenchmarkReadHTTP(b *testing.B) {
	for b.Loop() {
		if _, err := Read(b.Context(), Query{Names: []string{HTTP}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadAll(b *testing.B) {
	for b.Loop() {
		if _, err := Read(b.Context(), Query{All: true}); err != nil {
			b.Fatal(err)
		}
	}
}
