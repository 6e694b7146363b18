// Package wintask reads Windows' process table, and what a single process tells of
// itself: image, command line, folder, user, package, protection.
//
// The table is one call that needs no privilege and tells every process by PID,
// start time, parent and short name. A process is opened only to be read, with the
// least rights that tell something. Decoding is here for every OS, the calls are
// Windows'. Nothing is judged: what could not be read is a [Fault] with the
// system's error number.
package wintask

import (
	"encoding/binary"
	"unicode/utf16"
)

// SystemPID is the process that stands for the kernel. It is never opened.
const SystemPID = 4

// ByTable is the evidence of what the process table says.
const ByTable = "NtQuerySystemInformation SystemProcessInformation"

// Task is one row of the process table.
type Task struct {
	PID, Parent int    // Parent is whoever made it, and may be another process by now
	Name        string // of the image file: "svchost.exe"; "System" is PID 4
	Created     uint64 // FILETIME: 100 ns since 1601
	Session     uint32
	Suspended   bool // it has threads, and all of them are suspended
}

// Where the columns of SYSTEM_PROCESS_INFORMATION stand on a 64-bit system.
const (
	taskNext    = 0x00
	taskThreads = 0x04
	taskCreated = 0x20
	taskName    = 0x38
	taskPID     = 0x50
	taskParent  = 0x58
	taskSession = 0x64
	taskSize    = 0x100 // the threads follow

	threadState  = 0x44
	threadReason = 0x48
	threadSize   = 0x50

	stateWaiting    = 5
	reasonSuspended = 5
)

// ParseTable decodes the answer of NtQuerySystemInformation, which lay at address
// base when the system wrote it. It tells whether the table is whole; rows before
// a broken one count.
func ParseTable(b []byte, base uint64) (tasks []Task, whole bool) {
	for at := 0; ; {
		if at+taskSize > len(b) {
			return tasks, false
		}
		row := b[at:]
		next := int(binary.LittleEndian.Uint32(row[taskNext:]))
		if next != 0 {
			if next < taskSize || next > len(row) {
				return tasks, false
			}
			row = row[:next]
		}
		pid, parent := binary.LittleEndian.Uint64(row[taskPID:]), binary.LittleEndian.Uint64(row[taskParent:])
		if pid > 1<<31 || parent > 1<<31 {
			return tasks, false
		}
		t := Task{PID: int(pid), Parent: int(parent), Created: binary.LittleEndian.Uint64(row[taskCreated:]),
			Session: binary.LittleEndian.Uint32(row[taskSession:]), Suspended: suspended(row)}
		t.Name, _ = unicodeString(row[taskName:], b, base)
		if t.PID == 0 {
			t.Name = "Idle"
		}
		tasks = append(tasks, t)
		if next == 0 {
			return tasks, true
		}
		at += next
	}
}

// suspended tells whether every thread of a row waits because it was suspended: a
// store application in the background, or one that a debugger holds.
func suspended(row []byte) bool {
	n := uint64(binary.LittleEndian.Uint32(row[taskThreads:]))
	if n == 0 || n*threadSize > uint64(len(row)-taskSize) {
		return false
	}
	for i := range int(n) {
		t := row[taskSize+i*threadSize:]
		if binary.LittleEndian.Uint32(t[threadState:]) != stateWaiting || binary.LittleEndian.Uint32(t[threadReason:]) != reasonSuspended {
			return false
		}
	}
	return true
}

// unicodeString reads a 64-bit UNICODE_STRING whose text lies inside b.
func unicodeString(s, b []byte, base uint64) (string, bool) {
	n, at := uint64(binary.LittleEndian.Uint16(s)), binary.LittleEndian.Uint64(s[8:])-base
	if n == 0 {
		return "", true
	}
	if at > uint64(len(b)) || n > uint64(len(b))-at {
		return "", false
	}
	return text(b[at : at+n]), true
}

// text makes UTF-8 of UTF-16, up to the first zero.
func text(b []byte) string {
	wide := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		wide = append(wide, c)
	}
	return string(utf16.Decode(wide))
}
