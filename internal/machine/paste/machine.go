package paste

import (
	"slices"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
)

// machine collects the rows of the machine the texts speak of. Rows of several
// systems (Windows and the Linux inside it) are kept apart until the end, since
// their process IDs have nothing to do with each other.
type machine struct {
	systems map[string]*system // by GOOS word
	order   []string
	gaps    []fact.Gap
}

func newMachine() *machine { return &machine{systems: map[string]*system{}} }

func (m *machine) gap(g fact.Gap) { m.gaps = append(m.gaps, g) }

// on is the system of that name.
func (m *machine) on(os string) *system {
	s := m.systems[os]
	if s == nil {
		s = &system{os: os, procs: map[int]int{}, have: map[fact.ID]bool{}, served: map[int]bool{}}
		m.systems[os] = s
		m.order = append(m.order, os)
	}
	return s
}

// system is the rows of one operating system.
type system struct {
	os     string
	set    fact.Set
	procs  map[int]int      // PID → index of its row
	have   map[fact.ID]bool // sockets, units and links made so far
	served map[int]bool     // PIDs of which the paste says which services they hold, none included
	tasks  []task           // rows of tasklist /svc
	rows   int
	noPID  bool // a listing without owners was read
}

// process finds or makes the row of a PID and fills in what it lacks.
func (s *system) process(pid int, name, exe, evidence string) *fact.Process {
	at, ok := s.procs[pid]
	if !ok {
		at = len(s.set.Processes)
		s.procs[pid] = at
		s.set.Processes = append(s.set.Processes, fact.Process{ID: fact.ProcessID(pid, 0), PID: pid, Evidence: evidence})
	}
	row := &s.set.Processes[at]
	if row.Name == "" && name != "" {
		row.Name, row.Evidence = name, evidence
	}
	if row.Exe == "" {
		row.Exe = exe
	}
	return row
}

// name is what is known of a PID's name.
func (s *system) name(pid int) string {
	if at, ok := s.procs[pid]; ok {
		return s.set.Processes[at].Name
	}
	return ""
}

// socket adds a socket; the same row read twice is one.
func (s *system) socket(k fact.Socket, inode uint64) fact.ID {
	s.rows++
	if inode == 0 {
		inode = uint64(k.PID)
	}
	k.ID = fact.SocketID(k.Proto, k.Local, k.Remote, inode)
	s.holder(k.ID, k.PID, k.Evidence, "")
	if !s.have[k.ID] {
		s.have[k.ID] = true
		s.set.Sockets = append(s.set.Sockets, k)
	}
	return k.ID
}

func (s *system) holder(socket fact.ID, pid int, evidence, note string) {
	if pid != 0 {
		s.link(socket, s.process(pid, "", "", evidence).ID, fact.HeldBy, evidence, note)
	}
}

func (s *system) link(from, to fact.ID, kind fact.LinkKind, evidence, note string) {
	key := from + "\x00" + to + "\x00" + fact.ID(kind)
	if !s.have[key] {
		s.have[key] = true
		s.set.Links = append(s.set.Links, fact.Link{From: from, To: to, Kind: kind, Evidence: evidence, Note: note})
	}
}

// service says that a Windows service lives in a process.
func (s *system) service(pid int, name, evidence string) {
	id := fact.UnitID("scm", name)
	if !s.have[id] {
		s.have[id] = true
		s.set.Units = append(s.set.Units, fact.Unit{ID: id, Manager: "scm", Name: name, Evidence: evidence})
	}
	s.served[pid] = true
	s.link(s.process(pid, "", "", evidence).ID, id, fact.PartOf, evidence, "")
}

// merge takes over rows that another reader made of a text.
func (s *system) merge(o fact.Set, rows int) {
	s.rows += rows
	pids := make(map[fact.ID]int, len(o.Processes))
	for _, p := range o.Processes {
		pids[p.ID] = p.PID
		s.process(p.PID, p.Name, p.Exe, p.Evidence)
	}
	for _, u := range o.Units {
		s.have[u.ID] = true
	}
	for _, l := range o.Links {
		s.link(l.From, l.To, l.Kind, l.Evidence, l.Note)
		if l.Kind == fact.PartOf {
			s.served[pids[l.From]] = true
		}
	}
	o.Processes, o.Links = nil, nil
	s.set.Add(o)
}

// finish chooses the system with most rows, ties the kernel's sockets to their
// registrations, and returns its set.
func (m *machine) finish() fact.Set {
	var best *system
	for _, os := range m.order {
		if s := m.systems[os]; os != "" && (best == nil || s.rows > best.rows) {
			best = s
		}
	}
	if best == nil {
		best = m.on("")
	}
	if anywhere := m.systems[""]; anywhere != nil && anywhere != best {
		best.set.Add(anywhere.set)
	}
	for _, os := range m.order {
		if os != "" && os != best.os {
			m.gap(fact.Gap{Kind: fact.GapOther, Subject: "rows of " + os, Err: "the paste speaks of two systems", Hint: "berth explain, with the " + os + " texts alone"})
		}
	}
	best.services()
	best.publish()
	best.windows()
	best.dropAmbiguous()
	best.set.Machine.OS = best.os
	if best.rows > 0 {
		best.set.Machine.Source = "paste"
	}
	best.set.AddGaps(m.gaps...)
	return best.set
}

// windows marks the kernel's process and ties its sockets to the URLs behind them.
func (s *system) windows() {
	if s.os != "windows" {
		return
	}
	if at, ok := s.procs[4]; ok {
		row := &s.set.Processes[at]
		if row.Kernel = httpsys.KernelHolder(4, row.Name); row.Kernel && row.Name == "" {
			row.Name = "System"
		}
	}
	byPort := map[uint16][]fact.Registration{}
	for _, r := range s.set.Registrations {
		byPort[r.Port] = append(byPort[r.Port], r)
	}
	for _, k := range s.set.Sockets {
		if !s.kernelHTTP(k) {
			continue
		}
		for _, r := range byPort[k.Local.Port()] {
			if u, ok := httpsys.ParseURL(r.URL); ok && u.TakenOn(k.Local) {
				s.link(k.ID, r.ID, fact.TakenBy, r.Evidence, "")
			}
		}
	}
}

// kernelHTTP tells whether a socket may be the kernel's HTTP listener.
func (s *system) kernelHTTP(k fact.Socket) bool {
	return s.os == "windows" && k.Proto == fact.TCP && k.State == fact.Listen && k.PID != 0 && httpsys.KernelHolder(k.PID, s.name(k.PID))
}

// dropAmbiguous takes back "one of these queues" where another text of the
// paste says which.
func (s *system) dropAmbiguous() {
	certain := map[fact.ID]bool{}
	for _, l := range s.set.Links {
		if l.Kind == fact.InQueue {
			certain[l.From] = true
		}
	}
	s.set.Links = slices.DeleteFunc(s.set.Links, func(l fact.Link) bool { return l.Kind == fact.OneOfQueues && certain[l.From] })
	s.set.Gaps = slices.DeleteFunc(s.set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapNotInPaste && certain[g.About] })
}

// publish ties sockets to the containers whose engine published their port.
func (s *system) publish() {
	for _, c := range s.set.Containers {
		for _, p := range c.Ports {
			for _, k := range s.set.Sockets {
				if k.Proto == p.Proto && k.State.Serves() && k.Local == p.Host {
					s.link(k.ID, c.ID, fact.PublishedBy, c.Evidence, "")
				}
			}
		}
	}
}
