package testbed

import "testing"

// WinePrefix is a clean Wine 10 prefix (Windows 10) with a network namespace and a
// file system of its own; the Linux file system below the test's folders is drive
// Z:. Everything in it ends with the test.
type WinePrefix struct {
	Place
}

// Wine lends a prefix. It needs root and the root file system that
// scripts/testbed/wine-root makes.
func Wine(t testing.TB) *WinePrefix {
	t.Helper()
	return wine(t)
}
