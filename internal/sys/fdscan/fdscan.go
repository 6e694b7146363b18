// Package fdscan finds which processes have a descriptor of given sockets, by
// walking /proc/PID/fd.
//
// It is Linux's only way that needs no more than /proc. Its price is one
// readlink for every descriptor of every process it may look at, so the walk
// runs on all processors and allocates nothing for a descriptor.
package fdscan

import "cmp"

// Hit is one descriptor of a wanted socket.
type Hit struct {
	PID   int
	TID   int // the thread that has a descriptor table of its own, with FD in it; 0 for the process's table
	FD    int
	Inode uint64
}

// Compare orders hits by PID, then thread, then descriptor.
func Compare(a, b Hit) int {
	return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.TID, b.TID), cmp.Compare(a.FD, b.FD))
}

// Result is what a walk found and what it could not look at.
type Result struct {
	Hits   []Hit // by PID, then descriptor
	Seen   int   // processes whose descriptors were all read
	Closed []int // PIDs that are there and closed to this user, wholly or in part; ascending
	Err    error // one of the refusals behind Closed, in the system's words
}
