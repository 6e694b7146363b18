package netstat

import (
	"encoding/binary"
	"iter"
	"net/netip"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/libproc"
)

// macOS' lists of sockets (sysctl net.inet.tcp.pcblist_n and its like): a header,
// then for each socket some items, each with its length and kind, at every eighth
// byte; then the header again. Offsets are those of bsd/netinet/in_pcb.h,
// bsd/sys/socketvar.h and bsd/netinet/tcp_var.h, whose structs are packed to four
// bytes. No list of a Mac was at hand.
const (
	pcbHeader = 24 // xinpgen, and no item is as short

	itemSocket = 0x001 // xsocket_n
	itemInpcb  = 0x010 // xinpcb_n
	itemTCP    = 0x020 // xtcpcb_n

	inpcbRemote     = 16
	inpcbLocal      = 18
	inpcbGeneration = 28
	inpcbFlags      = 36
	inpcbFamily     = 44
	inpcbRemoteAddr = 48
	inpcbLocalAddr  = 64
	inpcbSize       = 80 // of what is read

	socketHandle   = 8
	socketOptions  = 20
	socketState    = 26
	socketQueue    = 44
	socketQueueMax = 48
	socketUID      = 64
	socketUIDEnd   = 68
	socketLast     = 68
	socketBehalf   = 72
	socketPIDs     = 76 // before macOS 13 nothing stands behind
	socketFlags    = 84
	socketFlags1   = 88
	socketSize     = 104

	tcpState = 36
	tcpSize  = 40
)

// pcb is one socket of the list: its items, nil where one is missing.
type pcb struct{ inpcb, socket, tcp []byte }

// pcbs yields the sockets of a list. It ends with whole false where the list was cut
// off or is none.
func pcbs(b []byte, whole *bool) iter.Seq[pcb] {
	return func(yield func(pcb) bool) {
		*whole = false
		if len(b) < pcbHeader || binary.LittleEndian.Uint32(b) != pcbHeader {
			return
		}
		*whole = binary.LittleEndian.Uint32(b[4:]) == 0 // an empty list has one header alone
		b = b[pcbHeader:]
		var p pcb
		for len(b) >= 8 {
			n := int(binary.LittleEndian.Uint32(b))
			if n <= pcbHeader {
				*whole = n == pcbHeader
				break
			}
			if n > len(b) {
				break
			}
			if p.begins(binary.LittleEndian.Uint32(b[4:])) {
				if !yield(p) {
					return
				}
				p = pcb{}
			}
			p.put(b[:n:n])
			b = b[min((n+7)&^7, len(b)):]
		}
		if p.inpcb != nil {
			yield(p)
		}
	}
}

// begins tells whether an item of this kind is the next socket's: p has one.
func (p *pcb) begins(kind uint32) bool {
	return kind == itemInpcb && p.inpcb != nil || kind == itemSocket && p.socket != nil || kind == itemTCP && p.tcp != nil
}

func (p *pcb) put(item []byte) {
	switch binary.LittleEndian.Uint32(item[4:]) {
	case itemInpcb:
		p.inpcb = item
	case itemSocket:
		p.socket = item
	case itemTCP:
		p.tcp = item
	}
}

// port is the local one; ok is false where it is missing.
func (p pcb) port() (n uint16, ok bool) {
	if len(p.inpcb) < inpcbSize {
		return 0, false
	}
	return binary.BigEndian.Uint16(p.inpcb[inpcbLocal:]), true
}

// fact reads a socket; ok is false where its address is missing.
func (p pcb) fact(proto fact.Proto, evidence string) (s fact.Socket, ok bool) {
	port, ok := p.port()
	if !ok {
		return s, false
	}
	family := p.inpcb[inpcbFamily]
	peer := binary.BigEndian.Uint16(p.inpcb[inpcbRemote:])
	s = fact.Socket{Proto: proto, Evidence: evidence, State: fact.Unconnected,
		Local: netip.AddrPortFrom(libproc.Address(p.inpcb[inpcbLocalAddr:inpcbSize], family), port)}
	if peer != 0 {
		s.State = fact.Established
		s.Remote = netip.AddrPortFrom(libproc.Address(p.inpcb[inpcbRemoteAddr:inpcbLocalAddr], family), peer)
	}
	s.Darwin = &fact.DarwinSocket{Generation: binary.LittleEndian.Uint64(p.inpcb[inpcbGeneration:])}
	if s.Local.Addr().Is6() {
		only := v6Only(s.Local.Addr(), family, binary.LittleEndian.Uint32(p.inpcb[inpcbFlags:]))
		s.Darwin.V6Only = &only
	}
	p.describe(&s)
	if proto == fact.TCP {
		s.State = p.state(peer, s.Darwin.NoDescriptor)
	}
	if s.Darwin.NoDescriptor && !s.State.Serves() {
		s.PID = 0 // who used it last has it no more, or not yet
	}
	s.ID = fact.SocketID(proto, s.Local, s.Remote, s.Darwin.Generation)
	return s, s.Local.Addr().IsValid()
}

// v6Only: a wildcard socket that takes IPv4 has both families; of others the flag
// tells.
func v6Only(local netip.Addr, family uint8, flags uint32) bool {
	const only = 0x8000 // IN6P_IPV6_V6ONLY
	switch {
	case family&libproc.FlagIPv4 != 0:
		return false
	case local.IsUnspecified():
		return true
	}
	return flags&only != 0
}

// describe reads who has the socket, and how it was set up.
func (p pcb) describe(s *fact.Socket) {
	const (
		reuseAddr, reusePort = 0x4, 0x200 // of the options
		noDescriptor         = 0x1        // of the state
		sharesUsers          = 0x40       // of the flags
		inKernel             = 0x100000   // of the further flags
	)
	if len(p.socket) < socketUIDEnd || binary.LittleEndian.Uint64(p.socket[socketHandle:]) == 0 {
		s.Darwin.NoDescriptor = true
		return
	}
	d, uid := s.Darwin, binary.LittleEndian.Uint32(p.socket[socketUID:])
	options := binary.LittleEndian.Uint32(p.socket[socketOptions:])
	addr, port := options&reuseAddr != 0, options&reusePort != 0
	d.UID, d.ReuseAddr, d.ReusePort = &uid, &addr, &port
	d.Backlog, d.BacklogMax = queue(p.socket[socketQueue:]), queue(p.socket[socketQueueMax:])
	if len(p.socket) >= socketPIDs {
		s.PID = max(0, int(int32(binary.LittleEndian.Uint32(p.socket[socketLast:]))))
		if other := int(int32(binary.LittleEndian.Uint32(p.socket[socketBehalf:]))); other > 0 && other != s.PID {
			d.OnBehalf = other
		}
	}
	if len(p.socket) >= socketSize {
		shares := binary.LittleEndian.Uint32(p.socket[socketFlags:])&sharesUsers != 0
		d.SharesUsers, d.Kernel = &shares, binary.LittleEndian.Uint32(p.socket[socketFlags1:])&inKernel != 0
	}
	d.NoDescriptor = binary.LittleEndian.Uint16(p.socket[socketState:])&noDescriptor != 0 && !d.Kernel
}

func queue(b []byte) uint32 { return uint32(max(0, int16(binary.LittleEndian.Uint16(b)))) }

// state names a TCP socket's state. One that is closed and has a port and no peer is
// bound, as long as somebody has a descriptor of it.
func (p pcb) state(peer uint16, lost bool) fact.State {
	if len(p.tcp) < tcpSize {
		return fact.Closed
	}
	states := [...]fact.State{fact.Closed, fact.Listen, fact.SynSent, fact.SynRecv, fact.Established, fact.CloseWait,
		fact.FinWait1, fact.Closing, fact.LastAck, fact.FinWait2, fact.TimeWait}
	n := binary.LittleEndian.Uint32(p.tcp[tcpState:])
	switch {
	case n >= uint32(len(states)):
		return fact.Closed
	case n == 0 && peer == 0 && !lost:
		return fact.Bound
	}
	return states[n]
}
