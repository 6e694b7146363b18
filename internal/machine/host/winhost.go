package host

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
)

// kernelVersion is Windows' version as its own programs print it.
func kernelVersion(major, minor, build uint32) string {
	return fmt.Sprintf("%d.%d.%d", major, minor, build)
}

// What duplicate address detection says of an address (NL_DAD_STATE).
const (
	dadInvalid = iota
	dadTentative
	dadDuplicate
	_
	dadPreferred
)

// ownAddr is one address as the system lists it. ok is false for one that nobody
// can bind, and will not be able to.
func ownAddr(ip []byte, prefixLen int, dad int32, device string) (a fact.Addr, ok bool) {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok || addr.IsUnspecified() || dad == dadInvalid || dad == dadDuplicate {
		return fact.Addr{}, false
	}
	if prefixLen < 0 || prefixLen > addr.BitLen() { // 255 is said where it is not known
		prefixLen = addr.BitLen()
	}
	return fact.Addr{Prefix: netip.PrefixFrom(addr, prefixLen), Device: device, Tentative: dad == dadTentative}, true
}

const addrDeleted = 0x40 // MIB_IPADDR_DELETED

// addrTable reads a table of IPv4 addresses. It names interfaces by number.
func addrTable(b []byte) []fact.Addr {
	const rowSize = 24
	if len(b) < iphlpapi.FirstRowAddr {
		return nil
	}
	n := min(int(binary.LittleEndian.Uint32(b)), (len(b)-iphlpapi.FirstRowAddr)/rowSize)
	var list []fact.Addr
	for i := range n {
		row := b[iphlpapi.FirstRowAddr+i*rowSize:][:rowSize]
		if binary.LittleEndian.Uint16(row[22:])&addrDeleted != 0 {
			continue
		}
		index, mask := binary.LittleEndian.Uint32(row[4:]), binary.BigEndian.Uint32(row[8:])
		a, ok := ownAddr(row[:4], bits.LeadingZeros32(^mask), dadPreferred, strconv.FormatUint(uint64(index), 10))
		if ok {
			list = append(list, a)
		}
	}
	return list
}
