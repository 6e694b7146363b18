package libproc

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Kinds of socket that [Socket] tells apart.
const (
	Other = 0 // neither of the two
	IP    = 1 // over IPv4 or IPv6, not TCP
	TCP   = 2
)

// Flags of an address (inp_vflag): an IPv6 socket that takes IPv4 too has both.
const (
	FlagIPv4 = 0x1
	FlagIPv6 = 0x2
)

// Socket is a descriptor of a socket (socket_fdinfo).
type Socket struct {
	Kind          int // Other, IP or TCP; of Other nothing more is told
	Protocol      int // 6 is TCP, 17 UDP
	Local, Remote netip.AddrPort
	// Generation is the number that the kernel gave it among its protocol's sockets,
	// the same as in the socket table.
	Generation  uint64
	CloseOnExec bool
}

// Where things stand in a socket_fdinfo: file (24 bytes), stat (136), then the
// socket, and from socketProto on what its kind has.
const (
	fileStatus     = 4
	socketProtocol = 24 + 156
	socketKind     = 24 + 232
	socketProto    = 24 + 240
)

// ParseSocket decodes a socket_fdinfo.
func ParseSocket(b []byte) (Socket, error) {
	const closeOnExec = 2
	if len(b) < socketSize {
		return Socket{}, ErrShort
	}
	s := Socket{Protocol: int(int32(binary.LittleEndian.Uint32(b[socketProtocol:]))), CloseOnExec: binary.LittleEndian.Uint32(b[fileStatus:])&closeOnExec != 0}
	kind := binary.LittleEndian.Uint32(b[socketKind:])
	if kind != IP && kind != TCP {
		return s, nil
	}
	in := b[socketProto:]
	flags := in[24]
	s.Kind, s.Generation = int(kind), binary.LittleEndian.Uint64(in[8:])
	s.Remote = netip.AddrPortFrom(Address(in[32:48], flags), binary.BigEndian.Uint16(in))
	s.Local = netip.AddrPortFrom(Address(in[48:64], flags), binary.BigEndian.Uint16(in[4:]))
	return s, nil
}

// Address decodes an address as the kernel keeps it: 16 bytes, IPv4 in the last four
// of them, and in the address of a link its interface in the second pair. The invalid
// address is one of a socket that has no family.
func Address(b []byte, flags uint8) netip.Addr {
	switch {
	case len(b) < 16:
		return netip.Addr{}
	case flags&FlagIPv6 != 0:
	case flags&FlagIPv4 != 0:
		return netip.AddrFrom4([4]byte(b[12:16]))
	default:
		return netip.Addr{}
	}
	raw := [16]byte(b)
	scope := binary.BigEndian.Uint16(raw[2:])
	a := netip.AddrFrom16(raw)
	if scope == 0 || !a.IsLinkLocalUnicast() && !a.IsLinkLocalMulticast() && !a.IsInterfaceLocalMulticast() {
		return a
	}
	raw[2], raw[3] = 0, 0
	return netip.AddrFrom16(raw).WithZone(strconv.Itoa(int(scope)))
}
