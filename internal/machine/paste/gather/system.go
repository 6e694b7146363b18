package gather

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// System is the rows of one operating system.
type System struct {
	os     string
	set    fact.Set
	procs  map[int]int        // PID → index of its row
	socks  map[ends][]int     // indexes of the sockets with these ends
	inodes []uint64           // of each socket, 0 = not told
	twins  map[fact.ID]uint64 // sockets that differ only in what their ID does not say
	links  map[tie]int        // where each link stands
	have   map[fact.ID]bool   // units and rows of other readers made so far
	served map[int]bool       // PIDs of which the paste says which services they hold, none included
	tasks  []Task             // rows of tasklist /svc
	claims []Claim
	units  map[string]int // name, where Windows compares without case → index of its row
	gaps   []fact.Gap
	rows   int
	cut    bool // a limit was reached
	listed bool // a listing of HTTP.sys was read, if an empty one
}

// Process finds or makes the row of a PID and fills in what it lacks.
func (s *System) Process(pid int, name, exe, evidence string) *fact.Process {
	at, ok := s.procs[pid]
	if !ok {
		at = len(s.set.Processes)
		s.procs[pid] = at
		s.set.Processes = append(s.set.Processes, fact.Process{ID: fact.ProcessID(pid, 0), PID: pid, Evidence: evidence})
	}
	row := &s.set.Processes[at]
	if name != "" && (row.Name == "" || row.NameCut && strings.HasPrefix(name, row.Name)) {
		row.NameCut = row.NameCut && row.Name == name
		row.Name, row.Evidence = name, evidence
	}
	if row.Exe == "" {
		row.Exe = exe
	}
	return row
}

// name is what is known of a PID's name.
func (s *System) name(pid int) string {
	if at, ok := s.procs[pid]; ok {
		return s.set.Processes[at].Name
	}
	return ""
}

// ends is what two tools agree on when they list one socket.
type ends struct {
	proto         fact.Proto
	local, remote netip.AddrPort
}

// Socket adds a socket, or fills in the row that another listing, or another
// line of the same one, made of it. inode is 0 where the tool does not print it.
func (s *System) Socket(k fact.Socket, inode uint64) fact.ID {
	s.rows++
	key := ends{k.Proto, k.Local, k.Remote}
	for _, i := range s.socks[key] {
		if s.same(i, k, inode) {
			s.fill(i, k, inode)
			s.Holder(s.set.Sockets[i].ID, k.PID, k.Evidence, "")
			return s.set.Sockets[i].ID
		}
	}
	if len(s.socks[key]) == maxShared {
		s.truncated("sockets on " + k.Local.String())
		return ""
	}
	if !k.Remote.Addr().IsValid() {
		k.Remote = netip.AddrPort{} // a name
	}
	k.ID = s.socketID(k, inode)
	s.socks[key] = append(s.socks[key], len(s.set.Sockets))
	s.inodes = append(s.inodes, inode)
	s.set.Sockets = append(s.set.Sockets, k)
	s.Holder(k.ID, k.PID, k.Evidence, "")
	return k.ID
}

// socketID is an ID that no other socket has.
func (s *System) socketID(k fact.Socket, inode uint64) fact.ID {
	if inode == 0 {
		inode = uint64(k.PID)
	}
	id := fact.SocketID(k.Proto, k.Local, k.Remote, inode)
	for base := id; s.have["row "+id]; {
		s.twins[base]++
		id = fact.SocketID(k.Proto, k.Local, k.Remote, inode+s.twins[base])
	}
	s.have["row "+id] = true
	return id
}

func (s *System) truncated(what string) {
	if !s.cut {
		s.cut = true
		s.gaps = append(s.gaps, fact.Gap{Kind: fact.GapTruncated, Subject: what})
	}
}

// maxShared bounds the sockets on one and the same endpoint.
const maxShared = 256

// same tells whether a new row is the socket of an old one with the same ends:
// Windows tells sockets apart by owner, Unix tools by inode, where they print it.
func (s *System) same(i int, k fact.Socket, inode uint64) bool {
	row, had := s.set.Sockets[i], s.inodes[i]
	if s.os == "windows" {
		return row.PID == k.PID || row.PID == 0 || k.PID == 0
	}
	device := row.Device == k.Device || row.Device == "" || k.Device == ""
	return device && (had == inode || had == 0 || inode == 0)
}

func (s *System) fill(i int, k fact.Socket, inode uint64) {
	row := &s.set.Sockets[i]
	if row.PID == 0 {
		row.PID = k.PID
	}
	if row.State == "" {
		row.State = k.State
	}
	if row.Device == "" {
		row.Device = k.Device
	}
	switch {
	case row.Linux == nil:
		row.Linux = k.Linux
	case k.Linux != nil:
		fillLinux(row.Linux, k.Linux)
	}
	if s.inodes[i] == 0 {
		s.inodes[i] = inode
	}
}

func fillLinux(to, from *fact.LinuxSocket) {
	if to.Inode == 0 {
		to.Inode = from.Inode
	}
	if to.V6Only == nil {
		to.V6Only = from.V6Only
	}
	if to.Cgroup == "" {
		to.Cgroup = from.Cgroup
	}
}

// Holder says that a process holds a socket; PID 0 is nobody.
func (s *System) Holder(socket fact.ID, pid int, evidence, note string) {
	if pid != 0 && socket != "" {
		s.link(socket, s.Process(pid, "", "", evidence).ID, fact.HeldBy, evidence, note)
	}
}

func (s *System) link(from, to fact.ID, kind fact.LinkKind, evidence, note string) {
	key := tie{from, to, kind}
	at, had := s.links[key]
	if !had {
		s.links[key] = len(s.set.Links)
		s.set.Links = append(s.set.Links, fact.Link{From: from, To: to, Kind: kind, Evidence: evidence, Note: note})
		return
	}
	if s.set.Links[at].Note == "" {
		s.set.Links[at].Note = note
	}
}

// tie is what makes two links one.
type tie struct {
	from, to fact.ID
	kind     fact.LinkKind
}

// Service says that a Windows service lives in a process.
func (s *System) Service(pid int, name, evidence string) {
	id := s.Unit(fact.Unit{Manager: "scm", Name: name, Evidence: evidence})
	s.served[pid] = true
	s.link(s.Process(pid, "", "", evidence).ID, id, fact.PartOf, evidence, "")
}

// Merge takes over rows that another reader made of a text.
func (s *System) Merge(o fact.Set, rows int) {
	s.rows += rows
	pids := make(map[fact.ID]int, len(o.Processes))
	for _, p := range o.Processes {
		pids[p.ID] = p.PID
		s.Process(p.PID, p.Name, p.Exe, p.Evidence)
	}
	own := map[fact.ID]fact.ID{} // rows that another text spelled otherwise
	for _, u := range o.Units {
		own[u.ID] = s.Unit(u)
	}
	for _, l := range o.Links {
		s.link(cmp.Or(own[l.From], l.From), cmp.Or(own[l.To], l.To), l.Kind, l.Evidence, l.Note)
		if l.Kind == fact.PartOf {
			s.served[pids[l.From]] = true
		}
	}
	s.set.Queues = fresh(s, s.set.Queues, o.Queues, func(r fact.Queue) fact.ID { return r.ID })
	s.set.Registrations = fresh(s, s.set.Registrations, o.Registrations, func(r fact.Registration) fact.ID { return r.ID })
	s.set.Reservations = fresh(s, s.set.Reservations, o.Reservations, func(r fact.Reservation) fact.ID { return r.ID })
	s.gaps = append(s.gaps, o.Gaps...)
	o.Processes, o.Links, o.Units, o.Queues, o.Registrations, o.Reservations, o.Gaps = nil, nil, nil, nil, nil, nil, nil
	s.set.Add(o)
}

// fresh appends the rows that s does not have yet.
func fresh[T any](s *System, to, from []T, id func(T) fact.ID) []T {
	for _, r := range from {
		if key := "row " + id(r); !s.have[key] {
			s.have[key] = true
			to = append(to, r)
		}
	}
	return to
}

// publish ties sockets to the containers whose engine published their port.
func (s *System) publish() {
	for _, c := range s.set.Containers {
		for _, p := range c.Ports {
			for _, i := range s.socks[ends{proto: p.Proto, local: p.Host}] {
				if k := s.set.Sockets[i]; k.State.Serves() {
					s.link(k.ID, c.ID, fact.PublishedBy, c.Evidence, "")
				}
			}
		}
	}
}

// Container adds a container of an engine's book.
func (s *System) Container(c fact.Container) {
	s.rows++
	s.set.Containers = fresh(s, s.set.Containers, []fact.Container{c}, func(r fact.Container) fact.ID { return r.ID })
}
