package scm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// Evidence of what the manager and the registry say.
const (
	byList     = "EnumServicesStatusEx"
	byConfig   = "QueryServiceConfig"
	byRegistry = `registry HKLM\SYSTEM\CurrentControlSet\Services`
	byTag      = "I_QueryTagInformation"

	byDepend     = "DependOnService"
	byDependents = "EnumDependentServices"
)

// Rights that are asked for by opening alone.
const (
	rightStop   = 0x20
	rightChange = 0x02
)

// source is where everything comes from: the running Windows, or a test.
type source struct {
	list   func() ([]status, error)
	answer func(name string) (answer, error)
	// record is a service's key in the registry, dependsOn the one value of it, of
	// every service there is, that tells dependents.
	record     func(name string) (record, error)
	dependsOn  func() (map[string][]string, error)
	dependents func(name string) ([]string, error)
	// may tells whether the asker may open a service with a right.
	may func(name string, right uint32) (bool, error)
	tag func(pid, tag uint32) (string, error)
}

// answer is what the manager says of one service; nil is not known.
type answer struct {
	config
	delayed, triggered *bool
	restart            string
}

// record is what the registry says of one service.
type record struct {
	start              *uint32
	path, account      string
	delayed, triggered bool
	depends            []string // groups have a + in front
}

// errDenied is what source's functions wrap where a right is missing.
var errDenied = errors.New("access denied")

// errAbsent is what source's functions wrap where there is no such call.
var errAbsent = errors.New("no such call")

// reading is one Read under way.
type reading struct {
	source
	q        Query
	set      fact.Set
	services map[string]status  // by lower-case name
	byPID    map[int][]string   // lower-case names
	rows     map[string]int     // by lower-case name: index in set.Units
	wanted   []string           // lower-case names, in the order they were found
	spelled  map[string]string  // names of services that are not there, by lower-case name
	depends  map[[2]fact.ID]int // index in set.Links of the links DependsOn
}

func (src source) read(ctx context.Context, q Query) (fact.Set, error) {
	r := &reading{source: src, q: q, services: map[string]status{}, byPID: map[int][]string{}, rows: map[string]int{},
		spelled: map[string]string{}, depends: map[[2]fact.ID]int{}}
	all, err := src.list()
	if err != nil {
		r.gap("service control manager", err, "")
	}
	if len(all) == 0 {
		return r.set, ctx.Err()
	}
	for _, s := range all {
		key := strings.ToLower(s.name)
		r.services[key] = s
		if s.pid != 0 {
			r.byPID[int(s.pid)] = append(r.byPID[int(s.pid)], key)
		}
	}
	r.hosts()
	for _, name := range q.Names {
		r.want(strings.ToLower(name))
	}
	kernel := q.All || slices.ContainsFunc(q.Processes, kernelHost)
	if kernel {
		r.want(strings.ToLower(HTTP))
	}
	r.makers()
	err = r.details(ctx, kernel)
	if q.All {
		for _, s := range all {
			r.dependencies(strings.ToLower(s.name))
		}
	}
	return r.set, err
}

// kernelHost tells whether a process is the kernel, or what stands for it under
// Wine.
func kernelHost(p fact.Process) bool { return p.Kernel || strings.EqualFold(p.Name, "winedevice.exe") }

func (r *reading) gap(subject string, err error, about fact.ID) {
	kind := fact.GapOther
	switch {
	case errors.Is(err, errDenied):
		kind = fact.GapPermission
	case errors.Is(err, errAbsent):
		kind = fact.GapNoCall
	}
	r.set.AddGaps(fact.Gap{Kind: kind, Subject: subject, Err: err.Error(), About: about})
}

func (r *reading) link(from, to fact.ID, kind fact.LinkKind, evidence, note string) {
	r.set.Links = append(r.set.Links, fact.Link{From: from, To: to, Kind: kind, Evidence: evidence, Note: note})
}

func (r *reading) want(key string) {
	if _, there := r.services[key]; there && !slices.Contains(r.wanted, key) {
		r.wanted = append(r.wanted, key)
		r.row(key)
	}
}

// hosts ties processes to the services that live in them, or that they were
// started by.
func (r *reading) hosts() {
	parent := make(map[int]int, len(r.q.Processes))
	names := make(map[int]string, len(r.q.Processes))
	for _, p := range r.q.Processes {
		parent[p.PID], names[p.PID] = p.PPID, p.Name
	}
	program := func(pid int) string { return strings.ToLower(names[pid]) }
	for _, p := range r.q.Processes {
		inside := r.byPID[p.PID]
		for _, key := range inside {
			r.want(key)
			r.link(p.ID, r.id(key), fact.PartOf, fmt.Sprintf("%s, PID %d", byList, p.PID), "")
		}
		if len(inside) > 0 || p.PID == 0 {
			continue
		}
		if up := r.starter(p.PPID, parent); up != 0 && starts(program(up)) {
			key := r.byPID[up][0]
			r.want(key)
			r.link(p.ID, r.id(key), fact.StartedBy, fmt.Sprintf("ancestor %s (%d)", program(up), up), "")
		}
	}
}

// starter is the nearest of pid and its ancestors that is the program of one
// service alone, or 0.
func (r *reading) starter(pid int, parent map[int]int) int {
	for range len(parent) {
		if names := r.byPID[pid]; len(names) > 0 {
			if len(names) == 1 && r.services[names[0]].kind&ownProcess != 0 {
				return pid
			}
			return 0
		}
		if pid = parent[pid]; pid == 0 {
			return 0
		}
	}
	return 0
}

// starts tells whether a program's children work for its service: not those of the
// system's hosts, which start whatever they are told to, nor an SSH login.
func starts(program string) bool {
	switch program {
	case "svchost.exe", "lsass.exe", "services.exe", "sshd.exe", "wmiprvse.exe", "":
		return false
	}
	return true
}

// tagged is a service tag inside a process.
type tagged struct{ pid, tag uint32 }

// makers ties sockets to the service that the system names as their maker: by the
// module of the socket table, and by the tag of the thread that bound it.
func (r *reading) makers() {
	asked := map[tagged]string{}
	for _, k := range r.q.Sockets {
		w := k.Windows
		if w == nil || k.PID <= 0 {
			continue
		}
		byName := map[string]string{}
		if r.lives(w.Module, k.PID) {
			byName[strings.ToLower(w.Module)] = cmp.Or(k.Evidence, "socket table") + ", owner module"
		}
		if name := r.tagged(k, asked); r.lives(name, k.PID) {
			key := strings.ToLower(name)
			byName[key] = strings.TrimPrefix(fmt.Sprintf("%s; %s, service tag %d", byName[key], byTag, w.Tag), "; ")
		}
		for _, key := range slices.Sorted(maps.Keys(byName)) {
			r.want(key)
			r.link(k.ID, r.id(key), fact.CreatedIn, byName[key], "")
		}
	}
}

// tagged is the name of the service that has a socket's tag, asked once for each.
func (r *reading) tagged(k fact.Socket, asked map[tagged]string) string {
	at := tagged{uint32(k.PID), k.Windows.Tag}
	name, known := asked[at]
	if at.tag == 0 || known {
		return name
	}
	name, err := r.tag(at.pid, at.tag)
	if err != nil {
		r.gap(fmt.Sprintf("service tag %d of PID %d", at.tag, at.pid), err, k.ID)
	}
	asked[at] = name
	return name
}

// lives tells whether name is a service in a process.
func (r *reading) lives(name string, pid int) bool {
	return name != "" && slices.Contains(r.byPID[pid], strings.ToLower(name))
}

func (r *reading) id(key string) fact.ID {
	if s, there := r.services[key]; there {
		return fact.UnitID(Manager, s.name)
	}
	return fact.UnitID(Manager, cmp.Or(r.spelled[key], key))
}

// row makes the row of a service, once, of what the list and the registry say.
func (r *reading) row(key string) *fact.Unit {
	if i, have := r.rows[key]; have {
		return &r.set.Units[i]
	}
	s, there := r.services[key]
	u := fact.Unit{ID: r.id(key), Manager: Manager, Name: cmp.Or(r.spelled[key], key), Load: "not-found", Evidence: byRegistry, Windows: &fact.WindowsService{}}
	if there {
		u.Name, u.Description, u.Load, u.Evidence = s.name, s.display, "", byList
		u.Active, u.MainPID = stateWord(s.state), int(s.pid)
		u.Windows.Kind = kindWord(s.kind)
		if s.state == stopped {
			u.ExitStatus = exitCode(s.exit, s.exitOwn)
		} else {
			accepts := s.controls&acceptsStop != 0
			u.Windows.AcceptsStop = &accepts
		}
		r.registered(&u, s)
	}
	r.rows[key] = len(r.set.Units)
	r.set.Units = append(r.set.Units, u)
	return &r.set.Units[r.rows[key]]
}

// registered fills in what a service's key says.
func (r *reading) registered(u *fact.Unit, s status) {
	rec, err := r.record(s.name)
	if errors.Is(err, fs.ErrNotExist) {
		return // made by the system for a while, or just deleted
	}
	if err != nil {
		r.gap(byRegistry+`\`+s.name, err, u.ID)
		return
	}
	u.Evidence += ", registry"
	u.Windows.Start, u.Windows.Delayed, u.Windows.Triggered = rec.start, rec.delayed, rec.triggered
	u.Windows.DependsOn, u.ExecStart = rec.depends, rec.path
	if !driver(s.kind) {
		u.User = rec.account
	}
}
