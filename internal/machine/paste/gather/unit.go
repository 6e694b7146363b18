package gather

import (
	"cmp"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Unit adds a service, or fills in what the row of it lacks that another text made.
// Windows compares their names without case; the first spelling stays.
func (s *System) Unit(u fact.Unit) fact.ID {
	u.ID = fact.UnitID(u.Manager, u.Name)
	key := strings.ToLower(string(u.ID))
	if s.os != "windows" {
		key = string(u.ID)
	}
	at, had := s.units[key]
	if !had {
		if s.units == nil {
			s.units = map[string]int{}
		}
		s.units[key] = len(s.set.Units)
		s.set.Units = append(s.set.Units, u)
		return u.ID
	}
	row := &s.set.Units[at]
	for _, f := range [...]struct{ to, from *string }{
		{&row.Description, &u.Description}, {&row.Active, &u.Active}, {&row.User, &u.User}, {&row.ExecStart, &u.ExecStart},
	} {
		*f.to = cmp.Or(*f.to, *f.from)
	}
	row.MainPID = cmp.Or(row.MainPID, u.MainPID)
	fillWindows(row, u.Windows)
	return row.ID
}

func fillWindows(row *fact.Unit, from *fact.WindowsService) {
	switch {
	case from == nil:
		return
	case row.Windows == nil:
		row.Windows = from
		return
	}
	to := row.Windows
	to.Kind = cmp.Or(to.Kind, from.Kind)
	if to.Start == nil {
		to.Start = from.Start
	}
	to.Delayed, to.Triggered = to.Delayed || from.Delayed, to.Triggered || from.Triggered
	to.DependsOn, to.Dependents = union(to.DependsOn, from.DependsOn), union(to.Dependents, from.Dependents)
	if to.AcceptsStop == nil {
		to.AcceptsStop = from.AcceptsStop
	}
}

// union is a and what of b it lacks.
func union(a, b []string) []string {
	for _, s := range b {
		if !slices.ContainsFunc(a, func(t string) bool { return strings.EqualFold(s, t) }) {
			a = append(a, s)
		}
	}
	return a
}

// Details are what a listing tells of a process beside its name.
type Details struct {
	PPID int
	User string
	Args []string
}

// Describe fills in what the row of a PID lacks.
func (s *System) Describe(pid int, d Details) {
	row := s.Process(pid, "", "", "")
	row.PPID = cmp.Or(row.PPID, d.PPID)
	row.User = cmp.Or(row.User, d.User)
	if len(row.Args) == 0 {
		row.Args = d.Args
	}
}
