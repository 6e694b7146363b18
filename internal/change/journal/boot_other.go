//go:build !linux && !windows

package journal

// Boot is unknown here; the time of the boot identifies it.
func Boot() string { return "" }
