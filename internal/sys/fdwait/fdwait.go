// Package fdwait tells whether a process waits for something on a descriptor:
// whether a thread of it sleeps in accept, recv, poll, select or epoll with that
// descriptor in its set.
//
// A server does; a child that only inherited a listener does not. The kernel
// shows in /proc/PID/task/TID/syscall what each thread sleeps in. The answer is
// of one moment, so a server that is busy with a request is [Unknown].
package fdwait

import (
	"bytes"
	"strconv"
)

// Answer is what was seen.
type Answer int

// Answers. Unknown covers busy and stopped threads, io_uring, system calls that
// tell nothing, other machine types than amd64 and arm64, and missing rights.
const (
	Unknown Answer = iota
	Waits          // a thread waits on the descriptor
	Idle           // every thread sleeps in a call that does not watch the descriptor
)

// call is one line of /proc/PID/task/TID/syscall.
type call struct {
	number int
	args   [6]uint64
}

// parseCall decodes "NUMBER 0xARG... 0xSP 0xPC". ok is false for a thread that
// is running or not in a call.
func parseCall(b []byte) (c call, ok bool) {
	words := bytes.Fields(b)
	if len(words) < 7 {
		return call{}, false
	}
	n, err := strconv.Atoi(string(words[0]))
	if err != nil || n < 0 {
		return call{}, false
	}
	c.number = n
	for i := range c.args {
		hex, found := bytes.CutPrefix(words[i+1], []byte("0x"))
		v, err := strconv.ParseUint(string(hex), 16, 64)
		if !found || err != nil {
			return call{}, false
		}
		c.args[i] = v
	}
	return c, true
}

// watches tells whether an epoll's /proc/PID/fdinfo lists one of fds: lines
// "tfd: 6 events: ...".
func watches(info []byte, fds []int) bool {
	for line := range bytes.Lines(info) {
		words := bytes.Fields(line)
		if len(words) < 2 || string(words[0]) != "tfd:" {
			continue
		}
		if n, err := strconv.Atoi(string(words[1])); err == nil && has(fds, n) {
			return true
		}
	}
	return false
}

// CloseOnExec reads /proc/PID/fdinfo/FD: whether the descriptor would be closed
// by an exec, so that it cannot have come through one. ok is false where the text
// has no flags.
func CloseOnExec(info []byte) (set, ok bool) {
	for line := range bytes.Lines(info) {
		if rest, found := bytes.CutPrefix(line, []byte("flags:")); found {
			const cloexec = 0o2000000
			flags, err := strconv.ParseUint(string(bytes.TrimSpace(rest)), 8, 64)
			return flags&cloexec != 0, err == nil
		}
	}
	return false, false
}

func has(fds []int, n int) bool {
	for _, fd := range fds {
		if fd == n {
			return true
		}
	}
	return false
}
