// Package sockdiag is the codec of Linux's sock_diag messages for Internet
// sockets: it writes the request ([Request.Append]) and reads the rows
// ([Row.Decode]). It makes no call and compiles on every OS.
//
// The layouts are those of linux/inet_diag.h: ports and addresses in network
// order, everything else in the byte order of the machine.
package sockdiag

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/berthd/berth/internal/sys/netlink"
)

// Message types of requests; rows come back with the type of their request.
const (
	typeByFamily = 20
	typeAnyTCP   = 18 // the older request: TCP only, but every family in one walk
)

// The kernel's numbers of address families and protocols on Linux, whatever the
// OS this is compiled for.
const (
	AnyFamily = 0 // TCP only: IPv4 and IPv6 in one dump, at the price of one
	IPv4      = 2
	IPv6      = 10

	TCP     = 6
	UDP     = 17
	SCTP    = 132
	UDPLite = 136
	Raw     = 255
)

// States of a row. BoundInactive exists in requests only: since Linux 6.8 it
// asks for TCP sockets that have a port and neither listen nor connect; their
// rows say Close. Older kernels ignore it.
const (
	Established   = 1
	SynSent       = 2
	SynRecv       = 3
	FinWait1      = 4
	FinWait2      = 5
	TimeWait      = 6
	Close         = 7
	CloseWait     = 8
	LastAck       = 9
	Listen        = 10
	Closing       = 11
	NewSynRecv    = 12
	BoundInactive = 13
)

// AllStates is every state a request can ask for.
const AllStates = 1<<(BoundInactive+1) - 2

// Timers of a row.
const (
	TimerKeepalive = 2 // or the timer of FIN_WAIT2
	TimerTimeWait  = 3 // the row is the short remainder of a socket: no owner, no attributes
)

// Attributes of a row and of a request.
const (
	attrV6Only   = 11
	attrMark     = 15
	attrCgroupID = 21
	attrSockOpt  = 22
	reqBytecode  = 1

	idLength  = 48
	rowLength = 72
)

// ErrShort says that a row is shorter than the fixed part of one.
var ErrShort = errors.New("sockdiag: row too short")

// Request asks for the rows of one family and protocol.
type Request struct {
	Family   uint8
	Protocol uint8
	States   uint32 // bit 1<<state for each state wanted
	Filter   Filter // local ports wanted; the zero Filter means every row
}

// Type is the type of the message that carries the request, and of its rows.
func (r Request) Type() uint16 {
	if r.Family == AnyFamily {
		return typeAnyTCP
	}
	return typeByFamily
}

// Append appends the request's payload to dst, for a message of [Request.Type].
func (r Request) Append(dst []byte) []byte {
	dst = append(dst, r.Family)
	if r.Family == AnyFamily {
		dst = r.appendID(append(dst, 0, 0, 0))
		dst = binary.NativeEndian.AppendUint32(dst, r.States)
		dst = append(dst, 0, 0, 0, 0)
	} else {
		dst = append(dst, r.Protocol, 0, 0)
		dst = binary.NativeEndian.AppendUint32(dst, r.States)
		dst = r.appendID(dst)
	}
	if r.Filter.program != nil {
		dst = netlink.AppendAttr(dst, reqBytecode, r.Filter.program)
	}
	return dst
}

// appendID appends the identity that rows must have: a single port, which the
// kernel compares before it runs the filter, or nothing.
func (r Request) appendID(dst []byte) []byte {
	var id [idLength]byte
	binary.BigEndian.PutUint16(id[:], r.Filter.single)
	return append(dst, id[:]...)
}

// Row is one socket as the kernel describes it.
type Row struct {
	Family, State, Timer uint8
	Local, Remote        netip.AddrPort
	Interface            uint32 // SO_BINDTODEVICE, or the zone of a link-local address
	Cookie               uint64
	ExpiresMS            uint32 // of Timer
	// ReceiveQueue and SendQueue are bytes; for listeners the connections that
	// wait and the most that may.
	ReceiveQueue, SendQueue uint32
	UID                     uint32
	Inode                   uint32
	V6Only, HasV6Only       bool // only IPv6 sockets that listen or have no peer
	CgroupID                uint64
	Mark                    uint32 // told only to CAP_NET_ADMIN
	Freebind, Transparent   bool
}

// Decode reads one row from the payload of a message, overwriting all of r. It
// keeps no part of b and allocates nothing.
func (r *Row) Decode(b []byte) error {
	if len(b) < rowLength {
		return ErrShort
	}
	ne := binary.NativeEndian
	*r = Row{
		Family: b[0], State: b[1], Timer: b[2],
		Local:        endpoint(b[0], b[8:24], b[4:6]),
		Remote:       endpoint(b[0], b[24:40], b[6:8]),
		Interface:    ne.Uint32(b[40:]),
		Cookie:       uint64(ne.Uint32(b[48:]))<<32 | uint64(ne.Uint32(b[44:])),
		ExpiresMS:    ne.Uint32(b[52:]),
		ReceiveQueue: ne.Uint32(b[56:]),
		SendQueue:    ne.Uint32(b[60:]),
		UID:          ne.Uint32(b[64:]),
		Inode:        ne.Uint32(b[68:]),
	}
	r.attributes(b[rowLength:])
	return nil
}

func (r *Row) attributes(b []byte) {
	for typ, data := range netlink.Attrs(b) {
		switch {
		case typ == attrV6Only && len(data) >= 1:
			r.V6Only, r.HasV6Only = data[0] != 0, true
		case typ == attrMark && len(data) >= 4:
			r.Mark = binary.NativeEndian.Uint32(data)
		case typ == attrCgroupID && len(data) >= 8:
			r.CgroupID = binary.NativeEndian.Uint64(data)
		case typ == attrSockOpt && len(data) >= 1:
			r.Freebind, r.Transparent = sockOpt(data[0])
		}
	}
}

// Ownerless tells whether the row is a remainder that belongs to nobody: a
// connection in TIME_WAIT, or one that is not accepted yet. Its UID means nothing.
func (r *Row) Ownerless() bool {
	return r.Timer == TimerTimeWait || r.State == TimeWait || r.Inode == 0 && r.State == SynRecv
}

func endpoint(family uint8, addr, port []byte) netip.AddrPort {
	p := binary.BigEndian.Uint16(port)
	if family == IPv6 {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(addr)), p)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(addr[:4])), p)
}

// sockOpt reads the C bit-field of the first byte, which fills from the low end
// on little-endian machines and from the high end on the others.
func sockOpt(b byte) (freebind, transparent bool) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return b&(1<<2) != 0, b&(1<<5) != 0
	}
	return b&(1<<5) != 0, b&(1<<2) != 0
}
