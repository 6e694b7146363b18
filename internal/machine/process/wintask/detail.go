package wintask

import "strings"

// Detail is what one process tells when it is opened. An empty column without a
// fault of its name is truly empty.
type Detail struct {
	Created uint64 // start of the process that was opened, 0 where none could be
	Ended   bool   // it has ended, and somebody still has a handle of it
	Exe     string
	Command string // the whole command line
	Source  string // of Command
	Folder  string // its current one
	SID     string
	User    string // DOMAIN\name, in the words of the system's language
	// Elevated tells whether it runs with an administrator's rights.
	Elevated *bool
	Package  string // full name of its store package, "" where it has none
	// Protected is "light", "full", or "" for none.
	Protected string
	Faults    []Fault
}

// Names of what a [Fault] can be about.
const (
	Whole    = "everything but its name" // it could not be opened at all
	Command  = "command line"
	Folder   = "current folder"
	User     = "user"
	Exe      = "executable"
	StoreApp = "package"
)

// Fault is one thing that could not be read.
type Fault struct {
	What string
	Code uint32 // the Win32 error number, 0 where the error has none
	Err  string
}

// Denied tells whether the system refused for lack of rights.
func (f Fault) Denied() bool {
	const accessDenied, privilegeNotHeld = 5, 1314
	return f.Code == accessDenied || f.Code == privilegeNotHeld
}

// Gone tells whether there was no such process any more.
func (f Fault) Gone() bool {
	const invalidParameter = 87
	return f.What == Whole && f.Code == invalidParameter
}

// protection is the word for a PS_PROTECTION byte.
func protection(b byte) string {
	switch b & 7 {
	case 1:
		return "light"
	case 2:
		return "full"
	}
	return ""
}

// drive is a drive letter and the device behind it.
type drive struct{ letter, device string }

// dosPath turns the kernel's name of a file (\Device\HarddiskVolume3\x) into the
// one that people use, where a drive letter has its device.
func dosPath(path string, drives []drive) string {
	if rest, ok := strings.CutPrefix(path, `\??\`); ok {
		return rest
	}
	for _, d := range drives {
		if rest, ok := strings.CutPrefix(path, d.device); ok && d.device != "" && strings.HasPrefix(rest, `\`) {
			return d.letter + rest
		}
	}
	return path
}
