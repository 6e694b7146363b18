package urlprefix

import (
	"strconv"
	"strings"
)

// Code is a Windows error code as GetLastError gives it; 0 is success.
type Code uint32

// Codes that HTTP.sys answers with when something is registered, reserved or removed.
const (
	OK                  Code = 0
	FileNotFound        Code = 2    // removed, and never added
	AccessDenied        Code = 5    // no right to the prefix
	SharingViolation    Code = 32   // the port belongs to a program outside HTTP.sys
	NotSupported        Code = 50   // a form of host that is not taken
	InvalidParameter    Code = 87   // no prefix at all
	AlreadyExists       Code = 183  // somebody has this very prefix
	ServiceDisabled     Code = 1058 // the HTTP service is disabled
	NotFound            Code = 1168 // as FileNotFound, in other versions
	InvalidNetname      Code = 1214 // the address is not of this machine
	RevisionMismatch    Code = 1306 // a version of the API that is not there
	PrivilegeNotHeld    Code = 1314
	NoneMapped          Code = 1332 // an account by a name that this machine does not know
	DependencyFailed    Code = 1068 // a service that it needs did not start
	InsufficientBuffers Code = 1450 // no resources
)

// Name is the code's constant in Windows' headers, or "" where there is none here.
func (c Code) Name() string {
	for _, k := range codes {
		if k.code == c {
			return k.name
		}
	}
	return ""
}

// CodeNamed is the code of a constant in Windows' headers, "ERROR_ACCESS_DENIED".
func CodeNamed(name string) (c Code, ok bool) {
	for _, k := range codes {
		if k.name == name {
			return k.code, true
		}
	}
	return 0, false
}

// String is the number in decimal.
func (c Code) String() string { return strconv.FormatUint(uint64(c), 10) }

var codes = [...]struct {
	code   Code
	status uint32 // NTSTATUS that becomes it; 0 = none here
	name   string
}{
	{FileNotFound, 0xc0000034, "ERROR_FILE_NOT_FOUND"}, {AccessDenied, 0xc0000022, "ERROR_ACCESS_DENIED"},
	{SharingViolation, 0xc0000043, "ERROR_SHARING_VIOLATION"}, {NotSupported, 0xc00000bb, "ERROR_NOT_SUPPORTED"},
	{InvalidParameter, 0xc000000d, "ERROR_INVALID_PARAMETER"}, {AlreadyExists, 0xc0000035, "ERROR_ALREADY_EXISTS"},
	{ServiceDisabled, 0, "ERROR_SERVICE_DISABLED"}, {DependencyFailed, 0, "ERROR_SERVICE_DEPENDENCY_FAIL"},
	{NotFound, 0xc0000225, "ERROR_NOT_FOUND"}, {InvalidNetname, 0, "ERROR_INVALID_NETNAME"},
	{RevisionMismatch, 0xc0000059, "ERROR_REVISION_MISMATCH"}, {PrivilegeNotHeld, 0xc0000061, "ERROR_PRIVILEGE_NOT_HELD"},
	{NoneMapped, 0xc0000073, "ERROR_NONE_MAPPED"}, {InsufficientBuffers, 0xc000009a, "ERROR_NO_SYSTEM_RESOURCES"},
}

// ParseCode reads an error as people paste it: "5", "0x80070005", "-2147024891",
// "0xC0000022". ok is false for numbers that are no Windows error of the kind that
// HTTP.sys gives.
func ParseCode(text string) (c Code, ok bool) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil || n < -1<<31 || n > 1<<32-1 {
		return 0, false
	}
	u := uint32(n)
	switch {
	case u>>16 == 0x8007: // an HRESULT that carries a Windows error
		return Code(u & 0xffff), u&0xffff != 0
	case u>>30 == 3:
		for _, k := range codes {
			if k.status == u {
				return k.code, true
			}
		}
		return 0, false
	}
	return Code(u), u != 0 && u <= 0xffff
}
