// Package httpapi is the configuration half of Windows' httpapi.dll: what HTTP.sys
// was told to keep, read through HttpQueryServiceConfiguration and changed by its
// neighbours.
//
// The calls exist on Windows only. The layouts and the decoders of what the calls
// leave in a buffer are plain Go and compile everywhere; they hold for the 64-bit
// Windows systems, amd64 and arm64. A decoder never reads outside its buffer,
// whatever the buffer says.
package httpapi

//go:generate go run golang.org/x/sys/windows/mkwinsyscall -output zsyscall_windows.go httpapi_windows.go

import "syscall"

// ConfigID names one table of the service configuration.
type ConfigID uint32

// The tables. Those after CCS came with later Windows: an older one refuses them
// as an invalid parameter.
const (
	IPListen  ConfigID = 0  // the listen list; one query returns all of it
	SSLCert   ConfigID = 1  // certificates by address and port
	URLACL    ConfigID = 2  // reservations
	Timeout   ConfigID = 3  // machine-wide timers, one query each
	SNICert   ConfigID = 5  // certificates by host name and port
	CCSCert   ConfigID = 6  // the central certificate store, by port
	ScopedCCS ConfigID = 11 // the central certificate store, by host name and port
)

// TimeoutKey names one machine-wide timer.
type TimeoutKey uint32

// The timers.
const (
	IdleConnection TimeoutKey = 0
	HeaderWait     TimeoutKey = 1
)

// Version is HTTPAPI_VERSION as it is passed by value: the major number in the
// low half.
type Version uint32

// Version1 is the version of the API that has the configuration.
const Version1 Version = 1

// The layouts of http.h, for 64-bit Windows. Pointers are kept as numbers: where a
// call fills a buffer, they point into that buffer.

// SockaddrStorage is SOCKADDR_STORAGE.
type SockaddrStorage struct {
	Family uint16
	Data   [6]byte // port, then the address of IPv4 or the flow of IPv6
	Rest   [15]uint64
}

// URLACLQuery is HTTP_SERVICE_CONFIG_URLACL_QUERY.
type URLACLQuery struct {
	Desc   uint32 // QueryNext
	Prefix uint64
	Token  uint32
}

// URLACLSet is HTTP_SERVICE_CONFIG_URLACL_SET.
type URLACLSet struct {
	Prefix     uint64 // UTF-16, ends with a zero
	Descriptor uint64 // UTF-16, ends with a zero: SDDL
}

// SSLQuery is HTTP_SERVICE_CONFIG_SSL_QUERY.
type SSLQuery struct {
	Desc   uint32
	IPPort uint64
	Token  uint32
}

// SSLParam is HTTP_SERVICE_CONFIG_SSL_PARAM.
type SSLParam struct {
	HashLength       uint32
	Hash             uint64
	AppID            [16]byte // a GUID in its binary order
	Store            uint64   // UTF-16, ends with a zero
	CheckMode        uint32
	Freshness        uint32
	RetrievalTimeout uint32
	CtlIdentifier    uint64
	CtlStore         uint64
	Flags            uint32
}

// SSLSet is HTTP_SERVICE_CONFIG_SSL_SET.
type SSLSet struct {
	IPPort uint64 // a SockaddrStorage, or less of one
	Param  SSLParam
}

// SNIKey is HTTP_SERVICE_CONFIG_SSL_SNI_KEY. Only the port of its address counts.
type SNIKey struct {
	IPPort SockaddrStorage
	Host   uint64 // UTF-16, ends with a zero
}

// SNIQuery is HTTP_SERVICE_CONFIG_SSL_SNI_QUERY.
type SNIQuery struct {
	Desc  uint32
	Key   SNIKey
	Token uint32
}

// SNISet is HTTP_SERVICE_CONFIG_SSL_SNI_SET.
type SNISet struct {
	Key   SNIKey
	Param SSLParam
}

// CCSQuery is HTTP_SERVICE_CONFIG_SSL_CCS_QUERY.
type CCSQuery struct {
	Desc  uint32
	Key   SockaddrStorage // only its port counts
	Token uint32
}

// CCSSet is HTTP_SERVICE_CONFIG_SSL_CCS_SET.
type CCSSet struct {
	Key   SockaddrStorage
	Param SSLParam
}

// IPListenQuery is HTTP_SERVICE_CONFIG_IP_LISTEN_QUERY with its first address.
type IPListenQuery struct {
	Count uint32
	First SockaddrStorage
}

// IPListenParam is HTTP_SERVICE_CONFIG_IP_LISTEN_PARAM.
type IPListenParam struct {
	Length  uint16 // of the address, in bytes
	Address uint64 // a SockaddrStorage, or less of one
}

// TimeoutSet is HTTP_SERVICE_CONFIG_TIMEOUT_SET.
type TimeoutSet struct {
	Key   TimeoutKey
	Value uint16 // seconds
}

// QueryNext asks for the row whose number is the query's token.
const QueryNext = 1

// Error numbers that the calls end with. An error that is none of these, and no
// [syscall.Errno] at all, is that of a call which this Windows does not have.
const (
	ErrInvalidFunction  syscall.Errno = 1
	ErrNotFound         syscall.Errno = 2 // nothing is configured
	ErrAccessDenied     syscall.Errno = 5
	ErrNotSupported     syscall.Errno = 50
	ErrInvalidParameter syscall.Errno = 87
	ErrTooSmall         syscall.Errno = 122 // the buffer
	ErrExists           syscall.Errno = 183 // the row is there
	ErrMoreData         syscall.Errno = 234 // than the buffer holds
	ErrNoMore           syscall.Errno = 259 // rows
)
