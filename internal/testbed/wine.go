package testbed

import "testing"

// WinePrefix is a clean Wine 10 prefix (Windows 10) with a network namespace of its
// own; the test's temporary folders and the module are on drive Z: at their own
// paths. Its commands are Windows programs, named by their Linux path or, for those
// that Wine brings, by their name. Everything in it ends with the test.
type WinePrefix struct {
	Place
	linux Place
}

// Linux is the same network seen from Linux: commands are programs of the test's
// machine (ss, curl), in the network and PID namespaces of the prefix.
func (w *WinePrefix) Linux() *Place { return &w.linux }

// Restart ends every program of the prefix and its kernel; the next program starts it
// anew, from what is on its disk.
func (w *WinePrefix) Restart() {
	w.t.Helper()
	server := w.Place
	server.windows, server.enter = false, w.enter[:len(w.enter)-1] // without "wine"
	for _, word := range [...]string{"-k", "-w", "-p"} {
		server.Run("/usr/lib/wine/wineserver", word)
	}
}

// WindowsNode is the path of node for Windows, as the npm registry has it. It needs
// what scripts/testbed/node-windows fetches.
func WindowsNode(t testing.TB) string {
	t.Helper()
	return windowsNode(t)
}

// Wine lends a prefix. It needs root and the root file system that
// scripts/testbed/wine-root makes.
func Wine(t testing.TB) *WinePrefix {
	t.Helper()
	return wine(t)
}
