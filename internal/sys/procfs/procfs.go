// Package procfs decodes the texts of Linux's /proc: stat, status, cmdline,
// environ, cgroup, and /etc/passwd beside them.
//
// Every function is pure: bytes in, values out. It compiles on every OS, so that
// recorded files can be read anywhere. Bytes are taken as hostile: a process
// chooses its own name, arguments and environment. Nothing here panics, and
// nothing is longer than its input.
package procfs

import (
	"bytes"
	"strconv"
)

// Stat is what berth needs of /proc/PID/stat.
type Stat struct {
	PID     int
	Comm    string // as the process set it: any bytes but NUL, at most 15
	State   byte   // the kernel's letter: R, S, D, T, t, Z, X, I
	PPID    int
	Session int
	TTY     int    // device number of the controlling terminal; 0 = none
	Flags   uint64 // PF_ bits
	Threads int
	Start   uint64 // clock ticks (1/100 s) since boot
}

// pfKthread is PF_KTHREAD of the kernel's sched.h.
const pfKthread = 0x00200000

// Kernel tells whether the task is a kernel thread.
func (s Stat) Kernel() bool { return s.Flags&pfKthread != 0 }

// ParseStat decodes one /proc/PID/stat. The name may hold spaces, parentheses
// and line ends; only the last ')' closes it. ok is false where a field is
// missing.
func ParseStat(b []byte) (s Stat, ok bool) {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return Stat{}, false
	}
	s.PID = atoi(bytes.TrimSpace(b[:open]))
	s.Comm = string(b[open+1 : end])
	f := fields{rest: b[end+1:]}
	if state := f.next(); len(state) == 1 {
		s.State = state[0]
	}
	s.PPID = atoi(f.next())
	f.skip(1)
	s.Session = atoi(f.next())
	s.TTY = atoi(f.next())
	f.skip(1)
	s.Flags = atou(f.next())
	f.skip(10)
	s.Threads = atoi(f.next())
	f.skip(1)
	start := f.next()
	s.Start = atou(start)
	return s, s.PID > 0 && s.State != 0 && len(start) > 0
}

// fields walks the words of a line that blanks part.
type fields struct{ rest []byte }

func (f *fields) next() []byte {
	f.rest = bytes.TrimLeft(f.rest, " \t\n")
	end := bytes.IndexAny(f.rest, " \t\n")
	if end < 0 {
		end = len(f.rest)
	}
	word := f.rest[:end]
	f.rest = f.rest[end:]
	return word
}

func (f *fields) skip(n int) {
	for range n {
		f.next()
	}
}

// Terminal names the terminal of a tty device number: "pts/3", "tty1",
// "ttyS0". It is "" for none and for kinds it does not know.
func Terminal(dev int) string {
	major := dev >> 8 & 0xfff
	minor := dev&0xff | dev>>12&0xfff00
	switch {
	case major >= 136 && major <= 143:
		return "pts/" + strconv.Itoa(minor+(major-136)<<8)
	case major == 4 && minor >= 64:
		return "ttyS" + strconv.Itoa(minor-64)
	case major == 4:
		return "tty" + strconv.Itoa(minor)
	}
	return ""
}

// Status is what berth needs of /proc/PID/status.
type Status struct {
	Tgid       int    // the process a thread belongs to
	UID        uint32 // effective
	HasUID     bool
	NSPID      []int // its PID in each PID namespace from the reader's down
	CapEff     uint64
	NoNewPrivs bool
}

// ParseStatus decodes /proc/PID/status. A line it does not know is passed over,
// a missing one leaves the zero value.
func ParseStatus(b []byte) Status {
	var s Status
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		key, value, ok := bytes.Cut(line, []byte{':'})
		if ok {
			s.set(string(key), fields{value})
		}
	}
	return s
}

func (s *Status) set(key string, f fields) {
	switch key {
	case "Tgid":
		s.Tgid = atoi(f.next())
	case "Uid":
		f.next()
		uid, err := strconv.ParseUint(string(f.next()), 10, 32)
		s.UID, s.HasUID = uint32(uid), err == nil
	case "NSpid":
		s.NSPID = nil
		for w := f.next(); len(w) > 0; w = f.next() {
			s.NSPID = append(s.NSPID, atoi(w))
		}
	case "CapEff":
		s.CapEff, _ = strconv.ParseUint(string(f.next()), 16, 64)
	case "NoNewPrivs":
		s.NoNewPrivs = string(f.next()) == "1"
	}
}

// ParseArgs decodes /proc/PID/cmdline: arguments that NUL bytes end. A process
// that overwrote its arguments with a title has no NUL between the words; the
// title is then one argument, without the blanks and NULs that pad it.
func ParseArgs(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	args := make([]string, 0, bytes.Count(b, []byte{0})+1)
	for {
		arg, rest, more := bytes.Cut(b, []byte{0})
		args = append(args, string(arg))
		if !more {
			return args
		}
		b = rest
	}
}

// ParseEnv decodes /proc/PID/environ and keeps only the names that keep accepts.
// Of a name given twice the first counts, as it does for getenv. The answer is
// nil where nothing was kept.
func ParseEnv(b []byte, keep func(name string) bool) map[string]string {
	var env map[string]string
	for len(b) > 0 {
		var entry []byte
		entry, b, _ = bytes.Cut(b, []byte{0})
		name, value, ok := bytes.Cut(entry, []byte{'='})
		if !ok || !keep(string(name)) {
			continue
		}
		if _, have := env[string(name)]; have {
			continue
		}
		if env == nil {
			env = make(map[string]string)
		}
		env[string(name)] = string(value)
	}
	return env
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte{'\n'})
	return line, rest
}

func atoi(b []byte) int {
	n, err := strconv.Atoi(string(b))
	if err != nil {
		return 0
	}
	return n
}

func atou(b []byte) uint64 {
	n, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
