package process

import (
	"os"
	"slices"
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/fdscan"
	"github.com/berthd/berth/internal/sys/fdwait"
	"github.com/berthd/berth/internal/sys/procfs"
)

// link makes the links of each socket, and the gaps of those that have none.
func (s *search) link() {
	defer s.leave()
	for _, k := range s.q.Sockets {
		if k.Inode() == 0 {
			continue
		}
		hits := s.found[k.Inode()]
		if len(hits) == 0 {
			s.unheld(k)
			continue
		}
		holders := s.holders(hits)
		idle := once(s.idle)
		if !k.State.Serves() && k.State != fact.Bound {
			idle = func(holder) bool { return false } // nobody listens on a connection
		}
		for i, r := range roles(holders, idle) {
			s.linkTo(k.ID, holders[i], r)
		}
	}
	if s.doubt != nil && len(s.d.set.Links) > 0 {
		s.d.gaps = append(s.d.gaps, *s.doubt)
	}
}

func (s *search) linkTo(socket fact.ID, h holder, r role) {
	note := "fd"
	for _, fd := range h.fds {
		note += " " + strconv.Itoa(fd)
	}
	evidence := h.evidence
	if r.evidence != "" {
		evidence += "; " + r.evidence
	}
	s.d.set.Links = append(s.d.set.Links, fact.Link{From: socket, To: h.p.ID, Kind: r.kind, Evidence: evidence, Note: note})
}

// holders reads the processes of one socket's hits, which come sorted by PID,
// and drops those that do not hold it any more.
func (s *search) holders(hits []fdscan.Hit) []holder {
	var all []holder
	for len(hits) > 0 {
		n := 1
		for n < len(hits) && hits[n].PID == hits[0].PID {
			n++
		}
		if h, ok := s.holder(hits[:n]); ok {
			all = append(all, h)
		}
		hits = hits[n:]
	}
	for i := range all { // rows have moved while others were added
		all[i].p = &s.d.set.Processes[s.d.row[all[i].p.PID]]
	}
	return all
}

func (s *search) holder(hits []fdscan.Hit) (holder, bool) {
	pid := hits[0].PID
	evidence, gap := s.confirm(hits)
	if gap != nil {
		s.d.gaps = append(s.d.gaps, *gap)
		return holder{}, false
	}
	p, err := s.d.family(pid)
	if err != nil {
		s.d.lost(pid, err)
		return holder{}, false
	}
	h := holder{p: p, evidence: evidence}
	for _, hit := range hits {
		h.fds = append(h.fds, hit.FD)
	}
	slices.Sort(h.fds)
	h.fds = slices.Compact(h.fds) // threads may share a table that is not the process's
	for parent := p.PPID; parent > 0 && !slices.Contains(h.ancestors, parent); {
		h.ancestors = append(h.ancestors, parent)
		i, ok := s.d.row[parent]
		if !ok {
			break
		}
		parent = s.d.set.Processes[i].PPID
	}
	return h, true
}

// confirm opens the process once more and sees that it is the one that was found:
// it has the descriptor, or, where that may not be read, is older than the search.
func (s *search) confirm(hits []fdscan.Hit) (evidence string, gap *fact.Gap) {
	pid := hits[0].PID
	start, err := s.enter(pid)
	if err != nil {
		g := s.d.lostGap(pid, err)
		return "", &g
	}
	reused := &fact.Gap{Kind: fact.GapPIDReused, Subject: s.d.path(pid, "")}
	if i, known := s.d.row[pid]; known && s.d.set.Processes[i].Linux.StartTicks != start {
		return "", reused
	}
	for _, h := range hits {
		target, err := s.at.link(descriptor(h), s.d.linkBuf)
		if inode, _ := procfs.SocketInode(target); inode == h.Inode {
			return s.d.path(pid, descriptor(h)), nil
		}
		if refused(err) && start <= s.began {
			return s.source, nil
		}
	}
	if start > s.began {
		return "", reused
	}
	return "", &fact.Gap{Kind: fact.GapVanished, Subject: s.d.path(pid, descriptor(hits[0]))}
}

// enter opens a process's folder, reads when it started, and keeps both for the
// next socket, which is often the same process's.
func (s *search) enter(pid int) (start uint64, err error) {
	if s.at.pid == pid {
		return s.atStart, nil
	}
	s.leave()
	f, err := openFolder(s.d.proc, pid)
	if err != nil {
		return 0, err
	}
	b, _, err := f.read("stat", s.d.buf, maxText)
	if gone(err) {
		f.close()
		return 0, err
	}
	stat, _ := procfs.ParseStat(b)
	s.at, s.atStart = f, stat.Start
	return stat.Start, nil
}

func (s *search) leave() {
	if s.at.pid != 0 {
		s.at.close()
		s.at = folder{}
	}
}

func descriptor(h fdscan.Hit) string {
	if h.TID != 0 {
		return "task/" + strconv.Itoa(h.TID) + "/fd/" + strconv.Itoa(h.FD)
	}
	return "fd/" + strconv.Itoa(h.FD)
}

// idle looks at a holder's threads. Of a stopped process nothing is said: what it
// did before is not known. One with many sockets is a server, and not asked.
func (s *search) idle(h holder) bool {
	const many = 16
	if h.p.State != "running" || s.count[h.p.PID] > many {
		return false
	}
	info, err := os.ReadFile(s.d.path(h.p.PID, "fdinfo/"+strconv.Itoa(h.fds[0])))
	if err != nil {
		return false
	}
	if closes, ok := fdwait.CloseOnExec(info); closes || !ok {
		return false
	}
	return fdwait.On(s.d.proc, h.p.PID, h.fds) == fdwait.Idle
}
