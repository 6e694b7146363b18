package gather

import (
	"cmp"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/scm"
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
	id := s.set.Units[at].ID
	s.set.Units[at] = scm.Merge(s.set.Units[at], u)
	return id
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
