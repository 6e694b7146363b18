package advapi32

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys iQueryTagInformation(machine *uint16, class uint32, query *tagQuery) (errcode error) = advapi32.I_QueryTagInformation?
//sys regSetValueEx(key windows.Handle, name *uint16, reserved uint32, kind uint32, data *byte, size uint32) (errcode error) = advapi32.RegSetValueExW?

// tagQuery is SC_SERVICE_TAG_QUERY: PID and tag go in, kind and name come out.
type tagQuery struct {
	pid  uint32
	tag  uint32
	kind uint32
	name *uint16
}

// The layout that the call expects, on every 64-bit Windows.
var (
	_ [24]byte = [unsafe.Sizeof(tagQuery{})]byte{}
	_ [16]byte = [unsafe.Offsetof(tagQuery{}.name)]byte{}
)

const nameFromTag = 1

// ServiceOfTag is the key name of the service that has a tag inside a process. The
// call is not documented and has been the same since Windows Vista. It needs the
// right to query the service and blocks for one round trip to the service manager.
// A tag that no service has is [windows.ERROR_NOT_FOUND], however the system says so.
func ServiceOfTag(pid, tag uint32) (string, error) {
	q := tagQuery{pid: pid, tag: tag}
	if err := iQueryTagInformation(nil, nameFromTag, &q); err != nil {
		return "", err
	}
	if q.name == nil {
		return "", windows.ERROR_NOT_FOUND
	}
	name := windows.UTF16PtrToString(q.name)
	_, err := windows.LocalFree(windows.Handle(unsafe.Pointer(q.name)))
	return name, err
}

// SetValue writes a value of a registry key as it stands, whatever its type says of
// its form. A value that is there is replaced. The handle needs the right
// KEY_SET_VALUE. It does not block.
func SetValue(key windows.Handle, name string, kind uint32, data []byte) error {
	wide, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	// Of a text that does not end with a zero the call takes the two bytes behind it
	// too where they are one.
	guarded := append(append(make([]byte, 0, len(data)+2), data...), 0xff, 0xff)
	return regSetValueEx(key, wide, 0, kind, &guarded[0], uint32(len(data)))
}
