package scm

import (
	"context"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// details asks the manager about the wanted services, and finds what they depend
// on and what depends on them.
func (r *reading) details(ctx context.Context, kernel bool) error {
	if len(r.wanted) == 0 {
		return ctx.Err()
	}
	above, err := r.graph()
	if err != nil {
		r.gap("dependents of services", err, "")
	}
	named := slices.Clone(r.wanted)
	for _, key := range named {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.ask(key)
		r.dependencies(key)
		r.allDependents(key, above)
	}
	if kernel {
		for _, key := range closure(strings.ToLower(HTTP), above) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !slices.Contains(named, key) {
				r.ask(key)
				r.dependencies(key)
			}
		}
	}
	return nil
}

// ask fills a row with what the manager says of it, which counts before what the
// registry does.
func (r *reading) ask(key string) {
	s, there := r.services[key]
	if !there {
		return
	}
	u := r.row(key)
	a, err := r.answer(s.name)
	if err != nil {
		r.gap("configuration of service "+s.name, err, u.ID)
	} else {
		r.configured(u, a)
	}
	w := u.Windows
	w.CanStop, w.MayChange = r.right(s.name, rightStop, u.ID), r.right(s.name, rightChange, u.ID)
}

func (r *reading) configured(u *fact.Unit, a answer) {
	w := u.Windows
	u.Evidence += ", " + byConfig
	u.ExecStart, u.Restart = a.path, a.restart
	if !driver(a.kind) {
		u.User = a.account
	}
	if w.Start != nil && *w.Start != a.start {
		w.NextStart = w.Start
	}
	w.Start = &a.start
	if a.delayed != nil {
		w.Delayed = *a.delayed
	}
	if a.triggered != nil {
		w.Triggered = *a.triggered
	}
	for _, d := range a.depends {
		if !containsFold(w.DependsOn, d) {
			w.DependsOn = append(slices.Clip(w.DependsOn), d)
		}
	}
}

func (r *reading) right(name string, right uint32, about fact.ID) *bool {
	may, err := r.may(name, right)
	if err != nil {
		r.gap("rights to service "+name, err, about)
		return nil
	}
	return &may
}

// graph is who depends on each service, by the registry: lower-case names.
func (r *reading) graph() (map[string][]string, error) {
	all, err := r.dependsOn()
	above := map[string][]string{}
	for name, on := range all {
		key := strings.ToLower(name)
		if _, there := r.services[key]; !there {
			continue // a key that is no service, or one that is deleted
		}
		for _, d := range on {
			d = strings.ToLower(d)
			above[d] = append(above[d], key)
		}
	}
	for _, names := range above {
		slices.Sort(names)
	}
	return above, err
}

// closure is everything that depends on key, directly or not.
func closure(key string, above map[string][]string) []string {
	seen := map[string]bool{key: true}
	var all []string
	for todo := []string{key}; len(todo) > 0; todo = todo[1:] {
		for _, up := range above[todo[0]] {
			if !seen[up] {
				seen[up] = true
				all, todo = append(all, up), append(todo, up)
			}
		}
	}
	return all
}

// dependencies links a service to those that must run before it.
func (r *reading) dependencies(key string) {
	u := r.row(key)
	id, on := u.ID, u.Windows.DependsOn
	for _, d := range on {
		if strings.HasPrefix(d, "+") {
			continue // a group: any of its members
		}
		to := strings.ToLower(d)
		r.spelled[to] = d
		r.depend(id, r.row(to).ID, byDepend, "")
	}
}

// depend links a service to what it depends on, once: where the manager was asked
// too, with what it said.
func (r *reading) depend(from, to fact.ID, evidence, note string) {
	l := fact.Link{From: from, To: to, Kind: fact.DependsOn, Evidence: evidence, Note: note}
	if at, have := r.depends[[2]fact.ID{from, to}]; have {
		if evidence != byDepend || note != "" {
			r.set.Links[at] = l
		}
		return
	}
	r.depends[[2]fact.ID{from, to}] = len(r.set.Links)
	r.set.Links = append(r.set.Links, l)
}

// allDependents makes rows of everything that depends on a service, links them to
// what they depend on, and compares the registry's word with the manager's.
func (r *reading) allDependents(key string, above map[string][]string) {
	s := r.services[key]
	named, err := r.dependents(s.name)
	if err != nil {
		r.gap("dependents of service "+s.name, err, r.id(key))
	}
	slices.SortFunc(named, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	r.row(key).Windows.Dependents = named
	computed := closure(key, above)
	for _, at := range append([]string{key}, computed...) {
		for _, up := range above[at] {
			evidence, note := byDepend+", "+byDependents, ""
			if !containsFold(named, up) {
				evidence, note = byDepend, byDependents+" does not name it"
			}
			r.depend(r.row(up).ID, r.row(at).ID, evidence, note)
		}
	}
	for _, name := range named {
		if up := strings.ToLower(name); !slices.Contains(computed, up) {
			r.spelled[up] = name
			r.depend(r.row(up).ID, r.id(key), byDependents, byDepend+" does not name it: it depends by way of a group")
		}
	}
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(t string) bool { return strings.EqualFold(s, t) })
}
