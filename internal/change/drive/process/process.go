// Package process ends, stops and continues one process.
//
// A process is its PID and its start: a PID that another process has by now reads as
// gone. Another program under the same PID and start (exec) reads with its own "exe"
// and is never signalled. Both are looked at once more after a handle of the process
// was taken and right before each signal; a program that changes itself in the
// microseconds between cannot be seen.
//
// Linux signals by pidfd (5.3; before, by number), macOS by number, Windows by handle.
// To be asked to end is SIGTERM. Windows has no such signal: a program's windows are
// sent WM_CLOSE, as taskkill does; a program without a window cannot be asked (a
// console's Ctrl+Break reaches only the processes of the asker's own console), and
// nothing is left but to kill it.
//
// Own processes need no privilege, others' need root, CAP_KILL or an administrator:
// else errors are an [io/fs.ErrPermission]. A process that has ended does not come
// back: setting it to anything else is a [plan.ErrFinal].
package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/berthd/berth/internal/answer/plan"
	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/process"
)

// The values of the field "state".
const (
	Running = "running"
	Stopped = "stopped"
	Gone    = "gone"
)

// Errors that say why a process was not signalled.
var (
	// ErrNever: nobody is to signal it: PID 0, 1 and Windows' 4, kernel threads,
	// protected and critical processes, berth itself, what it was started by.
	ErrNever = errors.New("is never signalled")
	// ErrOther: another program runs under the same PID and start.
	ErrOther = errors.New("is another program by now")
)

// How long things may take; Of["grace"] has its own.
const (
	defaultGrace = 10 * time.Second
	killed       = 5 * time.Second // until a killed process is gone
	turned       = 2 * time.Second // until one has stopped or goes on
	orphaned     = time.Second     // children that end after their parent
)

// Driver knows processes. It keeps nothing.
type Driver struct{ on machine }

// New returns the driver of this machine.
func New() Driver { return Driver{live()} }

// machine is all that the driver asks of the system, and does to it.
type machine struct {
	describe func(ctx context.Context, pids ...int) (fact.Set, error)
	open     func(pid int) (handle, error)
	// sharers are the descendants of a process that have its Internet sockets.
	sharers  func(ctx context.Context, pid int) []int
	critical func(pid int) bool // the system ends with it
	reserved []int              // PIDs that are never signalled
	self     int
	leader   int // of the session that berth runs in, 0 where there is none
}

func live() machine {
	m := system()
	m.describe = process.Describe
	return m
}

// act is what is done to a process.
type act int

const (
	ask act = iota // to end
	kill
	pause
	resume
)

// handle is one process, and no other that gets its PID later.
type handle interface {
	// send does it; errNoWay where the system or the program has no way for it, and
	// errEnded where the process is no more.
	send(a act) error
	// await waits until the process has ended, at most d.
	await(ctx context.Context, d time.Duration) (ended bool, err error)
	close()
}

var (
	errEnded = errors.New("has ended")
	errNoWay = errors.New("cannot be asked to end")
)

// Read tells what the process is like now; a PID that another process has reads as
// gone. It blocks for the reads of the process table alone.
func (d Driver) Read(ctx context.Context, s plan.Subject) (plan.State, error) {
	id, err := identify(s)
	if err != nil {
		return nil, err
	}
	_, state, err := d.look(ctx, id)
	return state, err
}

// Set makes the process "gone", "stopped" or "running"; nothing else can be set. Gone
// is asked for, and Of["grace"] long waited for; with Of["force"] "yes" the process is
// then killed, else the error is [plan.ErrAlive]. Descendants that go on with the same
// Internet sockets (Linux) are a [*HeirsError], or with Of["children"] "yes" end in the
// same way. A job that is stopped is continued so that it can end. Windows cannot stop
// a process. It blocks until the state is there, and for the times in Of at most.
func (d Driver) Set(ctx context.Context, s plan.Subject, before, to plan.State) error {
	id, err := identify(s)
	if err != nil {
		return err
	}
	want, err := wanted(to)
	if err != nil {
		return err
	}
	if err := d.forbidden(ctx, id.pid); err != nil {
		return err
	}
	t, err := d.take(ctx, id, before)
	if errors.Is(err, errEnded) {
		return absent(id, want, before)
	}
	if err != nil {
		return err
	}
	defer t.h.close()
	return t.become(ctx, want)
}

// wanted is the one field that can be set.
func wanted(to plan.State) (string, error) {
	for k, v := range to {
		if k != "state" {
			return "", fmt.Errorf("%s of a process cannot be set", k)
		}
		if v != Running && v != Stopped && v != Gone {
			return "", fmt.Errorf("a process cannot be made %q", v)
		}
	}
	if len(to) == 0 {
		return "", errors.New("nothing to set of a process")
	}
	return to["state"], nil
}

// absent is the answer about a process that is no more.
func absent(id identity, want string, before plan.State) error {
	if want == Gone {
		return nil
	}
	return fmt.Errorf("PID %d has ended and %w: it was %s, in folder %s, as user %s",
		id.pid, plan.ErrFinal, known(before["command"]), known(before["cwd"]), known(before["user"]))
}

func known(text string) string {
	if text == "" {
		return "(not known)"
	}
	return text
}

// identity is a process and how it is to end.
type identity struct {
	pid      int
	start    string // digits, "" = not told
	grace    time.Duration
	force    bool
	children bool
}

func identify(s plan.Subject) (identity, error) {
	id := identity{start: s.Of["start"], grace: defaultGrace, force: s.Of["force"] == "yes", children: s.Of["children"] == "yes"}
	pid, err := strconv.ParseInt(s.Name, 10, 32)
	if s.Kind != plan.Process || err != nil || pid < 0 {
		return id, fmt.Errorf("%s %q is no process", s.Kind, s.Name)
	}
	id.pid = int(pid)
	if text := s.Of["grace"]; text != "" {
		if id.grace, err = time.ParseDuration(text); err != nil || id.grace < 0 {
			return id, fmt.Errorf("grace %q is no time", text)
		}
	}
	return id, nil
}

// is tells whether a row is of the process that is meant.
func (id identity) is(p fact.Process) bool {
	_, start, _ := strings.Cut(string(p.ID), "@")
	return id.start == "" || id.start == start
}

// look reads one process and what it is like.
func (d Driver) look(ctx context.Context, id identity) (fact.Process, plan.State, error) {
	set, err := d.on.describe(ctx, id.pid)
	if err != nil {
		return fact.Process{}, nil, err
	}
	for _, p := range set.Processes {
		switch {
		case p.PID != id.pid:
		case !id.is(p):
			return p, plan.State{"state": Gone, "note": "reused"}, nil
		case p.Linux != nil && p.Linux.ThreadOf != 0:
			return p, nil, fmt.Errorf("%d is a thread of PID %d", id.pid, p.Linux.ThreadOf)
		default:
			return p, d.state(ctx, p), nil
		}
	}
	return fact.Process{}, plan.State{"state": Gone}, missing(id.pid, set.Gaps)
}

// missing tells why a process has no row: nil where it is not there.
func missing(pid int, gaps []fact.Gap) error {
	for _, g := range gaps {
		switch g.Kind {
		case fact.GapVanished, fact.GapPIDReused:
			return nil
		case fact.GapHidepid, fact.GapPermission, fact.GapProtected:
			return fmt.Errorf("PID %d: %s: %w", pid, g.Err, fs.ErrPermission)
		case fact.GapNotThisOS:
			return fmt.Errorf("processes of this system: %w", errors.ErrUnsupported)
		}
	}
	if len(gaps) > 0 {
		return fmt.Errorf("PID %d: %s", pid, gaps[0].Err)
	}
	return nil
}

// state is what a row says. What could not be read is left out.
func (d Driver) state(ctx context.Context, p fact.Process) plan.State {
	s := plan.State{"state": Running}
	switch p.State {
	case "stopped":
		s["state"] = Stopped
	case "traced":
		s["state"], s["note"] = Stopped, "traced"
	case "zombie":
		if d.ended(ctx, p.PID) {
			return plan.State{"state": Gone, "note": "zombie"}
		}
		s["note"] = "main thread ended"
	}
	command := strings.Join(fact.RedactArgs(p.Args), " ")
	for k, v := range map[string]string{"exe": p.Exe, "command": command, "cwd": p.Cwd, "user": owner(p)} {
		if v != "" {
			s[k] = v
		}
	}
	return s
}

// ended tells whether nothing runs of a process whose main thread has ended.
func (d Driver) ended(ctx context.Context, pid int) bool {
	h, err := d.on.open(pid)
	if err != nil {
		return true
	}
	defer h.close()
	ended, err := h.await(ctx, 0)
	return ended || err != nil
}

func owner(p fact.Process) string {
	if p.User == "" && p.UID != nil {
		return strconv.FormatUint(uint64(*p.UID), 10)
	}
	return p.User
}
