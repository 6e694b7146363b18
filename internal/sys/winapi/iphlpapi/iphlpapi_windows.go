package iphlpapi

import (
	"errors"
	"io"
	"unsafe"

	"golang.org/x/sys/windows"
)

//sys getExtendedTcpTable(table *byte, size *uint32, order bool, family Family, class TCPClass, reserved uint32) (errcode error) = iphlpapi.GetExtendedTcpTable?
//sys getExtendedUdpTable(table *byte, size *uint32, order bool, family Family, class UDPClass, reserved uint32) (errcode error) = iphlpapi.GetExtendedUdpTable?
//sys getOwnerModuleFromTcpEntry(row *TCPRow, class uint32, buf *byte, size *uint32) (errcode error) = iphlpapi.GetOwnerModuleFromTcpEntry?
//sys getOwnerModuleFromTcp6Entry(row *TCP6Row, class uint32, buf *byte, size *uint32) (errcode error) = iphlpapi.GetOwnerModuleFromTcp6Entry?
//sys getOwnerModuleFromUdpEntry(row *UDPRow, class uint32, buf *byte, size *uint32) (errcode error) = iphlpapi.GetOwnerModuleFromUdpEntry?
//sys getOwnerModuleFromUdp6Entry(row *UDP6Row, class uint32, buf *byte, size *uint32) (errcode error) = iphlpapi.GetOwnerModuleFromUdp6Entry?
//sys getIpAddrTable(table *byte, size *uint32, order bool) (errcode error) = iphlpapi.GetIpAddrTable?
//sys getBoundTcpEndpointTable(table **byte, heap windows.Handle, flags uint32) (errcode error) = iphlpapi.InternalGetBoundTcpEndpointTable?
//sys getBoundTcp6EndpointTable(table **byte, heap windows.Handle, flags uint32) (errcode error) = iphlpapi.InternalGetBoundTcp6EndpointTable?
//sys getProcessHeap() (heap windows.Handle, err error) = kernel32.GetProcessHeap
//sys heapSize(heap windows.Handle, flags uint32, mem *byte) (size uintptr, err error) [failretval==^uintptr(0)] = kernel32.HeapSize
//sys heapFree(heap windows.Handle, flags uint32, mem *byte) (err error) = kernel32.HeapFree

// basicInfo is TCPIP_OWNER_MODULE_BASIC_INFO; both texts lie behind it in the same
// buffer.
type basicInfo struct {
	name *uint16
	path *uint16
}

var (
	_ [16]byte = [unsafe.Sizeof(basicInfo{})]byte{}
	_ [0]byte  = [unsafe.Offsetof(basicInfo{}.name)]byte{}
	_ [8]byte  = [unsafe.Offsetof(basicInfo{}.path)]byte{}
)

const (
	ownerModuleBasic = 0 // TCPIP_OWNER_MODULE_INFO_BASIC

	firstTable = 16 << 10
	firstName  = 1 << 10
)

// TCPTable is a copy of the system's TCP table: the number of rows and the rows of
// that class. It needs no privilege and does not block; [windows.ERROR_NOT_SUPPORTED]
// says that the family is not installed, and [windows.ERROR_NO_DATA] that it has no
// interface.
func TCPTable(family Family, class TCPClass) ([]byte, error) {
	return grow(firstTable, windows.ERROR_INSUFFICIENT_BUFFER, func(buf *byte, size *uint32) error {
		return getExtendedTcpTable(buf, size, false, family, class, 0)
	})
}

// UDPTable is to UDP what [TCPTable] is to TCP.
func UDPTable(family Family, class UDPClass) ([]byte, error) {
	return grow(firstTable, windows.ERROR_INSUFFICIENT_BUFFER, func(buf *byte, size *uint32) error {
		return getExtendedUdpTable(buf, size, false, family, class, 0)
	})
}

// AddrTable is a copy of the table of this machine's IPv4 addresses, with rows of
// [AddrRow].
func AddrTable() ([]byte, error) {
	return grow(firstTable, windows.ERROR_INSUFFICIENT_BUFFER, func(buf *byte, size *uint32) error {
		return getIpAddrTable(buf, size, false)
	})
}

// TCPModule names the owner of a row of a TCP table's module class: the service
// inside a shared process where the system knows it, else the program's file. It
// opens the process, and asks the service manager for services: a tenth of a
// millisecond or more. It fails for processes that are closed to the asker.
func TCPModule(family Family, row []byte) (string, error) {
	if family == IPv6 {
		return module(row, getOwnerModuleFromTcp6Entry)
	}
	return module(row, getOwnerModuleFromTcpEntry)
}

// UDPModule is to UDP what [TCPModule] is to TCP.
func UDPModule(family Family, row []byte) (string, error) {
	if family == IPv6 {
		return module(row, getOwnerModuleFromUdp6Entry)
	}
	return module(row, getOwnerModuleFromUdpEntry)
}

func module[R any](row []byte, call func(row *R, class uint32, buf *byte, size *uint32) error) (string, error) {
	var r R
	if len(row) < int(unsafe.Sizeof(r)) {
		return "", io.ErrUnexpectedEOF
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r)), row)
	buf, err := grow(firstName, windows.ERROR_INSUFFICIENT_BUFFER, func(buf *byte, size *uint32) error {
		return call(&r, ownerModuleBasic, buf, size)
	})
	if err != nil {
		return "", err
	}
	return nameAt(buf, uint64(uintptr(unsafe.Pointer(unsafe.SliceData(buf))))), nil
}

// HasBound is nil where the system has the call behind [BoundTable], and else says
// that it has not.
func HasBound() error {
	return errors.Join(procInternalGetBoundTcpEndpointTable.Find(), procInternalGetBoundTcp6EndpointTable.Find())
}

// BoundTable is a copy of the table of TCP sockets that are bound and do not
// listen, with rows of [TCPRow2] or [TCP6Row2]. Sockets that are connected are in it
// a second time, without their peer.
//
// The call is not documented. It is what netstat -q and Get-NetTCPConnection show,
// exists since Windows 10 and leaves its table on the heap of the process.
func BoundTable(family Family) ([]byte, error) {
	heap, err := getProcessHeap()
	if err != nil {
		return nil, err
	}
	var table *byte
	if family == IPv6 {
		err = getBoundTcp6EndpointTable(&table, heap, 0)
	} else {
		err = getBoundTcpEndpointTable(&table, heap, 0)
	}
	if err != nil || table == nil {
		return nil, err
	}
	defer heapFree(heap, 0, table)
	size, err := heapSize(heap, 0, table)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), unsafe.Slice(table, min(size, maxTable))...), nil
}
