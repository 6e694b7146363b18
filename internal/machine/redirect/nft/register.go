package nft

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/berthd/berth/internal/machine/redirect/flow"
)

// origin says what part of a packet or of its surroundings a register holds.
type origin byte

const (
	unknown origin = iota
	constant
	l4proto
	nfproto
	ethertype
	transportBytes
	networkBytes
	inName
	outName
	inIndex
	outIndex
	dstKind
	byChance
)

// value is the content of a register: bytes offset..offset+size of its origin,
// of which bits count (0 = all), or constant bytes.
type value struct {
	from   origin
	offset uint16
	size   uint16
	bits   uint8
}

const registerBytes = 64

// registers is the kernel's register file: 16 cells of four bytes, addressed
// either one by one or, by the older names, four at a time.
type registers struct {
	cells [registerBytes / 4]value
	bytes [registerBytes]byte
}

// cell turns a register number into an index of cells.
func cell(register uint32) (int, bool) {
	switch {
	case 1 <= register && register <= 4:
		return int(register-1) * 4, true
	case 8 <= register && register < 8+registerBytes/4:
		return int(register - 8), true
	}
	return 0, false
}

// load puts v at a register and clears the cells it covers; what is unknown may
// cover all that follow.
func (r *registers) load(register uint32, v value) {
	i, ok := cell(register)
	if !ok {
		return
	}
	last := len(r.cells)
	if v.from != unknown {
		last = min(last, i+1+int(v.size-1)/4)
	}
	clear(r.cells[i:last])
	r.cells[i] = v
}

func (r *registers) at(register uint32) value {
	if i, ok := cell(register); ok {
		return r.cells[i]
	}
	return value{}
}

// store puts constant bytes at a register and the cells after it.
func (r *registers) store(register uint32, b []byte) {
	i, ok := cell(register)
	if !ok {
		return
	}
	n := copy(r.bytes[i*4:], b)
	for at := 0; at < n; at += 4 {
		r.cells[i+at/4] = value{from: constant, size: uint16(n - at)}
	}
}

// constantAt returns n constant bytes at a register, or nil where it holds none.
func (r *registers) constantAt(register uint32, n int) []byte {
	i, ok := cell(register)
	if !ok || r.cells[i].from != constant || i*4+n > registerBytes {
		return nil
	}
	return r.bytes[i*4 : i*4+n]
}

// readable tells whether a condition on v says something that narrow understands.
func (v value) readable() bool {
	switch v.from {
	case unknown, constant:
		return false
	case networkBytes:
		return v.offset != offsetSrc4 && v.offset != offsetSrc6
	case transportBytes:
		return v.hasPort()
	}
	return true
}

func (v value) hasPort() bool { return v.offset <= 2 && v.offset+v.size >= 4 }

// Offsets in IPv4 and IPv6 headers.
const (
	offsetProto4 = 9
	offsetSrc4   = 12
	offsetDst4   = 16
	offsetProto6 = 6
	offsetSrc6   = 8
	offsetDst6   = 24
)

// narrow applies the condition that v lies within lo..last, or does not.
func (w *walk) narrow(t *flow.Traffic, v value, lo, last []byte, inside bool) {
	exact := bytes.Equal(lo, last)
	switch {
	case len(lo) != len(last):
		t.Unread()
	case v.from == transportBytes && v.hasPort() && len(lo) >= int(4-v.offset):
		at := 2 - v.offset
		t.Port(binary.BigEndian.Uint16(lo[at:]), binary.BigEndian.Uint16(last[at:]), inside)
		if v.size > 2 {
			t.Unread()
		}
	case v.from == byChance:
		t.Chance()
	case v.from == networkBytes:
		narrowNetwork(t, v, lo, last, inside)
	case !exact || len(lo) == 0:
		t.Unread()
	case v.from == l4proto:
		t.Protocol(lo[0], inside)
	case v.from == nfproto:
		narrowFamily(t, lo[0] == familyIP, lo[0] == familyIP6, inside)
	case v.from == ethertype && len(lo) >= 2:
		kind := binary.BigEndian.Uint16(lo)
		narrowFamily(t, kind == 0x0800, kind == 0x86dd, inside)
	case v.from == dstKind && len(lo) >= 4:
		narrowKind(t, binary.NativeEndian.Uint32(lo), inside)
	case v.from == inName || v.from == outName:
		t.Through(flow.Side(v.from == outName), w.search.Device(lo), inside)
	case (v.from == inIndex || v.from == outIndex) && len(lo) >= 4:
		name := w.kernel.Device(binary.NativeEndian.Uint32(lo))
		t.Through(flow.Side(v.from == outIndex), name, inside)
	default:
		t.Unread()
	}
}

func narrowFamily(t *flow.Traffic, v4, v6, is bool) {
	if v4 || v6 {
		t.Family(v4, is)
		return
	}
	if is {
		t.Nowhere()
	}
}

// routeLocal is the kind of an address that belongs to this machine (RTN_LOCAL).
const routeLocal = 2

func narrowKind(t *flow.Traffic, kind uint32, is bool) {
	if kind == routeLocal {
		t.Local(is)
	} else if is {
		t.Nowhere()
	}
}

// narrowNetwork reads conditions on the destination address and on the protocol
// field of the IP header.
func narrowNetwork(t *flow.Traffic, v value, lo, last []byte, inside bool) {
	v4 := !t.IPv6()
	exact := bytes.Equal(lo, last)
	switch {
	case exact && len(lo) > 0 && v.size == 1 && (v4 && v.offset == offsetProto4 || !v4 && v.offset == offsetProto6):
		t.Protocol(lo[0], inside)
	case v4 && v.offset == offsetDst4 && v.size <= 4:
		narrowAddress(t, v, lo, last, 4, inside)
	case !v4 && v.offset == offsetDst6 && v.size <= 16:
		narrowAddress(t, v, lo, last, 16, inside)
	default:
		t.Unread()
	}
}

func narrowAddress(t *flow.Traffic, v value, lo, last []byte, size int, inside bool) {
	bits := int(v.bits)
	if bits == 0 {
		bits = min(int(v.size), len(lo)) * 8
	}
	if !bytes.Equal(lo, last) {
		bits = commonBits(lo, last)
	}
	var whole [16]byte
	copy(whole[:size], lo)
	addr, _ := netip.AddrFromSlice(whole[:size])
	if p, err := addr.Prefix(bits); err == nil && bits >= 0 {
		t.Destination(p, inside)
		return
	}
	t.Unread()
}

// commonBits is the length of the prefix that is exactly lo..last, or -1.
func commonBits(lo, last []byte) int {
	if len(lo) != len(last) {
		return -1
	}
	bits, ended := 0, false
	for i := range lo {
		for m := byte(0x80); m != 0; m >>= 1 {
			a, b := lo[i]&m != 0, last[i]&m != 0
			switch {
			case a == b && !ended:
				bits++
			case !a && b:
				ended = true
			default:
				return -1
			}
		}
	}
	return bits
}
