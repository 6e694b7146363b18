package httpsys

import (
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// Facts turns a listing into rows and links: queues, sessions, URL groups,
// registrations, bare rows of the processes and services that the listing names,
// and who serves what.
// A registration whose queue is one of several gets a one-of link to each of
// them and a gap with the command that would tell. evidence says where a line
// of the listing was read.
func (s State) Facts(evidence func(line int) string) fact.Set {
	b := builder{state: s, evidence: evidence, ids: make([]fact.ID, len(s.Queues)), taken: map[fact.ID]int{}, rows: map[fact.ID]int{}}
	for i := range s.Queues {
		b.queue(i)
	}
	for _, ss := range s.Sessions {
		b.session(ss)
	}
	for _, g := range s.Groups {
		b.group(g)
	}
	for _, r := range s.Registrations {
		b.registration(r)
	}
	if whole := len(s.Queues)+len(s.Groups) > 0 && !s.Partial; whole {
		b.set.Machine.Windows = &fact.WindowsNet{Registrations: true}
	}
	return b.set
}

type builder struct {
	state    State
	evidence func(line int) string
	set      fact.Set
	ids      []fact.ID       // of each queue
	taken    map[fact.ID]int // how often an ID was asked for
	rows     map[fact.ID]int // where a process, unit, session or group stands
}

// once tells whether a row is met for the first time.
func (b *builder) once(id fact.ID, at int) bool {
	if _, had := b.rows[id]; had {
		return false
	}
	b.rows[id] = at
	return true
}

func (b *builder) session(s Session) {
	if id := fact.HTTPSessionID(s.ID); b.once(id, len(b.set.Sessions)) {
		b.set.Sessions = append(b.set.Sessions, fact.HTTPSession{ID: id, Hex: s.ID, Version: s.Version, Evidence: b.evidence(s.Line)})
	}
}

// group adds a URL group, unless its header was cut off.
func (b *builder) group(g Group) {
	id := fact.URLGroupID(g.ID)
	if g.ID == "" || !b.once(id, len(b.set.URLGroups)) {
		return
	}
	b.set.URLGroups = append(b.set.URLGroups, fact.URLGroup{ID: id, Hex: g.ID, Evidence: b.evidence(g.Line)})
	if g.session > 0 {
		b.link(id, fact.HTTPSessionID(b.state.Sessions[g.session-1].ID), fact.OfSession, g.Line, "")
	}
	if g.bound >= 0 {
		b.link(id, b.ids[g.bound], fact.BoundTo, g.Line, "")
	}
}

func (b *builder) queue(i int) {
	q := b.state.Queues[i]
	row := fact.Queue{ID: b.queueID(q), Name: q.Name, Version: q.Version, Controller: q.Controller, Evidence: b.evidence(q.Line)}
	b.ids[i] = row.ID
	for _, p := range q.Processes {
		row.PIDs = append(row.PIDs, p.PID)
		pid := strconv.Itoa(p.PID)
		if p.Image != "" {
			put(&row.Images, pid, p.Image)
		}
		if len(p.Services) > 0 {
			put(&row.Services, pid, p.Services)
		}
		b.process(row.ID, p)
	}
	b.set.Queues = append(b.set.Queues, row)
	if q.Controller != 0 {
		b.link(row.ID, b.addProcess(q.Controller, "", q.Line), fact.ServedBy, q.Line, "controller")
	}
}

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}

// queueID names a queue so that both views of one machine agree: by name, else
// by its processes.
func (b *builder) queueID(q Queue) fact.ID {
	told := "none"
	if len(q.Processes) > 0 {
		told = strconv.Itoa(q.Processes[0].PID)
	}
	id := fact.QueueID(q.Name, told)
	b.taken[id]++
	if n := b.taken[id]; n > 1 {
		id = fact.QueueID("", told+"."+strconv.Itoa(n))
	}
	return id
}

func (b *builder) process(queue fact.ID, p Process) {
	id := b.addProcess(p.PID, p.Image, p.Line)
	b.link(queue, id, fact.ServedBy, p.Line, "")
	for _, name := range p.Services {
		unit := fact.UnitID("scm", name)
		b.addUnit(unit, name, p.Line)
		b.link(id, unit, fact.PartOf, p.Line, "")
		if name == p.Tagged {
			b.link(queue, unit, fact.ServedBy, p.Line, "tagged")
		}
	}
}

func (b *builder) addProcess(pid int, image string, line int) fact.ID {
	id := fact.ProcessID(pid, 0)
	at, had := b.rows[id]
	if !had {
		b.rows[id], at = len(b.set.Processes), len(b.set.Processes)
		b.set.Processes = append(b.set.Processes, fact.Process{ID: id, PID: pid, Evidence: b.evidence(line)})
	}
	if row := &b.set.Processes[at]; row.Exe == "" {
		row.Name, row.Exe, row.Kernel = baseName(image), image, KernelHolder(pid, image)
	}
	return id
}

func (b *builder) addUnit(id fact.ID, name string, line int) {
	if b.once(id, len(b.set.Units)) {
		b.set.Units = append(b.set.Units, fact.Unit{ID: id, Manager: "scm", Name: name, Evidence: b.evidence(line)})
	}
}

func (b *builder) link(from, to fact.ID, kind fact.LinkKind, line int, note string) {
	b.set.Links = append(b.set.Links, fact.Link{From: from, To: to, Kind: kind, Evidence: b.evidence(line), Note: note})
}

// maxCandidates bounds the one-of links of one URL; past it only the gap says so.
const maxCandidates = 32

func (b *builder) registration(r Registration) {
	u, _ := ParseURL(r.URL)
	id := fact.RegistrationID(r.URL)
	b.set.Registrations = append(b.set.Registrations, fact.Registration{ID: id, URL: r.URL, Port: u.Port, Evidence: b.evidence(r.Line)})
	if r.group >= 0 && b.state.Groups[r.group].ID != "" {
		b.link(id, fact.URLGroupID(b.state.Groups[r.group].ID), fact.InGroup, r.Line, "")
	}
	if r.Certain {
		b.link(id, b.ids[r.Queues[0]], fact.InQueue, r.Line, "")
		return
	}
	for _, q := range r.Queues {
		if len(r.Queues) > maxCandidates {
			break
		}
		b.link(id, b.ids[q], fact.OneOfQueues, r.Line, b.sameVersion(r, q))
	}
	b.set.Gaps = append(b.set.Gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: "request queue of " + r.URL, Hint: hintQueues, About: id})
}

// sameVersion notes where a queue was made through the same API as the URL's
// session, which makes it the likelier one.
func (b *builder) sameVersion(r Registration, queue int) string {
	version := b.state.Queues[queue].Version
	other := slices.ContainsFunc(r.Queues, func(i int) bool { return b.state.Queues[i].Version != version })
	if r.group >= 0 && version != "" && other && b.state.Groups[r.group].version == version {
		return "same API version"
	}
	return ""
}
