package gather

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/httpsys"
)

// Task is one row of tasklist /svc: the services that live in a process, or the
// phrase that stands for none.
type Task struct {
	PID      int
	List     string
	Evidence string
}

// windows marks the kernel's process and ties its sockets to the URLs behind them.
func (s *System) windows() {
	if s.os != "windows" {
		return
	}
	s.unlisted()
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
	tries := 0
	for _, k := range s.set.Sockets {
		if !s.kernelHTTP(k) {
			continue
		}
		for _, r := range byPort[k.Local.Port()] {
			if tries++; tries > maxTries {
				break
			}
			if u, ok := httpsys.ParseURL(r.URL); ok && u.TakenOn(k.Local) {
				s.link(k.ID, r.ID, fact.TakenBy, r.Evidence, "")
			}
		}
	}
	if tries > maxTries {
		s.truncated("registrations behind sockets")
	}
}

// unlisted adds the kernel's sockets that registrations tell of and no listing
// shows: HTTP.sys listens on the port of every live registration.
func (s *System) unlisted() {
	served := map[uint16]bool{}
	for _, k := range s.set.Sockets {
		if k.Proto == fact.TCP && k.State == fact.Listen {
			served[k.Local.Port()] = true
		}
	}
	for _, r := range s.set.Registrations {
		u, ok := httpsys.ParseURL(r.URL)
		if !ok || served[u.Port] {
			continue
		}
		served[u.Port] = true
		at := netip.IPv4Unspecified()
		if u.IP.IsValid() {
			at = u.IP
		}
		s.Socket(fact.Socket{Proto: fact.TCP, Local: netip.AddrPortFrom(at, u.Port), State: fact.Listen, PID: 4, Evidence: r.Evidence}, 0)
	}
}

// maxTries bounds the pairs of a socket and a registration that are compared.
const maxTries = 100_000

// kernelHTTP tells whether a socket may be the kernel's HTTP listener.
func (s *System) kernelHTTP(k fact.Socket) bool {
	return s.os == "windows" && k.Proto == fact.TCP && k.State == fact.Listen && k.PID != 0 && httpsys.KernelHolder(k.PID, s.name(k.PID))
}

// dropAmbiguous takes back "one of these queues" where another text of the
// paste says which.
func (s *System) dropAmbiguous() {
	certain := map[fact.ID]bool{}
	for _, l := range s.set.Links {
		if l.Kind == fact.InQueue {
			certain[l.From] = true
		}
	}
	s.set.Links = slices.DeleteFunc(s.set.Links, func(l fact.Link) bool { return l.Kind == fact.OneOfQueues && certain[l.From] })
	s.set.Gaps = slices.DeleteFunc(s.set.Gaps, func(g fact.Gap) bool { return g.Kind == fact.GapNotInPaste && certain[g.About] })
}

// services reads the rows of tasklist /svc once all are known: the phrase for
// "none" is what stands beside the kernel's processes, or beside several others,
// since a service lives in one process only.
func (s *System) services() {
	first, phrase := map[string]int{}, map[string]bool{}
	for _, t := range s.tasks {
		pid, had := first[t.List]
		if t.PID == 0 || t.PID == 4 || had && pid != t.PID {
			phrase[t.List] = true
		}
		first[t.List] = t.PID
	}
	for _, t := range s.tasks {
		if t.PID == 0 {
			continue
		}
		if phrase[t.List] || !nameList(t.List) {
			s.served[t.PID] = true
			continue
		}
		for _, name := range strings.Split(t.List, ",") {
			if name = strings.TrimSpace(name); name != "" {
				s.Service(t.PID, name, t.Evidence)
			}
		}
	}
	s.tasks = nil
}

// nameList tells whether list may be names of services: no slash is ever part
// of one, and a list of libraries (tasklist /m) is something else.
func nameList(list string) bool {
	if list == "" || strings.ContainsAny(list, `/\`) {
		return false
	}
	for _, r := range list {
		if r >= utf8.RuneSelf {
			return false
		}
	}
	return !strings.Contains(strings.ToLower(list), ".dll")
}

// Task adds a row of tasklist: the process, and, with /svc, the list of services
// in it as it was printed. It returns the row's number for [System.MoreServices].
func (s *System) Task(t Task, image string, svc bool) int {
	s.rows++
	if t.PID != 0 {
		s.Process(t.PID, image, "", t.Evidence)
	}
	if svc {
		s.tasks = append(s.tasks, t)
	}
	return len(s.tasks)
}

// MoreServices adds a further line to the list of a row.
func (s *System) MoreServices(row int, list string) {
	if t := &s.tasks[row-1]; len(t.List) < maxList {
		t.List += " " + list
	}
}

// maxList bounds the text of one list of services.
const maxList = 16 << 10

// Module notes the service, or failing that the program, that the system names
// as the owner of the socket added last.
func (s *System) Module(socket fact.ID, name string) {
	if k := len(s.set.Sockets) - 1; k >= 0 && s.set.Sockets[k].ID == socket {
		s.set.Sockets[k].Windows = &fact.WindowsSocket{Module: name}
	}
}

// Listed notes that a listing of HTTP.sys was read, even an empty one.
func (s *System) Listed() { s.listed = true }
