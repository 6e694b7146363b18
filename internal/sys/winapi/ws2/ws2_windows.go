package ws2

import (
	"errors"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys wscEnumProtocols(protocols *int32, buf unsafe.Pointer, size *uint32, code *int32) (n int32, err error) [failretval==-1] = ws2_32.WSCEnumProtocols?
//sys wscGetProviderPath(id *windows.GUID, path *uint16, size *int32, code *int32) (n int32, err error) [failretval==-1] = ws2_32.WSCGetProviderPath?

// The layout that the calls expect, on every Windows.
var _ [628]byte = [unsafe.Sizeof(windows.WSAProtocolInfo{})]byte{}

// Catalogue lists the entries of Winsock's catalogue for 64-bit programs, those
// that layered service providers put before the base ones too. It needs no
// privilege and does not block.
func Catalogue() ([]windows.WSAProtocolInfo, error) {
	for size := uint32(32); ; {
		rows := make([]windows.WSAProtocolInfo, size)
		bytes := size * uint32(unsafe.Sizeof(rows[0]))
		var code int32
		n, err := wscEnumProtocols(nil, unsafe.Pointer(&rows[0]), &bytes, &code)
		switch {
		case n >= 0 && err == nil:
			return rows[:min(int(n), len(rows))], nil
		case syscall.Errno(code) != windows.WSAENOBUFS || size > 4096:
			return nil, because(code, err)
		}
		size *= 4
	}
}

// ProviderPath is the library behind an entry of the catalogue, with its
// environment variables as they were written.
func ProviderPath(id windows.GUID) (string, error) {
	var path [windows.MAX_PATH]uint16
	size, code := int32(len(path)), int32(0)
	if n, err := wscGetProviderPath(&id, &path[0], &size, &code); n != 0 || err != nil {
		return "", because(code, err)
	}
	return windows.UTF16ToString(path[:]), nil
}

// because is the error that a call left in its own place, else what the generated
// stub made of it: the call is missing.
func because(code int32, err error) error {
	if code != 0 {
		return syscall.Errno(code)
	}
	if err == nil {
		err = errors.New("the call failed and did not say why")
	}
	return err
}
