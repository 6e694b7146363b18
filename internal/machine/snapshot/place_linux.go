package snapshot

import "golang.org/x/sys/unix"

// place is the network namespace of the calling thread; 0 is unknown.
func place() uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/thread-self/ns/net", &st) != nil {
		return 0
	}
	return st.Ino
}
