package ruling

import (
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/answer/judge/known"
	"github.com/berthd/berth/internal/fact"
)

// Itoa is a number in decimal.
func Itoa(n int) string { return strconv.Itoa(n) }

// Machine answers what a verdict asks of the facts.
type Machine struct {
	Set   *fact.Set
	Ports []uint16              // that somebody wants
	units map[string]*fact.Unit // by name and display name in lower case
	row   map[fact.ID]*fact.Unit
	procs map[fact.ID]*fact.Process
	from  map[fact.ID][]fact.Link
}

// NewMachine indexes set, which may be nil and must not change while it is in use.
func NewMachine(set *fact.Set, ports []uint16) *Machine {
	if set == nil {
		set = &fact.Set{}
	}
	m := &Machine{Set: set, Ports: ports, units: map[string]*fact.Unit{}, row: map[fact.ID]*fact.Unit{}, procs: map[fact.ID]*fact.Process{}, from: map[fact.ID][]fact.Link{}}
	for i := range set.Units {
		u := &set.Units[i]
		m.row[u.ID] = u
		if d := strings.ToLower(u.Description); d != "" && m.units[d] == nil {
			m.units[d] = u
		}
	}
	for i := range set.Units { // names win over display names
		u := &set.Units[i]
		m.units[strings.ToLower(u.Name)] = u
	}
	for i := range set.Processes {
		m.procs[set.Processes[i].ID] = &set.Processes[i]
	}
	for _, l := range set.Links {
		m.from[l.From] = append(m.from[l.From], l)
	}
	return m
}

// Unit finds a service or unit by any of the names a command may use.
func (m *Machine) Unit(name string) *fact.Unit {
	name = strings.ToLower(strings.Trim(name, `"'`))
	if u := m.units[name]; u != nil {
		return u
	}
	return m.units[name+".service"]
}

// Runs tells whether a unit runs; ok is false where nothing says so.
func (m *Machine) Runs(u *fact.Unit) (running, ok bool) {
	switch u.Active {
	case "running", "active", "starting", "activating", "reloading", "stopping", "paused":
		return true, true
	case "stopped", "inactive", "failed":
		return false, true
	}
	for _, l := range m.Set.Links {
		if (l.Kind == fact.PartOf || l.Kind == fact.MainOf) && l.To == u.ID {
			return true, true
		}
	}
	return false, false
}

// UnitRow returns the unit with an ID, or nil.
func (m *Machine) UnitRow(id fact.ID) *fact.Unit { return m.row[id] }

// Process returns the process with an ID, or nil.
func (m *Machine) Process(id fact.ID) *fact.Process { return m.procs[id] }

// Links returns the links that start at a row.
func (m *Machine) Links(id fact.ID) []fact.Link { return m.from[id] }

// Dependents are the services that need u to run, those that need them included.
// told is false where the set does not tell who depends on whom.
func (m *Machine) Dependents(u *fact.Unit) (all []*fact.Unit, told bool) {
	needs := map[string][]*fact.Unit{}
	for i := range m.Set.Units {
		d := &m.Set.Units[i]
		for _, n := range m.dependsOn(d) {
			told = true
			needs[strings.ToLower(n)] = append(needs[strings.ToLower(n)], d)
		}
		if d.Windows != nil {
			for _, n := range d.Windows.Dependents {
				told = true
				if e := m.Unit(n); e != nil {
					needs[strings.ToLower(d.Name)] = append(needs[strings.ToLower(d.Name)], e)
				}
			}
		}
	}
	queue := []*fact.Unit{u}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		for _, d := range needs[strings.ToLower(next.Name)] {
			if d != u && !slices.Contains(all, d) {
				all, queue = append(all, d), append(queue, d)
			}
		}
	}
	return all, told
}

func (m *Machine) dependsOn(u *fact.Unit) []string {
	var out []string
	if u.Windows != nil {
		out = append(out, u.Windows.DependsOn...)
	}
	for _, l := range m.from[u.ID] {
		if to := m.row[l.To]; l.Kind == fact.DependsOn && to != nil {
			out = append(out, to.Name)
		}
	}
	return out
}

// Running are those of units that run.
func (m *Machine) Running(units []*fact.Unit) []*fact.Unit {
	return slices.DeleteFunc(slices.Clone(units), func(u *fact.Unit) bool { on, _ := m.Runs(u); return !on })
}

// IDs are the IDs of units.
func IDs(units []*fact.Unit) []fact.ID {
	var out []fact.ID
	for _, u := range units {
		out = append(out, u.ID)
	}
	return out
}

// Listed tells whether the set has the services of the machine, rather than a few.
func (m *Machine) Listed() bool {
	n := 0
	for i := range m.Set.Units {
		if m.Set.Units[i].Windows != nil {
			n++
		}
	}
	return n >= 20
}

// Serving are the sockets that take traffic on a port.
func (m *Machine) Serving(port uint16) []*fact.Socket {
	var out []*fact.Socket
	for i := range m.Set.Sockets {
		s := &m.Set.Sockets[i]
		if s.Local.Port() == port && s.State.Serves() && s.Netns == "" {
			out = append(out, s)
		}
	}
	return out
}

// Behind follows the links from a socket to all that stands behind it.
func (m *Machine) Behind(s *fact.Socket) map[fact.ID]bool {
	seen := map[fact.ID]bool{}
	queue := []fact.ID{s.ID}
	if s.PID != 0 {
		for i := range m.Set.Processes {
			if m.Set.Processes[i].PID == s.PID {
				queue = append(queue, m.Set.Processes[i].ID)
			}
		}
	}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		for _, l := range m.from[id] {
			switch l.Kind {
			case fact.ChildOf, fact.DependsOn, fact.InNetns, fact.AdoptedBy, fact.OfSession:
			default:
				queue = append(queue, l.To)
			}
		}
	}
	return seen
}

// KernelHTTP tells whether a socket is the kernel's HTTP listener's.
func (m *Machine) KernelHTTP(s *fact.Socket) bool {
	port := s.Local.Port()
	return m.Set.Machine.OS == "windows" && s.PID == 4 && s.Proto == fact.TCP && port != 445 && port != 139
}

// KernelPort tells whether the kernel's HTTP listener has a port.
func (m *Machine) KernelPort(port uint16) bool {
	return slices.ContainsFunc(m.Serving(port), m.KernelHTTP)
}

// Ends names what a socket leads to, the most useful rows first: units, containers,
// else processes.
func (m *Machine) Ends(s *fact.Socket) []fact.ID {
	var units, others []fact.ID
	for id := range m.Behind(s) {
		switch {
		case m.row[id] != nil, strings.HasPrefix(string(id), "container:"):
			units = append(units, id)
		case m.procs[id] != nil && m.procs[id].PID != 4:
			others = append(others, id)
		}
	}
	if len(units) == 0 {
		units = others
	}
	slices.Sort(units)
	return units
}

// Frees says whether taking away the rows that is holds of makes the wanted port
// free: yes, no, or "" where the facts do not tell.
func (r *Ruling) Frees(is func(id fact.ID) bool) (answer string) {
	for _, port := range r.Ports {
		socks := r.Serving(port)
		switch {
		case len(socks) == 0 && len(r.Set.Sockets) == 0:
			continue
		case len(socks) == 0:
			r.Note(NobodyHolds, "port", Itoa(int(port)))
			answer = "no"
			continue
		}
		switch hit, others := r.Held(socks, is); {
		case hit:
			r.Note(FreesPort, "port", Itoa(int(port)))
			return "yes"
		case len(others) > 0:
			r.About(NotTheHolder, others, "port", Itoa(int(port)))
			answer = "no"
		case r.KernelHTTP(socks[0]):
			r.Note(HolderUnknown, "port", Itoa(int(port)))
		}
	}
	return answer
}

// Held tells whether one of the sockets leads to a row that is, and what they lead to
// otherwise.
func (r *Ruling) Held(socks []*fact.Socket, is func(id fact.ID) bool) (hit bool, others []fact.ID) {
	for _, s := range socks {
		for id := range r.Behind(s) {
			hit = hit || is(id)
		}
		for _, id := range r.Ends(s) {
			if !slices.Contains(others, id) {
				others = append(others, id)
			}
		}
	}
	return hit, others
}

// FreesPort is [Ruling.Frees] for one row; a command that frees nothing is said to.
func (r *Ruling) FreesPort(row fact.ID) {
	if r.Frees(func(id fact.ID) bool { return id == row }) == "no" && r.V.Class == known.Sound {
		r.V.Class = known.NoPort
	}
}
