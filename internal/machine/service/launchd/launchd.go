// Package launchd tells which jobs of launchd the processes of a Mac belong to, what
// would start them again, and which sockets launchd opens for them.
//
// launchd itself answers by private messages only, and launchctl would be a process:
// the jobs are read from where launchd reads them, the property lists in the system's
// folders and the asker's own. A process names its job itself, in the variable
// XPC_SERVICE_NAME that launchd gives it, where its environment is open to the asker;
// else its program and arguments are held against the lists. Whether a job is loaded,
// and how it ended last, stays unknown: a gap names the command that tells. Jobs that
// an application carries inside its bundle are known by their name alone.
//
// It was never run on a Mac.
package launchd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/service/launchd/plist"
)

// Manager is the name of this manager in [fact.Unit].
const Manager = "launchd"

// byName is the evidence of a process that names its job.
const byName = "environment: " + NameVariable

// NameVariable is the variable by which a process knows its job.
const NameVariable = "XPC_SERVICE_NAME"

// Query says which jobs are wanted. The zero Query wants none.
type Query struct {
	Processes []fact.Process // holders and their ancestors
	Sockets   []fact.Socket
	Names     []string // jobs that are wanted by their labels
	All       bool     // wants every job that a list describes
}

func (q Query) empty() bool { return len(q.Processes) == 0 && len(q.Names) == 0 && !q.All }

// folder is where lists of jobs are.
type folder struct {
	path  string
	agent bool // of users, not of the system
}

// source is where everything comes from: the running Mac, or a test.
type source struct {
	folders []folder
	list    func(path string) ([]string, error) // names of a folder's files
	read    func(path string) ([]byte, error)
	resolve func(path string) string                   // without symbolic links
	port    func(proto fact.Proto, name string) uint16 // of a service's name, or 0
	uid     uint32                                     // of the asker
}

// reading is one Read under way.
type reading struct {
	source
	q     Query
	jobs  []job
	rows  map[fact.ID]bool
	owner map[int]fact.ID // PID → its job
	set   fact.Set
}

// Read yields Unit rows of the wanted jobs, with links PartOf and MainOf (process →
// the job it is of), StartedBy (process → the job whose process is its ancestor),
// ListensFor (socket → the job that launchd opened it for) and AdoptedBy (process →
// launchd, where it is no job's). Without root it cannot read other users'
// environments and lists; where that leaves a job unknown, it is
// [fact.GapPermission]. It blocks for reading some hundred small files. On other OSes
// nothing is read. The error is ctx's.
func Read(ctx context.Context, q Query) (fact.Set, error) {
	if q.empty() {
		return fact.Set{}, ctx.Err()
	}
	return read(ctx, q)
}

func (src source) reading(ctx context.Context, q Query) (fact.Set, error) {
	r := &reading{source: src, q: q, rows: map[fact.ID]bool{}, owner: map[int]fact.ID{}}
	if err := r.load(ctx); err != nil {
		return r.set, err
	}
	for i := range q.Processes {
		if p := &q.Processes[i]; p.PPID == 1 {
			r.child(p)
		}
	}
	for i := range q.Processes {
		r.descendant(&q.Processes[i])
	}
	for _, k := range q.Sockets {
		r.listens(k)
	}
	for _, j := range r.jobs {
		if q.All || slices.Contains(q.Names, j.label) {
			r.row(j)
		}
	}
	return r.set, ctx.Err()
}

// load reads the jobs that may be wanted.
func (r *reading) load(ctx context.Context) error {
	want := r.wanted()
	for _, f := range r.folders {
		names, err := r.list(f.path)
		if err != nil {
			r.gap(f.path, err)
			continue
		}
		for _, name := range names {
			if err := ctx.Err(); err != nil {
				return err
			}
			if strings.HasSuffix(name, ".plist") {
				r.file(f, name, want)
			}
		}
	}
	return nil
}

// file reads one list, where a look at its bytes says that it may be wanted.
func (r *reading) file(f folder, name string, want [][]byte) {
	path := f.path + "/" + name
	b, err := r.read(path)
	if err != nil {
		r.gap(path, err)
		return
	}
	if !r.q.All && !slices.ContainsFunc(want, func(w []byte) bool { return bytes.Contains(b, w) }) {
		return
	}
	d, err := plist.Parse(b)
	if err != nil {
		r.set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: path, Err: err.Error()})
		return
	}
	if j, ok := r.job(d, path, f.agent); ok {
		r.jobs = append(r.jobs, j)
	}
}

// gap notes what could not be read. A folder or a file that is not there is none.
func (r *reading) gap(path string, err error) {
	kind := fact.GapOther
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case errors.Is(err, fs.ErrPermission):
		kind = fact.GapPermission
	}
	r.set.AddGaps(fact.Gap{Kind: kind, Subject: path, Err: err.Error()})
}

// wanted are words of which a list must have one: labels, names of programs, and
// where launchd itself has a socket, sockets. In a binary list they stand as plainly
// as in XML.
func (r *reading) wanted() [][]byte {
	var words [][]byte
	add := func(s string) {
		if s != "" {
			words = append(words, []byte(s))
		}
	}
	for _, name := range r.q.Names {
		add(name)
	}
	for _, p := range r.q.Processes {
		if p.PPID != 1 {
			continue
		}
		if label, ok := labelOf(&p); ok {
			add(label)
		}
		add(base(p.Exe))
		if len(p.Args) > 0 {
			add(base(p.Args[0]))
		}
	}
	if slices.ContainsFunc(r.q.Sockets, func(k fact.Socket) bool { return k.PID == 1 }) {
		add("Sock")
	}
	return words
}

func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// labelOf is the job that a process says it is of. Applications that a person opened
// have a label too, which is no job's, and what a terminal starts has the label 0.
func labelOf(p *fact.Process) (label string, ok bool) {
	label = p.Env[NameVariable]
	return label, label != "" && label != "0" && !strings.HasPrefix(label, "application.")
}

// child ties a process that launchd is the parent of to its job.
func (r *reading) child(p *fact.Process) {
	label, named := labelOf(p)
	if j, evidence, note := r.find(p, label); evidence != "" {
		r.own(p, j, evidence, note)
		return
	}
	switch said := p.Env[NameVariable]; {
	case named: // its list is elsewhere: in the bundle of an application
		r.own(p, job{label: label, program: p.Exe, agent: p.UID != nil && *p.UID != 0, evidence: byName}, byName, "")
	case said == "0":
		r.link(p.ID, r.launchd(), fact.AdoptedBy, "parent process, and "+NameVariable+" of a terminal", "")
	case said == "" && p.UID != nil && *p.UID != r.uid && r.uid != 0:
		r.set.AddGaps(fact.Gap{Kind: fact.GapPermission, Subject: fmt.Sprintf("launchd's job of %s (PID %d)", p.Name, p.PID), About: p.ID,
			Hint: fmt.Sprintf("sudo launchctl procinfo %d", p.PID)})
	}
}

// find is the job of a process: the one that it names, else the one job whose
// arguments it has, or, likely, the one whose program it runs.
func (r *reading) find(p *fact.Process, label string) (j job, evidence, note string) {
	var same, runs []job
	for _, j := range r.jobs {
		switch {
		case label != "" && j.label == label:
			return j, byName, ""
		case len(p.Args) > 0 && slices.Equal(p.Args, j.args):
			same = append(same, j)
		case j.runs(r.source, p):
			runs = append(runs, j)
		}
	}
	switch {
	case p.Env[NameVariable] != "": // it knows better
	case len(same) == 1:
		return same[0], "parent process, and arguments of " + same[0].path, ""
	case len(same) == 0 && len(runs) == 1:
		return runs[0], "parent process, and program of " + runs[0].path, "likely"
	}
	return job{}, "", ""
}

// own ties a process to its job: as the main one where it runs the job's program, and
// not what a child of the job left behind.
func (r *reading) own(p *fact.Process, j job, evidence, note string) {
	if p.UID != nil {
		j.uid = p.UID
	}
	unit := r.row(j)
	r.owner[p.PID] = unit
	r.link(p.ID, unit, fact.PartOf, evidence, note)
	if !j.runs(r.source, p) {
		return
	}
	r.link(p.ID, unit, fact.MainOf, evidence, note)
	i := slices.IndexFunc(r.set.Units, func(u fact.Unit) bool { return u.ID == unit })
	if u := &r.set.Units[i]; u.MainPID == 0 {
		u.MainPID, u.Active = p.PID, "running"
	}
}

// descendant ties a process to the job of its nearest ancestor that has one.
func (r *reading) descendant(p *fact.Process) {
	if _, own := r.owner[p.PID]; own || p.PPID <= 1 {
		return
	}
	up := p
	for range len(r.q.Processes) {
		i := slices.IndexFunc(r.q.Processes, func(o fact.Process) bool { return o.PID == up.PPID })
		if i < 0 {
			return
		}
		up = &r.q.Processes[i]
		if unit, ok := r.owner[up.PID]; ok {
			r.link(p.ID, unit, fact.StartedBy, fmt.Sprintf("ancestor %s (%d)", up.Name, up.PID), "")
			return
		}
	}
}

// listens ties a socket that launchd has, or a job's process, to the job whose list
// asks for it.
func (r *reading) listens(k fact.Socket) {
	if !k.State.Serves() || k.PID <= 0 {
		return
	}
	owner := r.owner[k.PID]
	if k.PID != 1 && owner == "" {
		return
	}
	for _, j := range r.jobs {
		if (k.PID == 1 || j.id() == owner) && slices.ContainsFunc(j.listens, func(l fact.ListenOn) bool { return asks(l, k) }) {
			r.link(k.ID, r.row(j), fact.ListensFor, "Sockets of "+j.path, "")
		}
	}
}

// asks tells whether an entry of Sockets is for this socket.
func asks(l fact.ListenOn, k fact.Socket) bool {
	proto := fact.TCP
	if l.Kind == "Datagram" {
		proto = fact.UDP
	}
	return k.Proto == proto && l.Local == k.Local
}

func (r *reading) link(from, to fact.ID, kind fact.LinkKind, evidence, note string) {
	r.set.Links = append(r.set.Links, fact.Link{From: from, To: to, Kind: kind, Evidence: evidence, Note: note})
}

// launchd is the row of launchd itself, where it is among the processes.
func (r *reading) launchd() fact.ID {
	i := slices.IndexFunc(r.q.Processes, func(p fact.Process) bool { return p.PID == 1 })
	if i < 0 {
		return fact.ProcessID(1, 0)
	}
	return r.q.Processes[i].ID
}

// row makes the row of a job, once, with the gap of what its list does not say.
func (r *reading) row(j job) fact.ID {
	if r.rows[j.id()] {
		return j.id()
	}
	r.rows[j.id()] = true
	if j.uid == nil {
		j.uid = &r.uid
	}
	r.set.Units = append(r.set.Units, j.unit())
	domain := "system"
	if j.agent {
		domain = "gui/" + strconv.Itoa(int(*j.uid))
	}
	r.set.AddGaps(fact.Gap{Kind: fact.GapNoCall, Subject: "whether launchd has " + j.label + " loaded and enabled", About: j.id(),
		Hint: "launchctl print " + domain + "/" + j.label})
	return j.id()
}
