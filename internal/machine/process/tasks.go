package process

import (
	"context"
	"fmt"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/process/wintask"
)

// tasks makes rows of Windows' processes: of those that are asked for, and of
// their ancestors.
type tasks struct {
	byPID map[int]wintask.Task
	below map[int][]wintask.Task // children by their parent's PID, made when it is needed
	all   []wintask.Task
	whole bool
	// look opens one process; deep tells to read its memory too.
	look     func(pid int, deep bool) wintask.Detail
	elevated bool // and able to open every process that is not protected
	row      map[int]int
	linked   map[int]bool // PIDs whose parents are read
	asked    map[int]bool // PIDs that were read as more than an ancestor
	set      fact.Set
	gaps     []fact.Gap // joined once: a machine may have many thousands
}

func newTasks(all []wintask.Task, whole bool, look func(int, bool) wintask.Detail, elevated bool) *tasks {
	t := &tasks{byPID: make(map[int]wintask.Task, len(all)), all: all, whole: whole, look: look, elevated: elevated,
		row: map[int]int{}, linked: map[int]bool{}, asked: map[int]bool{}}
	for _, k := range all {
		t.byPID[k.PID] = k
	}
	if _, there := t.byPID[wintask.SystemPID]; !there {
		t.byPID[wintask.SystemPID] = wintask.Task{PID: wintask.SystemPID, Name: "System"}
	}
	return t
}

// done returns what was gathered.
func (t *tasks) done() fact.Set {
	if !t.whole {
		t.gaps = append(t.gaps, fact.Gap{Kind: fact.GapTruncated, Subject: "process table"})
	}
	t.set.AddGaps(t.gaps...)
	t.gaps = nil
	return t.set
}

// describe reads the rows of pids with their ancestors.
func (t *tasks) describe(ctx context.Context, pids []int) error {
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, there := t.byPID[pid]; !there {
			t.gaps = append(t.gaps, fact.Gap{Kind: fact.GapVanished, Subject: fmt.Sprintf("PID %d", pid)})
			continue
		}
		t.family(pid)
	}
	return nil
}

// hold links sockets to the processes that own them.
func (t *tasks) hold(ctx context.Context, socks []fact.Socket) error {
	for _, k := range socks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if k.PID == 0 {
			continue // TIME_WAIT and others that nobody owns
		}
		owner, there := t.byPID[k.PID]
		switch {
		case !there:
			t.ended(k, never)
		case t.reused(k, owner):
			t.ended(k, owner.Created)
		default:
			t.link(k, t.family(k.PID), fact.HeldBy, k.Evidence, "")
		}
	}
	return nil
}

// reused tells whether a socket is older than the process that has its owner's
// PID: its owner has ended, and another got the number.
func (t *tasks) reused(k fact.Socket, owner wintask.Task) bool {
	const slack = 5 * time.Second // what a clock is set back by without a notice
	return k.Windows != nil && !k.Windows.Created.IsZero() && owner.Created != 0 &&
		t.before(ticks(k.Windows.Created.Add(slack)), owner.Created)
}

// before tells which of two moments came first. The kernel's own process is the
// first of all: what is noted to be older was noted after the clock had been set
// back, by hours where a machine's clock is set to another zone than Windows thinks.
func (t *tasks) before(a, b uint64) bool {
	first := t.byPID[wintask.SystemPID].Created
	if (a < first) != (b < first) {
		return b < first
	}
	return a < b
}

// ended tells of a socket whose owner is no more: a child that inherited the
// handle keeps it. Children are those that started before the number was given
// away.
func (t *tasks) ended(k fact.Socket, before uint64) {
	g := fact.Gap{Kind: fact.GapOwnerEnded, Subject: fmt.Sprintf("PID %d, the owner of %s,", k.PID, k.Local), About: k.ID}
	if before != never {
		g.Err = "the number is another process's now"
	}
	t.gaps = append(t.gaps, g)
	for _, c := range t.children(k.PID) {
		if c.PID == k.PID || c.PID == 0 || before != never && t.before(before, c.Created) || !t.since(k, c) {
			continue
		}
		t.link(k, t.family(c.PID), fact.InheritedBy, fmt.Sprintf("%s; PID %d was its parent and has ended", wintask.ByTable, k.PID), "likely")
	}
}

// children are the processes that have a parent's PID, its own and those of others
// that had the number before.
func (t *tasks) children(pid int) []wintask.Task {
	if t.below == nil {
		t.below = make(map[int][]wintask.Task, len(t.all))
		for _, k := range t.all {
			t.below[k.Parent] = append(t.below[k.Parent], k)
		}
	}
	return t.below[pid]
}

// since tells whether a process started when the socket was there, as far as that
// is known: only then can it have inherited it.
func (t *tasks) since(k fact.Socket, c wintask.Task) bool {
	return k.Windows == nil || k.Windows.Created.IsZero() || c.Created == 0 || !t.before(c.Created, ticks(k.Windows.Created))
}

func (t *tasks) link(k fact.Socket, p fact.ID, kind fact.LinkKind, evidence, note string) {
	t.set.Links = append(t.set.Links, fact.Link{From: k.ID, To: p, Kind: kind, Evidence: evidence, Note: note})
}

// family reads a process that is asked for, and its ancestors.
func (t *tasks) family(pid int) fact.ID {
	id := t.process(pid, true)
	for child := t.byPID[pid]; !t.linked[child.PID]; {
		t.linked[child.PID] = true
		parent, ok := t.parent(child)
		if !ok {
			break
		}
		up := t.process(parent.PID, false)
		t.set.Links = append(t.set.Links, fact.Link{From: taskID(child), To: up, Kind: fact.ChildOf, Evidence: wintask.ByTable})
		child = parent
	}
	return id
}

// parent is the process that made child: one that has the parent's PID and
// started before it. A PID without that is another process's by now.
func (t *tasks) parent(child wintask.Task) (wintask.Task, bool) {
	p, ok := t.byPID[child.Parent]
	return p, ok && p.PID != 0 && p.PID != child.PID && !t.before(child.Created, p.Created)
}

func taskID(k wintask.Task) fact.ID { return fact.ProcessID(k.PID, k.Created) }

// process reads one row. Of an ancestor nothing is missed: who it is suffices.
func (t *tasks) process(pid int, asked bool) fact.ID {
	k := t.byPID[pid]
	i, have := t.row[pid]
	if have && (t.asked[pid] || !asked) {
		return t.set.Processes[i].ID
	}
	p := t.basic(k)
	if pid > 0 && pid != wintask.SystemPID {
		t.detail(&p, asked)
	}
	t.asked[pid] = asked
	if have {
		t.set.Processes[i] = p
		return p.ID
	}
	t.row[pid] = len(t.set.Processes)
	t.set.Processes = append(t.set.Processes, p)
	return p.ID
}

// basic is what the table alone tells of a process.
func (t *tasks) basic(k wintask.Task) fact.Process {
	session := k.Session
	p := fact.Process{ID: taskID(k), PID: k.PID, Name: k.Name, State: "running", Evidence: wintask.ByTable,
		Kernel: k.PID == wintask.SystemPID || k.PID == 0, Windows: &fact.WindowsProcess{Created: k.Created, Session: &session}}
	if k.Created != 0 {
		p.Start = fileTime(k.Created).Truncate(time.Second)
	}
	if up, ok := t.parent(k); ok {
		p.PPID = up.PID
	}
	if k.Suspended {
		p.State = "stopped"
	}
	return p
}

// detail opens a process and fills in what it tells.
func (t *tasks) detail(p *fact.Process, asked bool) {
	d := t.look(p.PID, asked)
	if d.Created != 0 && d.Created != p.Windows.Created {
		t.gaps = append(t.gaps, fact.Gap{Kind: fact.GapPIDReused, Subject: called(p), About: p.ID})
		return
	}
	p.Exe, p.Args, p.Cwd, p.User = d.Exe, wintask.Args(d.Command), d.Folder, d.User
	p.Windows.SID, p.Windows.Elevated, p.Windows.Package, p.Windows.Protected = d.SID, d.Elevated, d.Package, d.Protected
	if d.Source != "" {
		p.Evidence += ", " + d.Source
	}
	if d.Ended {
		p.State = "zombie"
	}
	if asked {
		t.gaps = append(t.gaps, t.faults(p, d)...)
	}
}

// faults makes one gap of everything that was missed for one reason.
func (t *tasks) faults(p *fact.Process, d wintask.Detail) []fact.Gap {
	var gaps []fact.Gap
	for _, f := range d.Faults {
		kind := t.kind(f, d)
		i := len(gaps) - 1
		if i >= 0 && gaps[i].Kind == kind && gaps[i].Err == f.Err {
			gaps[i].Subject = f.What + ", " + gaps[i].Subject
			continue
		}
		gaps = append(gaps, fact.Gap{Kind: kind, Subject: f.What + " of " + called(p), Err: f.Err, About: p.ID})
	}
	return gaps
}

// kind tells why something of a process was not read. Whoever may open every
// process and is refused stands before a protected one.
func (t *tasks) kind(f wintask.Fault, d wintask.Detail) fact.GapKind {
	switch {
	case f.Gone():
		return fact.GapVanished
	case f.Denied() && (t.elevated || d.Protected != "" && f.What != wintask.User):
		return fact.GapProtected
	case f.Denied():
		return fact.GapPermission
	}
	return fact.GapOther
}

func called(p *fact.Process) string { return fmt.Sprintf("%s (PID %d)", p.Name, p.PID) }

// never is the time of what has not happened.
const never = ^uint64(0)

const since1601 = 11644473600 // seconds, to 1970

// ticks is wall time as a FILETIME.
func ticks(t time.Time) uint64 { return uint64(t.Unix()+since1601)*1e7 + uint64(t.Nanosecond()/100) }

// fileTime is a FILETIME as wall time.
func fileTime(t uint64) time.Time {
	return time.Unix(int64(t/1e7)-since1601, int64(t%1e7)*100).UTC()
}
