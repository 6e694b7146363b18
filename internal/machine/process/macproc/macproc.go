// Package macproc tells which processes of a Mac hold a socket, and what a process
// is.
//
// The socket table names one process for each socket: the one that last used it.
// Where the asker may look into that process, its descriptors are held against the
// socket's number, which is exact; several holders of one socket are found by walking
// over the descriptors of every process that is open to the asker. The process table
// shows everybody's processes by name, parent, start and user.
//
// It was written by the kernel's published sources and never run on a Mac: what it
// makes of the system's answers is tested on answers that were made up.
package macproc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/libproc"
)

// Query says whose holders are wanted.
type Query struct {
	Sockets []fact.Socket // of the reader of sockets
	// All looks into every process that is open to the asker; else only sockets whose
	// last user does not have them any more are searched for.
	All bool
	// KeepEnv tells which variables of an environment are kept.
	KeepEnv func(name string) bool
}

// Evidence of what each source says.
const (
	byTable       = "sysctl kern.proc"
	byDescriptors = "proc_pidfdinfo"
)

// maxArgs bounds the arguments and the environment of one process.
const maxArgs = 128 << 10

// calls are the ways to the system; tests put others in their place.
type calls struct {
	table   func() (all []libproc.Process, whole bool, err error)
	inform  func(pid int) (libproc.Info, error)
	path    func(pid int) (string, error)
	folder  func(pid int) (string, error)
	args    func(pid, limit int, keep func(string) bool) (path string, args []string, env map[string]string, whole bool, err error)
	sockets func(pid int) ([]int, error)
	socket  func(pid, fd int) (libproc.Socket, error)
	session func(pid int) int
	user    func(uid uint32) string
	// device is the number of a device by its path, or 0.
	device func(path string) int32
	uid    uint32 // of the asker
}

// reading is one question under way.
type reading struct {
	calls
	q      Query
	all    []libproc.Process
	byPID  map[int]libproc.Process
	row    map[int]int // PID → index of set.Processes
	asked  map[int]bool
	linked map[int]bool // PIDs whose parents are read
	users  map[uint32]string
	opened map[int]opened
	set    fact.Set
}

// holders finds who has q.Sockets; see Holders.
func holders(ctx context.Context, q Query, from calls) (fact.Set, error) {
	if !slices.ContainsFunc(q.Sockets, held) {
		return fact.Set{}, ctx.Err()
	}
	r, ok := begin(q, from)
	if !ok {
		return r.set, ctx.Err()
	}
	err := r.hold(ctx)
	return r.set, err
}

// describe reads the rows of pids; see Describe.
func describe(ctx context.Context, q Query, from calls, pids []int) (fact.Set, error) {
	r, ok := begin(q, from)
	if !ok {
		return r.set, ctx.Err()
	}
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return r.set, err
		}
		if _, there := r.byPID[pid]; !there {
			r.set.AddGaps(fact.Gap{Kind: fact.GapVanished, Subject: fmt.Sprintf("PID %d", pid)})
			continue
		}
		r.family(pid)
	}
	return r.set, nil
}

// begin reads the process table.
func begin(q Query, from calls) (*reading, bool) {
	r := &reading{calls: from, q: q, row: map[int]int{}, asked: map[int]bool{}, linked: map[int]bool{}, users: map[uint32]string{}, opened: map[int]opened{}}
	var whole bool
	var err error
	if r.all, whole, err = from.table(); err != nil {
		r.set.AddGaps(fact.Gap{Kind: kindOf(err), Subject: "process table", Err: err.Error()})
		return r, false
	}
	if !whole {
		r.set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: "process table"})
	}
	r.byPID = make(map[int]libproc.Process, len(r.all))
	for _, p := range r.all {
		r.byPID[p.PID] = p
	}
	return r, true
}

// kindOf names why something could not be read.
func kindOf(err error) fact.GapKind {
	switch {
	case libproc.Denied(err):
		return fact.GapPermission
	case libproc.Gone(err):
		return fact.GapVanished
	case libproc.Absent(err):
		return fact.GapNoCall
	}
	return fact.GapOther
}

// family reads a process that is asked for, and its ancestors.
func (r *reading) family(pid int) fact.ID {
	id := r.process(pid, true)
	for child := r.byPID[pid]; !r.linked[child.PID]; {
		r.linked[child.PID] = true
		up, ok := r.parent(child)
		if !ok {
			break
		}
		r.set.Links = append(r.set.Links, fact.Link{From: idOf(child), To: r.process(up.PID, false), Kind: fact.ChildOf, Evidence: byTable})
		child = up
	}
	return id
}

// parent is the process above child; the kernel's own stands above launchd and is
// nobody's.
func (r *reading) parent(child libproc.Process) (libproc.Process, bool) {
	p, ok := r.byPID[child.Parent]
	return p, ok && p.PID > 0 && p.PID != child.PID && !p.Start.After(child.Start)
}

func idOf(p libproc.Process) fact.ID {
	if p.Start.IsZero() {
		return fact.ProcessID(p.PID, 0)
	}
	return fact.ProcessID(p.PID, uint64(p.Start.UnixMicro()))
}

// process reads one row. Of an ancestor nothing is missed: who it is suffices.
func (r *reading) process(pid int, asked bool) fact.ID {
	k := r.byPID[pid]
	i, have := r.row[pid]
	if have && (r.asked[pid] || !asked) {
		return r.set.Processes[i].ID
	}
	p := r.basic(k)
	if !p.Kernel && k.Status != libproc.Zombie {
		r.detail(&p, k, asked)
	}
	r.asked[pid] = asked
	if have {
		r.set.Processes[i] = p
		return p.ID
	}
	r.row[pid] = len(r.set.Processes)
	r.set.Processes = append(r.set.Processes, p)
	return p.ID
}

// basic is what the table alone tells of a process.
func (r *reading) basic(k libproc.Process) fact.Process {
	const longest = 16
	uid := k.UID
	p := fact.Process{ID: idOf(k), PID: k.PID, Name: k.Name, NameCut: len(k.Name) == longest, Start: k.Start.Truncate(time.Second),
		UID: &uid, User: r.userOf(uid), State: stateOf(k), Kernel: k.PID == 0, Evidence: byTable,
		Terminal: r.terminal(k.Terminal), Session: r.session(k.PID)}
	if up, ok := r.parent(k); ok {
		p.PPID = up.PID
	}
	return p
}

func stateOf(k libproc.Process) string {
	switch {
	case k.Status == libproc.Zombie:
		return "zombie"
	case k.Status == libproc.Stopped && k.Traced:
		return "traced"
	case k.Status == libproc.Stopped:
		return "stopped"
	}
	return "running"
}

func (r *reading) userOf(uid uint32) string {
	name, known := r.users[uid]
	if !known {
		name = r.user(uid)
		r.users[uid] = name
	}
	return name
}

// terminal names a device. Those that people type into are numbered.
func (r *reading) terminal(number int32) string {
	if number == libproc.NoDevice || number == 0 {
		return ""
	}
	for _, name := range [...]string{fmt.Sprintf("ttys%03d", number&0xffffff), "console"} {
		if r.device("/dev/"+name) == number {
			return name
		}
	}
	return ""
}

// missed is one thing of a process that could not be read.
type missed struct {
	what string
	kind fact.GapKind
	err  error
}

// detail fills in what a process tells of itself.
func (r *reading) detail(p *fact.Process, k libproc.Process, asked bool) {
	var all []missed
	miss := func(what string, err error) { all = append(all, missed{what, kindOf(err), err}) }
	if i, err := r.inform(p.PID); err == nil {
		if !i.Start.Equal(k.Start) {
			r.set.AddGaps(fact.Gap{Kind: fact.GapPIDReused, Subject: called(p), About: p.ID})
			return
		}
		if strings.HasPrefix(i.Name, p.Name) {
			p.Name, p.NameCut = i.Name, p.NameCut && len(i.Name) == len(p.Name)
		}
	}
	path, pathErr := r.path(p.PID)
	named, args, env, whole, err := r.args(p.PID, maxArgs, r.q.KeepEnv)
	switch {
	case err == nil:
		p.Args, p.Env = args, env
		if !whole && asked {
			r.set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: "command line of " + called(p), About: p.ID})
		}
	case errors.Is(err, syscall.EINVAL) && r.uid != 0 && r.uid != k.UID: // how this one call refuses
		all = append(all, missed{"command line", fact.GapPermission, nil})
	default:
		miss("command line", err)
	}
	switch {
	case pathErr == nil:
		p.Exe = path
	case errors.Is(pathErr, syscall.ENOENT):
		p.Exe, p.ExeState = named, "deleted"
	default:
		miss("executable", pathErr)
	}
	if base := p.Exe[strings.LastIndexByte(p.Exe, '/')+1:]; p.NameCut && strings.HasPrefix(base, p.Name) {
		p.Name, p.NameCut = base, false
	}
	if p.Cwd, err = r.folder(p.PID); err != nil {
		miss("current folder", err)
	}
	if asked {
		r.set.AddGaps(gapsOf(p, all)...)
	}
}

// gapsOf makes one gap of everything that was missed for one reason.
func gapsOf(p *fact.Process, all []missed) []fact.Gap {
	var gaps []fact.Gap
	for _, m := range all {
		i := slices.IndexFunc(gaps, func(g fact.Gap) bool { return g.Kind == m.kind })
		if i >= 0 {
			gaps[i].Subject = m.what + ", " + gaps[i].Subject
			continue
		}
		g := fact.Gap{Kind: m.kind, Subject: m.what + " of " + called(p), About: p.ID}
		if m.err != nil && m.kind != fact.GapPermission {
			g.Err = m.err.Error()
		}
		gaps = append(gaps, g)
	}
	return gaps
}

func called(p *fact.Process) string { return fmt.Sprintf("%s (PID %d)", p.Name, p.PID) }
