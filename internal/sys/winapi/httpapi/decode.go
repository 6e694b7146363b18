package httpapi

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"unicode/utf16"
)

// Buffer is what a call has filled, and the address at which it did: pointers
// inside it are numbers from there on.
type Buffer struct {
	Data []byte
	Base uint64
}

// Reservation is one row of the URLACL table.
type Reservation struct{ URL, SDDL string }

// Certificate is one row of a certificate table.
type Certificate struct {
	Addr  netip.AddrPort // the zero one where the row is by host name
	Host  string
	Port  uint16
	Hash  string // lower-case hexadecimal; "" where the row has none
	AppID string // in braces and lower case
	Store string
}

// Reservation decodes a URLACLSet; ok is false where the buffer holds none. One
// without a descriptor is a reservation all the same.
func (b Buffer) Reservation() (r Reservation, ok bool) {
	if len(b.Data) < 16 {
		return r, false
	}
	if r.URL, ok = b.text(b.word(0)); !ok || r.URL == "" {
		return r, false
	}
	if at := b.word(8); at != 0 {
		r.SDDL, ok = b.text(at)
	}
	return r, ok
}

// Certificate decodes the row of a certificate table.
func (b Buffer) Certificate(table ConfigID) (c Certificate, ok bool) {
	param := map[ConfigID]int{SSLCert: 8, SNICert: 136, ScopedCCS: 136, CCSCert: 128}[table]
	if param == 0 || len(b.Data) < param+80 {
		return c, false
	}
	switch table {
	case SSLCert:
		at, fits := b.at(b.word(0))
		if !fits {
			return c, false
		}
		c.Addr, ok = Sockaddr(b.Data[at:])
		c.Port = c.Addr.Port()
	case CCSCert:
		c.Port, ok = port(b.Data), true
	default:
		c.Port = port(b.Data)
		c.Host, ok = b.text(b.word(128))
		ok = ok && c.Host != ""
	}
	return c, ok && b.param(param, &c)
}

// param decodes an SSLParam at offset from.
func (b Buffer) param(from int, c *Certificate) bool {
	if n := int(binary.LittleEndian.Uint32(b.Data[from:])); n > 0 && b.word(from+8) != 0 {
		at, ok := b.at(b.word(from + 8))
		if !ok || n > 64 || at+n > len(b.Data) {
			return false
		}
		c.Hash = fmt.Sprintf("%x", b.Data[at:at+n])
	}
	c.AppID = guid(b.Data[from+16 : from+32])
	if store := b.word(from + 32); store != 0 {
		var ok bool
		if c.Store, ok = b.text(store); !ok {
			return false
		}
	}
	return true
}

// maxAddrs bounds the listen list; HTTP.sys has 1,024 endpoints at most.
const maxAddrs = 4096

// ListenList decodes an IPListenQuery.
func (b Buffer) ListenList() ([]netip.Addr, bool) {
	if len(b.Data) < 4 {
		return nil, false
	}
	n := binary.LittleEndian.Uint32(b.Data)
	if n > maxAddrs || len(b.Data) < 8+int(n)*128 {
		return nil, false
	}
	var out []netip.Addr
	for i := range int(n) {
		a, ok := Sockaddr(b.Data[8+i*128:])
		if !ok {
			return out, false
		}
		out = append(out, a.Addr())
	}
	return out, true
}

func (b Buffer) word(at int) uint64 { return binary.LittleEndian.Uint64(b.Data[at:]) }

// at is the offset that a pointer leads to.
func (b Buffer) at(pointer uint64) (int, bool) {
	if pointer < b.Base || pointer-b.Base >= uint64(len(b.Data)) {
		return 0, false
	}
	return int(pointer - b.Base), true
}

// text is the UTF-16 that a pointer leads to, up to its zero.
func (b Buffer) text(pointer uint64) (string, bool) {
	at, ok := b.at(pointer)
	if !ok {
		return "", false
	}
	var units []uint16
	for ; at+2 <= len(b.Data); at += 2 {
		u := binary.LittleEndian.Uint16(b.Data[at:])
		if u == 0 {
			return string(utf16.Decode(units)), true
		}
		units = append(units, u)
	}
	return "", false
}

// The address families of Windows.
const (
	familyIPv4 = 2
	familyIPv6 = 23
)

// Sockaddr decodes a socket address of IPv4 or IPv6.
func Sockaddr(b []byte) (netip.AddrPort, bool) {
	if len(b) < 8 {
		return netip.AddrPort{}, false
	}
	switch family := binary.LittleEndian.Uint16(b); {
	case family == familyIPv4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port(b)), true
	case family == familyIPv6 && len(b) >= 28:
		a := netip.AddrFrom16([16]byte(b[8:24]))
		if zone := binary.LittleEndian.Uint32(b[24:]); zone != 0 {
			a = a.WithZone(fmt.Sprint(zone))
		}
		return netip.AddrPortFrom(a, port(b)), true
	}
	return netip.AddrPort{}, false
}

// SockaddrOf is the socket address of a and no port, as [Sockaddr] reads it. A zone
// is the number of its interface. It is nil for an address that is none.
func SockaddrOf(a netip.Addr) []byte {
	switch {
	case a.Is4():
		b := make([]byte, 16)
		binary.LittleEndian.PutUint16(b, familyIPv4)
		copy(b[4:], a.AsSlice())
		return b
	case a.Is6():
		b := make([]byte, 28)
		binary.LittleEndian.PutUint16(b, familyIPv6)
		copy(b[8:], a.AsSlice())
		if zone, err := strconv.ParseUint(a.Zone(), 10, 32); err == nil {
			binary.LittleEndian.PutUint32(b[24:], uint32(zone))
		}
		return b
	}
	return nil
}

// port is that of a socket address of either family.
func port(b []byte) uint16 { return binary.BigEndian.Uint16(b[2:]) }

func guid(b []byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("{%08x-%04x-%04x-%x-%x}", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:16])
}
