//go:build !linux

package snapshot

// shared: only Linux has network namespaces.
func shared() bool { return true }
