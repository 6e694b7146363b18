package winservice

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

func unit(name, active string, on ...string) fact.Unit {
	return fact.Unit{ID: fact.UnitID("scm", name), Name: name, Manager: "scm", Active: active, Windows: &fact.WindowsService{DependsOn: on}}
}

func TestStopOrder(t *testing.T) {
	http := unit("HTTP", "running")
	for name, c := range map[string]struct {
		units []fact.Unit
		want  []string
	}{
		"nobody":         {[]fact.Unit{http, unit("Aside", "running")}, nil},
		"by name":        {[]fact.Unit{http, unit("w", "running", "http"), unit("A", "paused", "HTTP")}, []string{"A", "w"}},
		"stopped":        {[]fact.Unit{http, unit("A", "stopped", "HTTP"), unit("B", "", "HTTP")}, nil},
		"deepest first":  {[]fact.Unit{http, unit("A", "running", "HTTP"), unit("B", "running", "A"), unit("C", "running", "B")}, []string{"C", "B", "A"}},
		"a diamond":      {[]fact.Unit{http, unit("A", "running", "HTTP"), unit("B", "running", "HTTP"), unit("C", "running", "A", "B")}, []string{"C", "A", "B"}},
		"across another": {[]fact.Unit{http, unit("Z", "running", "HTTP"), unit("A", "running", "HTTP", "Z")}, []string{"A", "Z"}},
		"a ring":         {[]fact.Unit{http, unit("A", "running", "HTTP", "B"), unit("B", "running", "A")}, []string{"B", "A"}},
		"itself":         {[]fact.Unit{unit("HTTP", "running", "HTTP")}, nil},
		"over a stopped": {[]fact.Unit{http, unit("A", "stopped", "HTTP"), unit("B", "running", "A")}, nil},
		"stopping":       {[]fact.Unit{http, unit("A", "stopping", "HTTP")}, []string{"A"}},
		"not there":      {[]fact.Unit{unit("A", "running", "HTTP")}, nil},
	} {
		if d := cmp.Diff(c.want, StopOrder(c.units, "http")); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// A dependent by way of a group is in no list but the manager's.
func TestStopOrderByGroup(t *testing.T) {
	http := unit("HTTP", "running")
	units := []fact.Unit{http, unit("A", "running", "+Net"), {Name: "other", Active: "running"}}
	if got := StopOrder(units, "HTTP"); got != nil {
		t.Error(got)
	}
	units[0].Windows.Dependents = []string{"a"}
	if d := cmp.Diff([]string{"A"}, StopOrder(units, "HTTP")); d != "" {
		t.Error(d)
	}
}
