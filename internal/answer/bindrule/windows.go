package bindrule

// This file is Microsoft's published table of Windows' rules as data. Unlike
// Linux's it was never tried: no machine was at hand, the page speaks of kernel
// sockets, and Winsock may differ. Nothing here is used by [Judge].

// WindowsMode is how a socket asked for its port.
type WindowsMode int

// Modes: no flag, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE.
const (
	WindowsDefault WindowsMode = iota
	WindowsReuse
	WindowsExclusive
	windowsModes
)

// WindowsBind is one side of a conflict.
type WindowsBind struct {
	Mode     WindowsMode
	Wildcard bool // bound to every address, not to one
}

// WindowsOutcome is what the table promises the second socket.
type WindowsOutcome int

// Outcomes. WindowsAccessCheck depends on who made the first socket: the bind
// works where the second may use the first one's security descriptor, and fails
// as WindowsDenied where it may not.
const (
	WindowsOK          WindowsOutcome = iota
	WindowsInUse                      // WSAEADDRINUSE, 10048
	WindowsDenied                     // WSAEACCES, 10013
	WindowsAccessCheck                // one or the other
)

// windowsTable has a row for the second socket and a column for the first, in the
// order of windowsIndex. Two specific binds are binds to the same address.
//
// Source: https://learn.microsoft.com/en-us/windows-hardware/drivers/network/sharing-transport-addresses
var windowsTable = [2 * windowsModes][2 * windowsModes]WindowsOutcome{
	{WindowsInUse, WindowsOK, WindowsInUse, WindowsOK, WindowsInUse, WindowsOK},
	{WindowsAccessCheck, WindowsInUse, WindowsAccessCheck, WindowsDenied, WindowsDenied, WindowsInUse},
	{WindowsDenied, WindowsOK, WindowsOK, WindowsOK, WindowsDenied, WindowsOK},
	{WindowsAccessCheck, WindowsDenied, WindowsOK, WindowsOK, WindowsDenied, WindowsDenied},
	{WindowsInUse, WindowsInUse, WindowsInUse, WindowsInUse, WindowsInUse, WindowsInUse},
	{WindowsAccessCheck, WindowsInUse, WindowsAccessCheck, WindowsInUse, WindowsDenied, WindowsInUse},
}

// Windows looks up what happens to second when first is there already.
func Windows(first, second WindowsBind) WindowsOutcome {
	return windowsTable[windowsIndex(second)][windowsIndex(first)]
}

func windowsIndex(b WindowsBind) int {
	if b.Wildcard {
		return 2 * int(b.Mode)
	}
	return 2*int(b.Mode) + 1
}
