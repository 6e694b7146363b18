// Package cgroupfs tells the path of a control group from the id that the kernel
// keeps in each socket. Linux only; elsewhere every id is unknown.
package cgroupfs

import "errors"

// RootID is the id of the root of the unified hierarchy.
const RootID = 1

// Errors of [Finder.Path].
var (
	// ErrNoMount says that no cgroup2 file system is mounted here.
	ErrNoMount = errors.New("no cgroup2 mount")
	// ErrGone says that no such control group exists any more, or that it lies
	// outside what this process can see.
	ErrGone = errors.New("control group is gone")
	// ErrTooMany says that the walk stopped at its limit before it found the id.
	ErrTooMany = errors.New("too many control groups")
)
