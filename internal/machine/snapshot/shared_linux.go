package snapshot

import "golang.org/x/sys/unix"

// shared tells whether the calling thread is in the network namespace of the
// process, where every other thread is too.
func shared() bool {
	var thread, process unix.Stat_t
	return unix.Stat("/proc/thread-self/ns/net", &thread) == nil && unix.Stat("/proc/self/ns/net", &process) == nil &&
		thread.Ino == process.Ino
}
