package fact

import (
	"fmt"
	"strings"
	"time"
)

// Process is one row of the process table.
type Process struct {
	ID    ID        `json:"id"`
	PID   int       `json:"pid,omitempty"` // 0 = not told (pasted texts)
	PPID  int       `json:"ppid,omitempty"`
	Start time.Time `json:"start,omitzero"` // wall time, to the second
	Name  string    `json:"name,omitempty"` // the system's short name: comm on Linux, image name on Windows
	// NameCut says that Name was cut short by the tool that printed it, as lsof does.
	NameCut bool   `json:"nameCut,omitempty"`
	Exe     string `json:"exe,omitempty"` // full path as the system tells it, without " (deleted)"
	// ExeState is "" (as started), "deleted" (no file there) or "replaced"
	// (another file stands there now: an upgrade without a restart).
	ExeState string   `json:"exeState,omitempty"`
	Args     []string `json:"args,omitempty"` // argv as the process shows it; may be anything
	User     string   `json:"user,omitempty"`
	UID      *uint32  `json:"uid,omitempty"`
	Cwd      string   `json:"cwd,omitempty"`
	// State is "running", "stopped" (Ctrl+Z), "traced", "zombie", or "".
	State    string            `json:"state,omitempty"`
	Terminal string            `json:"terminal,omitempty"` // "pts/3", "tty1"; "" = none or unknown
	Session  int               `json:"session,omitempty"`  // session leader's PID
	Env      map[string]string `json:"env,omitempty"`      // only the short list of design: LISTEN_FDS, INVOCATION_ID, PORT, supervisors' own
	Kernel   bool              `json:"kernel,omitempty"`   // a kernel thread, or Windows' System
	Evidence string            `json:"evidence"`
	Linux    *LinuxProcess     `json:"linux,omitempty"`
	Windows  *WindowsProcess   `json:"windows,omitempty"`
}

// WindowsProcess is what only Windows tells of a process.
type WindowsProcess struct {
	Created uint64  `json:"created,omitempty"` // FILETIME: 100 ns since 1601; with PID it is the identity
	Session *uint32 `json:"session,omitempty"` // terminal services session: 0 is the services', 1 and up are people's
	SID     string  `json:"sid,omitempty"`     // of the user it runs as
	Package string  `json:"package,omitempty"` // full name of the store package it belongs to
	// Protected is the kind of protection that keeps even an administrator from
	// opening it ("light", "full"); "" = none, or not known.
	Protected string `json:"protected,omitempty"`
	Elevated  *bool  `json:"elevated,omitempty"`
}

// LinuxProcess is what only Linux tells of a process.
type LinuxProcess struct {
	StartTicks uint64 `json:"startTicks"`       // field 22 of stat: clock ticks since boot; with PID it is the identity
	Cgroup     string `json:"cgroup,omitempty"` // the path that names unit or container: cgroup2's, else name=systemd's, else the longest
	PIDNS      uint64 `json:"pidns,omitempty"`  // inode of the PID namespace; set only where it differs from the reader's
	Netns      uint64 `json:"netns,omitempty"`  // inode of the network namespace; set only where it differs from the reader's
	NSPID      int    `json:"nspid,omitempty"`  // its PID inside that namespace
	NoNewPrivs bool   `json:"noNewPrivs,omitempty"`
	CapEff     uint64 `json:"capEff,omitempty"`
	UserNS     bool   `json:"userns,omitempty"` // in a user namespace other than the reader's
	// ThreadOf is the PID of the process that this row is a thread of; 0 where
	// the row is a process. /proc answers for thread numbers too.
	ThreadOf int `json:"threadOf,omitempty"`
}

func (p Process) rowID() ID { return p.ID }

// ProcessID names a process by PID and start time, so that a reused PID is
// another row. start is clock ticks since boot on Linux, any stable number
// elsewhere, and 0 where it is unknown (pasted texts).
func ProcessID(pid int, start uint64) ID {
	if start == 0 {
		return ID(fmt.Sprintf("proc:%d", pid))
	}
	return ID(fmt.Sprintf("proc:%d@%d", pid, start))
}

// ProcessNameID names a process of which a text tells the image and not the PID:
// its row has no PID.
func ProcessNameID(image string) ID { return ID("proc:?" + strings.ToLower(image)) }
