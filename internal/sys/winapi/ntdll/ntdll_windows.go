package ntdll

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys wineGetVersion() (version uintptr, err error) = ntdll.wine_get_version?

// WineVersion is the version of Wine ("10.0"), or "" on Windows, which lacks the
// call. It needs no privilege and does not block.
func WineVersion() string {
	at, err := wineGetVersion()
	if err != nil {
		return ""
	}
	return windows.BytePtrToString(*(**byte)(unsafe.Pointer(&at))) // a constant of the library
}

// ProcessBasic is PROCESS_BASIC_INFORMATION. What it points at is in the process it
// tells of, and a number here: as a pointer, the garbage collector would take it for
// one of this process.
type ProcessBasic struct {
	Exit     uint64
	PEB      uint64 // address of the environment block, 0 where it has none
	Affinity uint64
	Priority uint64
	PID      uint64
	Parent   uint64 // whoever made it; its number may be another's by now
}

// The layout that the call writes, on every 64-bit Windows.
var (
	_ [unsafe.Sizeof(windows.PROCESS_BASIC_INFORMATION{})]byte                                = [unsafe.Sizeof(ProcessBasic{})]byte{}
	_ [unsafe.Offsetof(windows.PROCESS_BASIC_INFORMATION{}.PebBaseAddress)]byte               = [unsafe.Offsetof(ProcessBasic{}.PEB)]byte{}
	_ [unsafe.Offsetof(windows.PROCESS_BASIC_INFORMATION{}.InheritedFromUniqueProcessId)]byte = [unsafe.Offsetof(ProcessBasic{}.Parent)]byte{}
)

// Basic asks about a process. The handle needs the right
// PROCESS_QUERY_LIMITED_INFORMATION. It does not block.
func Basic(process windows.Handle) (ProcessBasic, error) {
	var b ProcessBasic
	err := windows.NtQueryInformationProcess(process, windows.ProcessBasicInformation, unsafe.Pointer(&b), uint32(unsafe.Sizeof(b)), nil)
	return b, err
}
