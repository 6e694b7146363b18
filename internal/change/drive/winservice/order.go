package winservice

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// StopOrder is the running services that depend on one, directly or by way of others
// that run, in the order in which they must stop: each before what it needs. Units
// are rows of machine/service/scm; who depends on whom is in their DependsOn and, for
// groups, in the Dependents that the manager named. Names compare without case.
// Those that run and need only what is stopped are left alone, as Windows leaves
// them. It is pure.
func StopOrder(units []fact.Unit, name string) []string {
	o := order{units: runningUnits(units), seen: map[string]bool{}}
	for i := range units {
		if strings.EqualFold(units[i].Name, name) {
			o.visit(&units[i])
			break
		}
	}
	return o.out
}

type order struct {
	units []*fact.Unit
	seen  map[string]bool
	out   []string
}

// visit puts everything that needs u behind what needs it.
func (o *order) visit(u *fact.Unit) {
	o.seen[strings.ToLower(u.Name)] = true
	for _, v := range o.units {
		if !o.seen[strings.ToLower(v.Name)] && needs(v, u) {
			o.visit(v)
			o.out = append(o.out, v.Name)
		}
	}
}

// needs tells whether v depends on u.
func needs(v, u *fact.Unit) bool {
	return named(v.Windows.DependsOn, u.Name) || u.Windows != nil && named(u.Windows.Dependents, v.Name)
}

func named(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

// runningUnits are those that do not stand still, by name.
func runningUnits(units []fact.Unit) []*fact.Unit {
	var out []*fact.Unit
	for i := range units {
		if u := &units[i]; u.Windows != nil && u.Active != "" && u.Active != "stopped" {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(a, b *fact.Unit) int {
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}
