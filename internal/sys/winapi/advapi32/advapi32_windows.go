package advapi32

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys iQueryTagInformation(machine *uint16, class uint32, query *tagQuery) (errcode error) = advapi32.I_QueryTagInformation?

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
