package process

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/procfs"
)

// Bounds of what one process may make us keep.
const (
	maxArgs = 128 << 10
	// What all command lines together may take; beyond it each is cut short, so
	// that many long ones cannot make an answer, or a snapshot, of any size.
	maxAllArgs = 8 << 20
	shortArgs  = 4 << 10
	maxEnv     = 1 << 20
	maxText    = 64 << 10 // stat, status, cgroup
)

// Describe reads the rows of pids and of their ancestors up to PID 1, with
// ChildOf links. A PID that is a thread gets a row that says so. It needs no
// privilege for one's own processes; of others' the executable, folder and
// environment are a gap without CAP_SYS_PTRACE. A PID that is not there is
// [fact.GapVanished]. It blocks only for the reads of /proc and /etc/passwd.
func Describe(ctx context.Context, pids ...int) (fact.Set, error) {
	d := newDescriber("/proc", "/etc/passwd")
	for _, pid := range pids {
		if err := ctx.Err(); err != nil {
			return d.done(), err
		}
		p, err := d.family(pid)
		if err != nil {
			d.lost(pid, err)
			continue
		}
		d.asked[p.ID] = true
	}
	return d.done(), nil
}

// describer gathers rows; each process is read once.
type describer struct {
	proc, passwd string
	boot         time.Time
	self         self
	row          map[int]int // PID → index of set.Processes
	buf, linkBuf []byte
	linked       map[int]bool // PIDs whose parents are read
	asked        map[fact.ID]bool
	args         int // bytes of command lines read so far
	set          fact.Set
	gaps         []fact.Gap
}

// done returns what was gathered, with the names of users.
func (d *describer) done() fact.Set {
	d.names()
	by := d.bystanders()
	d.set.AddGaps(slices.DeleteFunc(d.gaps, func(g fact.Gap) bool { return g.Kind == fact.GapPermission && by[g.About] })...)
	d.gaps = nil
	return d.set
}

// bystanders are the processes that are in the set as ancestors alone: of those,
// name, command line and user suffice, which are open to everybody.
func (d *describer) bystanders() map[fact.ID]bool {
	ancestor := map[fact.ID]bool{}
	for _, l := range d.set.Links {
		if l.Kind == fact.ChildOf && !d.asked[l.To] {
			ancestor[l.To] = true
		}
	}
	for _, l := range d.set.Links {
		if l.Kind != fact.ChildOf {
			delete(ancestor, l.To)
		}
	}
	return ancestor
}

// self is the reader's own place, which rows are compared with.
type self struct{ net, user, pid uint64 }

func newDescriber(proc, passwd string) *describer {
	d := &describer{proc: proc, passwd: passwd, boot: bootTime(), row: map[int]int{}, linked: map[int]bool{}, asked: map[fact.ID]bool{},
		buf: make([]byte, 4<<10), linkBuf: make([]byte, 4<<10)}
	fd, err := unix.Open(proc+"/self", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return d
	}
	me := folder{fd: fd}
	defer me.close()
	d.self.net, _ = me.namespace("net", d.linkBuf)
	d.self.user, _ = me.namespace("user", d.linkBuf)
	d.self.pid, _ = me.namespace("pid", d.linkBuf)
	return d
}

// bootTime is the wall time of the moment that start ticks count from.
func bootTime() time.Time {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(now.Nano()))
}

// family reads a process and its ancestors.
func (d *describer) family(pid int) (*fact.Process, error) {
	p, err := d.process(pid)
	if err != nil {
		return nil, err
	}
	for child := *p; child.PPID > 0 && !d.linked[child.PID]; {
		d.linked[child.PID] = true
		parent, err := d.process(child.PPID)
		if err != nil {
			d.lost(child.PPID, err)
			break
		}
		d.set.Links = append(d.set.Links, fact.Link{From: child.ID, To: parent.ID, Kind: fact.ChildOf, Evidence: d.path(child.PID, "stat")})
		child = *parent
	}
	return &d.set.Processes[d.row[pid]], nil
}

// process reads one row, or returns the one that was read.
func (d *describer) process(pid int) (*fact.Process, error) {
	if i, ok := d.row[pid]; ok {
		return &d.set.Processes[i], nil
	}
	f, err := openFolder(d.proc, pid)
	if err != nil {
		return nil, err
	}
	defer f.close()
	p, err := d.read(f)
	if err != nil {
		return nil, err
	}
	d.row[pid] = len(d.set.Processes)
	d.set.Processes = append(d.set.Processes, p)
	return &d.set.Processes[d.row[pid]], nil
}

func (d *describer) read(f folder) (fact.Process, error) {
	b, _, err := f.read("stat", d.buf, maxText)
	if err != nil {
		return fact.Process{}, err
	}
	stat, ok := procfs.ParseStat(b)
	if !ok {
		return fact.Process{}, unix.EBADMSG
	}
	p := fact.Process{
		ID: fact.ProcessID(f.pid, stat.Start), PID: f.pid, PPID: stat.PPID, Name: stat.Comm,
		State: state(stat.State), Terminal: procfs.Terminal(stat.TTY), Session: stat.Session,
		Kernel: stat.Kernel(), Evidence: d.path(f.pid, ""),
		Linux: &fact.LinuxProcess{StartTicks: stat.Start},
	}
	if !d.boot.IsZero() {
		p.Start = d.boot.Add(time.Duration(stat.Start) * 10 * time.Millisecond).Truncate(time.Second)
	}
	d.status(f, &p)
	d.texts(f, &p)
	if !p.Kernel && p.State != "zombie" {
		d.closed(f, &p)
	}
	return p, nil
}

func state(letter byte) string {
	switch letter {
	case 'T':
		return "stopped"
	case 't':
		return "traced"
	case 'Z', 'X':
		return "zombie"
	}
	return "running"
}

func (d *describer) status(f folder, p *fact.Process) {
	b, _, err := f.read("status", d.buf, maxText)
	if err != nil {
		d.gap(p, "status", err)
		return
	}
	s := procfs.ParseStatus(b)
	if s.HasUID {
		p.UID = &s.UID
	}
	p.Linux.NoNewPrivs, p.Linux.CapEff = s.NoNewPrivs, s.CapEff
	if s.Tgid != 0 && s.Tgid != f.pid {
		p.Linux.ThreadOf = s.Tgid
	}
	if len(s.NSPID) > 1 {
		p.Linux.NSPID = s.NSPID[len(s.NSPID)-1]
	}
}

// texts reads what is open to everybody.
func (d *describer) texts(f folder, p *fact.Process) {
	limit := maxArgs
	if d.args > maxAllArgs {
		limit = shortArgs
	}
	b, whole, err := f.read("cmdline", d.buf, limit)
	d.args += len(b)
	if err != nil {
		d.gap(p, "cmdline", err)
	} else if !whole {
		d.truncated(p, "cmdline")
	}
	p.Args = procfs.ParseArgs(b)
	b, _, err = f.read("cgroup", d.buf, maxText)
	if err != nil {
		d.gap(p, "cgroup", err)
		return
	}
	p.Linux.Cgroup = procfs.ParseCgroups(b).Naming()
}

// closed reads what only the process's user and a tracer may see.
func (d *describer) closed(f folder, p *fact.Process) {
	if err := d.executable(f, p); err != nil {
		d.gap(p, "exe", err)
		return
	}
	if cwd, err := f.link("cwd", d.linkBuf); err != nil {
		d.gap(p, "cwd", err)
	} else {
		p.Cwd = strings.TrimSuffix(string(cwd), deletedMark)
	}
	b, whole, err := f.read("environ", d.buf, maxEnv)
	if err != nil {
		d.gap(p, "environ", err)
	} else if !whole {
		d.truncated(p, "environ")
	}
	p.Env = procfs.ParseEnv(b, keepEnv)
	d.namespaces(f, p)
}

func (d *describer) namespaces(f folder, p *fact.Process) {
	net, err := f.namespace("net", d.linkBuf)
	if err != nil {
		d.gap(p, "ns/net", err)
	} else if d.self.net != 0 && net != d.self.net {
		p.Linux.Netns = net
	}
	if user, err := f.namespace("user", d.linkBuf); err == nil {
		p.Linux.UserNS = d.self.user != 0 && user != d.self.user
	}
	if p.Linux.NSPID == 0 {
		return
	}
	if pidns, err := f.namespace("pid", d.linkBuf); err == nil && d.self.pid != 0 && pidns != d.self.pid {
		p.Linux.PIDNS = pidns
	}
}

// deletedMark is what the kernel appends to the name of a file that is gone.
const deletedMark = " (deleted)"

// executable reads the path of the program. A name that ends with the mark may
// be a file's true name, so the file that stands there decides.
func (d *describer) executable(f folder, p *fact.Process) error {
	target, err := f.link("exe", d.linkBuf)
	if err != nil {
		return err
	}
	p.Exe = string(target)
	bare, marked := bytes.CutSuffix(target, []byte(deletedMark))
	if !marked {
		return nil
	}
	var running, there unix.Stat_t
	if err := unix.Fstatat(f.fd, "exe", &running, 0); err != nil {
		return err
	}
	if err := unix.Fstatat(f.fd, "root"+p.Exe, &there, 0); err == nil && there.Ino == running.Ino && there.Dev == running.Dev {
		return nil
	}
	p.Exe, p.ExeState = string(bare), "deleted"
	if err := unix.Fstatat(f.fd, "root"+p.Exe, &there, 0); err == nil {
		p.ExeState = "replaced"
	}
	return nil
}

func (d *describer) path(pid int, name string) string {
	path := d.proc + "/" + strconv.Itoa(pid)
	if name != "" {
		path += "/" + name
	}
	return path
}

// gap says what of a process could not be read. A process without a program
// (one that is just ending) is no gap.
func (d *describer) gap(p *fact.Process, name string, err error) {
	kind := fact.GapOther
	switch {
	case gone(err):
		kind = fact.GapVanished
	case refused(err):
		kind = fact.GapPermission
	}
	d.gaps = append(d.gaps, fact.Gap{Kind: kind, Subject: d.path(p.PID, name), Err: err.Error(), About: p.ID})
}

func (d *describer) truncated(p *fact.Process, name string) {
	d.gaps = append(d.gaps, fact.Gap{Kind: fact.GapTruncated, Subject: d.path(p.PID, name), About: p.ID})
}

// lost says that a process could not be read at all.
func (d *describer) lost(pid int, err error) { d.gaps = append(d.gaps, d.lostGap(pid, err)) }

// lostGap: a process that is not there has ended, or hidepid hides it.
func (d *describer) lostGap(pid int, err error) fact.Gap {
	g := fact.Gap{Kind: fact.GapVanished, Subject: d.path(pid, ""), Err: err.Error()}
	switch {
	case d.hidden():
		g.Kind = fact.GapHidepid
	case refused(err):
		g.Kind = fact.GapPermission
	case !gone(err):
		g.Kind = fact.GapOther
	}
	return g
}

// hidden tells that /proc is mounted with hidepid: PID 1 is always there, and its
// stat open to everybody but under hidepid.
func (d *describer) hidden() bool {
	f, err := openFolder(d.proc, 1)
	if err != nil {
		return true
	}
	defer f.close()
	_, _, err = f.read("stat", d.buf, maxText)
	return err != nil
}
