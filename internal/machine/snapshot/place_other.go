//go:build !linux

package snapshot

// place: only Linux has network namespaces.
func place() uint64 { return 0 }
