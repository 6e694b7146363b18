package libproc

import (
	"bytes"
	"encoding/binary"
	"strings"
	"time"
)

// Process is one row of the process table (kinfo_proc).
type Process struct {
	PID, Parent int
	Name        string // the first 16 bytes of its file's name
	UID         uint32 // effective
	Start       time.Time
	Status      Status
	System      bool // of the kernel
	Traced      bool
	Terminal    int32 // number of the device, NoDevice where it has none
}

// Status is a process's state by the kernel's number.
type Status uint8

// States.
const (
	Idle Status = iota + 1 // being made
	Running
	Sleeping
	Stopped
	Zombie
)

// NoDevice stands for no terminal.
const NoDevice = -1

// Where the columns of a kinfo_proc stand on a 64-bit system.
const (
	rowSize     = 648
	rowSeconds  = 0
	rowMicros   = 8
	rowFlags    = 32
	rowStatus   = 36
	rowPID      = 40
	rowName     = 243
	rowNameEnd  = rowName + 17
	rowUID      = 420
	rowParent   = 560
	rowTerminal = 572

	flagSystem = 0x200
	flagTraced = 0x800
)

// ParseTable decodes sysctl kern.proc.all; whole is false where a row was cut off.
func ParseTable(b []byte) (all []Process, whole bool) {
	all = make([]Process, 0, len(b)/rowSize)
	for ; len(b) >= rowSize; b = b[rowSize:] {
		flags := binary.LittleEndian.Uint32(b[rowFlags:])
		all = append(all, Process{
			PID: int(int32(binary.LittleEndian.Uint32(b[rowPID:]))), Parent: int(int32(binary.LittleEndian.Uint32(b[rowParent:]))),
			Name: text(b[rowName:rowNameEnd]), UID: binary.LittleEndian.Uint32(b[rowUID:]),
			Start:  moment(binary.LittleEndian.Uint64(b[rowSeconds:]), uint64(binary.LittleEndian.Uint32(b[rowMicros:]))),
			Status: Status(b[rowStatus]), System: flags&flagSystem != 0, Traced: flags&flagTraced != 0,
			Terminal: int32(binary.LittleEndian.Uint32(b[rowTerminal:])),
		})
	}
	return all, len(b) == 0
}

// ParseArguments decodes sysctl kern.procargs2: the path that was executed, the
// arguments, and of the environment what keep wants. A process may write over all of
// this; what does not end is cut off, and whole is false then.
func ParseArguments(b []byte, keep func(name string) bool) (path string, args []string, env map[string]string, whole bool) {
	if len(b) < 4 {
		return "", nil, nil, false
	}
	n := int32(binary.LittleEndian.Uint32(b))
	first, rest, ok := cutText(b[4:])
	if !ok {
		return first, nil, nil, false
	}
	for len(rest) > 0 && rest[0] == 0 { // up to the next word of memory
		rest = rest[1:]
	}
	for ; n > 0; n-- {
		var arg string
		if arg, rest, ok = cutText(rest); !ok {
			return first, args, nil, false
		}
		args = append(args, arg)
	}
	for {
		var entry string
		if entry, rest, ok = cutText(rest); !ok || entry == "" { // behind it stands what the loader was told
			return first, args, env, entry == ""
		}
		env = keepEntry(env, entry, keep)
	}
}

// cutText reads a string up to its zero; ok is false where there is none.
func cutText(b []byte) (s string, rest []byte, ok bool) {
	t, rest, ok := bytes.Cut(b, []byte{0})
	return string(t), rest, ok
}

func keepEntry(env map[string]string, entry string, keep func(string) bool) map[string]string {
	name, value, ok := strings.Cut(entry, "=")
	if !ok || !keep(name) {
		return env
	}
	if env == nil {
		env = map[string]string{}
	}
	if _, twice := env[name]; !twice {
		env[name] = value
	}
	return env
}
