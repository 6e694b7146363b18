// Package iphlpapi has the calls of iphlpapi.dll that golang.org/x/sys/windows
// lacks: the socket tables with their owners, who an owner is, and the table of IPv4
// addresses. Each is looked for before it is used; where the system has none, the
// error is a [windows.DLLError].
//
// The rows and their layout are here for every OS, so that what decodes them is
// tested everywhere. They are the same on amd64 and arm64.
package iphlpapi

import "unsafe"

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go iphlpapi_windows.go

// Family is an address family by its number in Windows.
type Family uint32

// Families.
const (
	IPv4 Family = 2
	IPv6 Family = 23
)

// TCPClass says which rows of the TCP table are wanted, and in which shape
// (TCP_TABLE_CLASS).
type TCPClass uint32

// Classes of the TCP table. The rows of PID classes are [TCPRowPID] and
// [TCP6RowPID], those of module classes [TCPRow] and [TCP6Row].
const (
	TCPListenersPID    TCPClass = 3
	TCPAllPID          TCPClass = 5
	TCPListenersModule TCPClass = 6
	TCPAllModule       TCPClass = 8
)

// UDPClass says in which shape the rows of the UDP table are wanted
// (UDP_TABLE_CLASS).
type UDPClass uint32

// Classes of the UDP table, with rows of [UDPRowPID] and [UDP6RowPID], or of
// [UDPRow] and [UDP6Row].
const (
	UDPAllPID    UDPClass = 1
	UDPAllModule UDPClass = 2
)

// Numbers of a TCP socket's state (MIB_TCP_STATE).
const (
	StateClosed = 1 + iota
	StateListen
	StateSynSent
	StateSynReceived
	StateEstablished
	StateFinWait1
	StateFinWait2
	StateCloseWait
	StateClosing
	StateLastAck
	StateTimeWait
	StateDeleteTCB
)

// ModuleInfo is what the system noted of the module that bound a socket. The first
// number is the service tag of the thread that did, or 0.
type ModuleInfo [16]uint64

// TCPRow is MIB_TCPROW_OWNER_MODULE. Ports are in network byte order in the first
// two bytes, and the other two mean nothing; addresses are in network byte order.
type TCPRow struct {
	State      uint32
	LocalAddr  [4]byte
	LocalPort  [4]byte
	RemoteAddr [4]byte
	RemotePort [4]byte // means nothing while State is StateListen
	PID        uint32
	Created    uint64 // FILETIME of the bind
	Info       ModuleInfo
}

// TCP6Row is MIB_TCP6ROW_OWNER_MODULE.
type TCP6Row struct {
	LocalAddr   [16]byte
	LocalScope  uint32
	LocalPort   [4]byte
	RemoteAddr  [16]byte
	RemoteScope uint32
	RemotePort  [4]byte
	State       uint32
	PID         uint32
	Created     uint64
	Info        ModuleInfo
}

// UDPRow is MIB_UDPROW_OWNER_MODULE.
type UDPRow struct {
	LocalAddr [4]byte
	LocalPort [4]byte
	PID       uint32
	_         uint32
	Created   uint64
	Flags     uint32 // bit 0: the program asked for this port, and not for any
	_         uint32
	Info      ModuleInfo
}

// UDP6Row is MIB_UDP6ROW_OWNER_MODULE.
type UDP6Row struct {
	LocalAddr  [16]byte
	LocalScope uint32
	LocalPort  [4]byte
	PID        uint32
	_          uint32
	Created    uint64
	Flags      uint32
	_          uint32
	Info       ModuleInfo
}

// TCPRowPID is MIB_TCPROW_OWNER_PID.
type TCPRowPID struct {
	State      uint32
	LocalAddr  [4]byte
	LocalPort  [4]byte
	RemoteAddr [4]byte
	RemotePort [4]byte
	PID        uint32
}

// TCP6RowPID is MIB_TCP6ROW_OWNER_PID.
type TCP6RowPID struct {
	LocalAddr   [16]byte
	LocalScope  uint32
	LocalPort   [4]byte
	RemoteAddr  [16]byte
	RemoteScope uint32
	RemotePort  [4]byte
	State       uint32
	PID         uint32
}

// UDPRowPID is MIB_UDPROW_OWNER_PID.
type UDPRowPID struct {
	LocalAddr [4]byte
	LocalPort [4]byte
	PID       uint32
}

// UDP6RowPID is MIB_UDP6ROW_OWNER_PID.
type UDP6RowPID struct {
	LocalAddr  [16]byte
	LocalScope uint32
	LocalPort  [4]byte
	PID        uint32
}

// TCPRow2 is MIB_TCPROW2, the shape of the table of bound sockets.
type TCPRow2 struct {
	TCPRowPID
	Offload uint32
}

// TCP6Row2 is MIB_TCP6ROW2.
type TCP6Row2 struct {
	LocalAddr   [16]byte
	LocalScope  uint32
	LocalPort   [4]byte
	RemoteAddr  [16]byte
	RemoteScope uint32
	RemotePort  [4]byte
	State       uint32
	PID         uint32
	Offload     uint32
}

// AddrRow is MIB_IPADDRROW.
type AddrRow struct {
	Addr      [4]byte
	Index     uint32 // of the interface
	Mask      [4]byte
	Broadcast uint32
	MaxSize   uint32
	_         uint16
	Type      uint16
}

// A table begins with the number of its rows, and the rows with the next place
// that suits them.
const (
	FirstRowModule = 8
	FirstRowPID    = 4
	FirstRowAddr   = 4
)

// The layouts that the calls write, on every machine.
var (
	_ [160]byte = [unsafe.Sizeof(TCPRow{})]byte{}
	_ [20]byte  = [unsafe.Offsetof(TCPRow{}.PID)]byte{}
	_ [24]byte  = [unsafe.Offsetof(TCPRow{}.Created)]byte{}
	_ [32]byte  = [unsafe.Offsetof(TCPRow{}.Info)]byte{}
	_ [192]byte = [unsafe.Sizeof(TCP6Row{})]byte{}
	_ [20]byte  = [unsafe.Offsetof(TCP6Row{}.LocalPort)]byte{}
	_ [44]byte  = [unsafe.Offsetof(TCP6Row{}.RemotePort)]byte{}
	_ [48]byte  = [unsafe.Offsetof(TCP6Row{}.State)]byte{}
	_ [52]byte  = [unsafe.Offsetof(TCP6Row{}.PID)]byte{}
	_ [56]byte  = [unsafe.Offsetof(TCP6Row{}.Created)]byte{}
	_ [64]byte  = [unsafe.Offsetof(TCP6Row{}.Info)]byte{}
	_ [160]byte = [unsafe.Sizeof(UDPRow{})]byte{}
	_ [8]byte   = [unsafe.Offsetof(UDPRow{}.PID)]byte{}
	_ [16]byte  = [unsafe.Offsetof(UDPRow{}.Created)]byte{}
	_ [32]byte  = [unsafe.Offsetof(UDPRow{}.Info)]byte{}
	_ [176]byte = [unsafe.Sizeof(UDP6Row{})]byte{}
	_ [24]byte  = [unsafe.Offsetof(UDP6Row{}.PID)]byte{}
	_ [32]byte  = [unsafe.Offsetof(UDP6Row{}.Created)]byte{}
	_ [48]byte  = [unsafe.Offsetof(UDP6Row{}.Info)]byte{}
	_ [24]byte  = [unsafe.Sizeof(TCPRowPID{})]byte{}
	_ [56]byte  = [unsafe.Sizeof(TCP6RowPID{})]byte{}
	_ [12]byte  = [unsafe.Sizeof(UDPRowPID{})]byte{}
	_ [28]byte  = [unsafe.Sizeof(UDP6RowPID{})]byte{}
	_ [28]byte  = [unsafe.Sizeof(TCPRow2{})]byte{}
	_ [60]byte  = [unsafe.Sizeof(TCP6Row2{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(AddrRow{})]byte{}
)
