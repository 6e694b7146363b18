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
