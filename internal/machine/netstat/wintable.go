package netstat

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"net/netip"
	"strconv"
	"time"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
)

// table is one of Windows' socket tables.
type table int

const (
	tcp4Module table = iota // with creation times and service tags
	tcp6Module
	udp4Module
	udp6Module
	tcp4PID // with process IDs alone
	tcp6PID
	udp4PID
	udp6PID
	tcp4Bound // bound sockets that do not listen
	tcp6Bound
)

// shape says at which byte of a row of a table stands what; 0 where it does not.
type shape struct {
	first, size       int // of the first row, and the bytes of each
	addr              int // bytes of an address; the scope of IPv6 follows it
	local, localPort  int
	remote, peer      int // address and port of the other end
	state             int // means nothing where there is no other end
	pid, created, tag int
}

var shapes = [...]shape{
	tcp4Module: {first: iphlpapi.FirstRowModule, size: 160, addr: 4, state: 0, local: 4, localPort: 8, remote: 12, peer: 16, pid: 20, created: 24, tag: 32},
	tcp6Module: {first: iphlpapi.FirstRowModule, size: 192, addr: 16, local: 0, localPort: 20, remote: 24, peer: 44, state: 48, pid: 52, created: 56, tag: 64},
	udp4Module: {first: iphlpapi.FirstRowModule, size: 160, addr: 4, local: 0, localPort: 4, pid: 8, created: 16, tag: 32},
	udp6Module: {first: iphlpapi.FirstRowModule, size: 176, addr: 16, local: 0, localPort: 20, pid: 24, created: 32, tag: 48},
	tcp4PID:    {first: iphlpapi.FirstRowPID, size: 24, addr: 4, state: 0, local: 4, localPort: 8, remote: 12, peer: 16, pid: 20},
	tcp6PID:    {first: iphlpapi.FirstRowPID, size: 56, addr: 16, local: 0, localPort: 20, remote: 24, peer: 44, state: 48, pid: 52},
	udp4PID:    {first: iphlpapi.FirstRowPID, size: 12, addr: 4, local: 0, localPort: 4, pid: 8},
	udp6PID:    {first: iphlpapi.FirstRowPID, size: 28, addr: 16, local: 0, localPort: 20, pid: 24},
	tcp4Bound:  {first: iphlpapi.FirstRowPID, size: 28, addr: 4, state: 0, local: 4, localPort: 8, remote: 12, peer: 16, pid: 20},
	tcp6Bound:  {first: iphlpapi.FirstRowPID, size: 60, addr: 16, local: 0, localPort: 20, remote: 24, peer: 44, state: 48, pid: 52},
}

func (t table) proto() fact.Proto {
	if shapes[t].remote == 0 {
		return fact.UDP
	}
	return fact.TCP
}

func (t table) evidence() string {
	switch {
	case t >= tcp4Bound:
		return "InternalGetBoundTcpEndpointTable"
	case t.proto() == fact.UDP:
		return "GetExtendedUdpTable"
	}
	return "GetExtendedTcpTable"
}

// count is how many rows a table has, and how many it says it has: not the same
// only where it was cut short.
func (t table) count(b []byte) (has, says int) {
	if len(b) < 4 {
		return 0, 0
	}
	s := &shapes[t]
	says = int(binary.LittleEndian.Uint32(b))
	return min(says, max(0, len(b)-s.first)/s.size), says
}

// rows yields the rows of a table.
func (t table) rows(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		n, _ := t.count(b)
		s := &shapes[t]
		for i := range n {
			at := s.first + i*s.size
			if !yield(b[at : at+s.size : at+s.size]) {
				return
			}
		}
	}
}

// socket reads a row, all but its ID.
func (t table) socket(row []byte) fact.Socket {
	s := &shapes[t]
	sock := fact.Socket{
		Proto: t.proto(), State: fact.Unconnected,
		Local:    netip.AddrPortFrom(s.address(row[s.local:]), port(row[s.localPort:])),
		PID:      int(binary.LittleEndian.Uint32(row[s.pid:])),
		Evidence: t.evidence(),
	}
	if s.remote == 0 {
		return sock
	}
	peer := port(row[s.peer:])
	sock.State = winState(binary.LittleEndian.Uint32(row[s.state:]), peer)
	if t >= tcp4Bound {
		sock.State = fact.Bound
	}
	if peer != 0 && sock.State != fact.Listen && sock.State != fact.Bound { // a listener's is what lay there
		sock.Remote = netip.AddrPortFrom(s.address(row[s.remote:]), peer)
	}
	return sock
}

// port reads a port: two bytes in network order, behind which anything may stand.
func port(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

// address reads an address. Only a link-local one has a zone that means something:
// behind others anything may stand.
func (s *shape) address(b []byte) netip.Addr {
	if s.addr == 4 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	a := netip.AddrFrom16([16]byte(b[:16]))
	if a.IsLinkLocalUnicast() {
		if zone := scope(binary.LittleEndian.Uint32(b[16:])); zone != 0 {
			return a.WithZone(strconv.FormatUint(uint64(zone), 10))
		}
	}
	return a
}

// scope reads the number of an interface. Windows' documents say that it is in
// network byte order, its tables have it in the machine's; it is never large.
func scope(n uint32) uint32 {
	if turned := bits.ReverseBytes32(n); turned < n && n > 0xffff {
		return turned
	}
	return n
}

// created is when the socket of a row was bound, as the system counts, or 0.
func (t table) created(row []byte) uint64 {
	if at := shapes[t].created; at != 0 {
		return binary.LittleEndian.Uint64(row[at:])
	}
	return 0
}

// tag is the service tag of the thread that bound the socket of a row, and known
// tells whether the system noted anything at all of who bound it.
func (t table) tag(row []byte) (tag uint32, known bool) {
	at := shapes[t].tag
	if at == 0 {
		return 0, false
	}
	for i := at; i+8 <= len(row); i += 8 {
		known = known || binary.LittleEndian.Uint64(row[i:]) != 0
	}
	if n := binary.LittleEndian.Uint64(row[at:]); n <= 1<<32-1 {
		tag = uint32(n)
	}
	return tag, known
}

// filetime reads 100 ns since 1601; a time that no running system can have noted is
// the zero one.
func filetime(n uint64) time.Time {
	const toUnix = 11644473600 // seconds from 1601 to 1970
	seconds := int64(n/1e7) - toUnix
	if seconds <= 0 || seconds > 1<<33 {
		return time.Time{}
	}
	return time.Unix(seconds, int64(n%1e7)*100).UTC()
}

// winState names Windows' number. A stream socket that has a port, no peer and no
// state is bound.
func winState(number uint32, peer uint16) fact.State {
	switch number {
	case iphlpapi.StateListen:
		return fact.Listen
	case iphlpapi.StateSynSent:
		return fact.SynSent
	case iphlpapi.StateSynReceived:
		return fact.SynRecv
	case iphlpapi.StateEstablished:
		return fact.Established
	case iphlpapi.StateFinWait1:
		return fact.FinWait1
	case iphlpapi.StateFinWait2:
		return fact.FinWait2
	case iphlpapi.StateCloseWait:
		return fact.CloseWait
	case iphlpapi.StateClosing:
		return fact.Closing
	case iphlpapi.StateLastAck:
		return fact.LastAck
	case iphlpapi.StateTimeWait:
		return fact.TimeWait
	}
	if peer == 0 && number != iphlpapi.StateDeleteTCB {
		return fact.Bound
	}
	return fact.Closed
}
