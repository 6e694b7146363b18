package gather

import (
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
	for _, k := range httpsys.Unlisted(&s.set) {
		s.Socket(k, 0)
	}
	if at, ok := s.procs[4]; ok {
		row := &s.set.Processes[at]
		if row.Kernel = httpsys.KernelHolder(4, row.Name); row.Kernel && row.Name == "" {
			row.Name = "System"
		}
	}
	httpsys.Tie(&s.set)
}

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
