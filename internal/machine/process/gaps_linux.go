package process

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/fdscan"
)

// unheld says why a socket has no holder: because certainly nobody has it, or
// because not everybody could be asked.
func (s *search) unheld(k fact.Socket) {
	if s.q.Alive != nil && !s.q.Alive(k) {
		s.d.gaps = append(s.d.gaps, fact.Gap{Kind: fact.GapVanished, Subject: string(k.ID), About: k.ID})
		return
	}
	if s.doubt == nil {
		s.d.gaps = append(s.d.gaps, fact.Gap{Kind: fact.GapKernelOwned, Subject: string(k.ID), About: k.ID})
		return
	}
	g := *s.doubt
	g.About = k.ID
	if g.Kind == fact.GapOwnersHidden && k.Linux.UID != nil {
		g.Subject = "processes of uid " + strconv.Itoa(int(*k.Linux.UID))
	}
	s.d.gaps = append(s.d.gaps, g)
}

// whyIncomplete names the first reason for which a walk did not see every
// descriptor of the machine; nil means that it saw them all.
func (s *search) whyIncomplete(r fdscan.Result) *fact.Gap {
	switch {
	case s.d.hidden():
		return &fact.Gap{Kind: fact.GapHidepid, Subject: s.d.proc}
	case len(r.Closed) > 0 && os.Geteuid() != 0:
	case s.foreignPIDs():
		return &fact.Gap{Kind: fact.GapForeignPIDNS, Subject: "processes outside this PID namespace"}
	}
	return closedGap(r)
}

// closedGap names the processes that did not show their descriptors, by the
// right that was missing.
func closedGap(r fdscan.Result) *fact.Gap {
	if len(r.Closed) == 0 {
		return nil
	}
	g := &fact.Gap{Kind: fact.GapPermission, Subject: "descriptors of " + pidList(r.Closed)}
	if r.Err != nil {
		g.Err = r.Err.Error()
	}
	if os.Geteuid() != 0 {
		g.Kind = fact.GapOwnersHidden
	} else if !capable(unix.CAP_SYS_PTRACE) {
		g.Kind = fact.GapNoPtrace
	}
	return g
}

// foreignPIDs tells that this process, or the proc mount it reads, is in a PID
// namespace of its own.
func (s *search) foreignPIDs() bool {
	const first = 4026531836 // the first namespace's inode, a constant of the kernel
	return s.foreignProc() || s.d.self.pid != first
}

// foreignProc tells that the proc mount counts PIDs in another namespace than this
// process does.
func (s *search) foreignProc() bool {
	self, err := os.Readlink(s.d.proc + "/self")
	return err != nil || self != strconv.Itoa(os.Getpid())
}

func capable(bit int) bool {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&head, &data[0]); err != nil {
		return false
	}
	return data[bit/32].Effective>>(bit%32)&1 == 1
}

// pidList names a few processes: "PID 1", "PID 1, 77 and 312 more".
func pidList(pids []int) string {
	const most = 3
	var b strings.Builder
	b.WriteString("PID ")
	for i, pid := range pids {
		if i == most {
			b.WriteString(" and " + strconv.Itoa(len(pids)-most) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(pid))
	}
	return b.String()
}
