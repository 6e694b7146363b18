package gather

import (
	"fmt"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// maxHints bounds the gaps of one kind.
const maxHints = 32

// Hints says, after [Machine.Finish], what the texts leave open about some
// ports, with the one command that would tell. No ports means all of them.
func (m *Machine) Hints(ports ...uint16) []fact.Gap {
	if m.chosen == nil || m.chosen.rows == 0 {
		return nil
	}
	h := hinter{System: m.chosen, ports: ports}
	switch m.chosen.os {
	case "windows":
		return h.windows()
	case "linux", "darwin":
		return h.unix()
	}
	return nil
}

type hinter struct {
	*System
	ports []uint16
	gaps  []fact.Gap
}

func (h *hinter) add(subject, hint string, about fact.ID) {
	if len(h.gaps) < maxHints {
		h.gaps = append(h.gaps, fact.Gap{Kind: fact.GapNotInPaste, Subject: subject, Hint: hint, About: about})
	}
}

// concerns tells whether the question is about a port.
func (h *hinter) concerns(port uint16) bool {
	return len(h.ports) == 0 || slices.Contains(h.ports, port)
}

func (h *hinter) windows() []fact.Gap {
	tied := map[fact.ID]bool{}
	for _, l := range h.set.Links {
		if l.Kind == fact.TakenBy {
			tied[l.From] = true
		}
	}
	pids := map[int]bool{}
	for _, s := range h.set.Sockets {
		if !s.State.Serves() || !h.concerns(s.Local.Port()) {
			continue
		}
		switch {
		case s.PID == 0:
			h.add("owner of "+s.Local.String(), "netstat -ano", s.ID)
		case h.kernelHTTP(s) && (s.Local.Port() == smb || s.Local.Port() == netbios):
		case h.kernelHTTP(s) && !tied[s.ID]:
			h.registrations(s)
		case h.kernelHTTP(s):
		default:
			pids[s.PID] = true
			h.service(s)
		}
	}
	h.queuePIDs(pids)
	h.owners(pids)
	return h.gaps
}

// registrations asks for those behind a socket of the kernel. Windows before Vista
// lists none: there the services that need HTTP.sys are all that can be asked for.
func (h *hinter) registrations(s fact.Socket) {
	subject, hint := "registrations behind "+s.Local.String(), "netsh http show servicestate view=requestq"
	if w := h.set.Machine.Windows; w != nil && w.Build != 0 && w.Build < vista {
		if !h.dependents() {
			h.add("services that need HTTP.sys", "sc enumdepend http 65536", s.ID)
		}
		return
	}
	if h.listed {
		subject += ", of which the listing at hand has none"
	}
	h.add(subject, hint, s.ID)
}

// Ports on which the kernel itself shares files: no URL is behind them.
const smb, netbios = 445, 139

// vista is the build of the first Windows that lists registrations.
const vista = 6000

// dependents tells whether a text says which services depend on HTTP.sys.
func (h *hinter) dependents() bool {
	return slices.ContainsFunc(h.set.Links, func(l fact.Link) bool {
		return l.Kind == fact.DependsOn && strings.EqualFold(string(l.To), "unit:HTTP")
	})
}

// service asks which of several services in one process has a socket, unless the system
// was asked already and did not say.
func (h *hinter) service(s fact.Socket) {
	asked := slices.ContainsFunc(h.set.Sockets, func(o fact.Socket) bool { return o.Windows != nil && o.Windows.Module != "" })
	services := 0
	for _, l := range h.set.Links {
		if l.Kind == fact.PartOf && l.From == fact.ProcessID(s.PID, 0) {
			services++
		}
	}
	if services > 1 && !asked {
		h.add(fmt.Sprintf("which service in PID %d has the port (as administrator)", s.PID), "netstat -abno", s.ID)
	}
}

// queuePIDs adds the processes behind registrations on the ports in question.
func (h *hinter) queuePIDs(pids map[int]bool) {
	queues := map[fact.ID]bool{}
	ports := map[fact.ID]uint16{}
	for _, r := range h.set.Registrations {
		ports[r.ID] = r.Port
	}
	for _, l := range h.set.Links {
		if (l.Kind == fact.InQueue || l.Kind == fact.OneOfQueues) && h.concerns(ports[l.From]) {
			queues[l.To] = true
		}
	}
	for _, q := range h.set.Queues {
		if queues[q.ID] {
			for _, n := range append(slices.Clone(q.PIDs), q.Controller) {
				pids[n] = true
			}
		}
	}
}

// owners asks for name and services of processes where the paste has neither.
func (h *hinter) owners(pids map[int]bool) {
	for _, p := range h.set.Processes {
		if pids[p.PID] && p.PID > 4 && !h.served[p.PID] {
			what := "name and services"
			if p.Name != "" {
				what = "services"
			}
			h.add(fmt.Sprintf("%s of PID %d", what, p.PID), fmt.Sprintf(`tasklist /svc /fi "pid eq %d"`, p.PID), p.ID)
		}
	}
}

func (h *hinter) unix() []fact.Gap {
	hint := "sudo ss -ltnp"
	if h.os == "darwin" {
		hint = "sudo lsof -nP -iTCP -sTCP:LISTEN"
	}
	for _, s := range h.set.Sockets {
		if s.State.Serves() && s.PID == 0 && h.concerns(s.Local.Port()) {
			h.add("owner of "+s.Local.String(), hint, s.ID)
		}
	}
	return h.gaps
}
