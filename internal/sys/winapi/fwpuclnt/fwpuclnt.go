// Package fwpuclnt has the calls of fwpuclnt.dll that list what stands inside the
// Windows Filtering Platform: callouts, which are the drivers' functions, and the
// providers that they say they belong to. The layouts hold for the 64-bit Windows
// systems, amd64 and arm64.
//
// Wine exports these calls and ends the process that makes them: whoever may run
// there asks first where it is.
package fwpuclnt

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go fwpuclnt_windows.go

import (
	"encoding/binary"
	"fmt"
)

// GUID is one as Windows has it in memory.
type GUID [16]byte

// String is the GUID with braces, in lower case.
func (g GUID) String() string {
	le := binary.LittleEndian
	return fmt.Sprintf("{%08x-%04x-%04x-%x-%x}", le.Uint32(g[:]), le.Uint16(g[4:]), le.Uint16(g[6:]), g[8:10], g[10:16])
}

// Callout is one function that a driver has put into a layer.
type Callout struct {
	Name, Description string
	Provider          GUID // zero where it names none
	Layer             GUID
}

// Provider is who put callouts or filters in, by its own word.
type Provider struct {
	Key               GUID
	Name, Description string
	Service           string // the driver or service, where it names one
}
