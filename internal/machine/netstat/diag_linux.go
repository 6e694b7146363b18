package netstat

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/netlink"
	"github.com/berthd/berth/internal/sys/sockdiag"
)

const dumpTries = 3 // how often a dump is repeated that a change interrupted

// dumper is the part of a netlink connection that a dump needs.
type dumper interface {
	Do(netlink.Message, func(netlink.Message) error) error
	Close() error
}

func dialDiag() (dumper, error) { return netlink.Dial(unix.NETLINK_SOCK_DIAG) }

// diag reads tables through one sock_diag connection.
type diag struct {
	*reader
	conn    dumper
	filter  *sockdiag.Filter // made at the first request
	payload []byte
	row     sockdiag.Row
}

// read reads all sockets of one protocol. Its error says that sock_diag does not
// answer for it; rows of that protocol that were read before are taken back.
func (d *diag) read(p fact.Proto) error {
	before := len(d.set.Sockets)
	for _, family := range families(p) {
		if err := d.dump(p, family); err != nil {
			d.set.Sockets = d.set.Sockets[:before]
			return err
		}
	}
	if p == fact.TCP && d.q.Part != BoundTCP && !d.showsBound() {
		d.set.AddGaps(fact.Gap{Kind: fact.GapNoBound, Subject: "bound TCP sockets", Err: "Linux " + d.from.release()})
	}
	return nil
}

// dump reads one table. A dump that a change interrupted is read again; the last
// try is taken as it is, with a gap.
func (d *diag) dump(p fact.Proto, family uint8) error {
	request := d.request(p, family)
	d.payload = request.Append(d.payload[:0])
	m := netlink.Message{Type: request.Type(), Flags: netlink.FlagDump, Data: d.payload}
	before := len(d.set.Sockets)
	var err error
	for range dumpTries {
		d.set.Sockets = d.set.Sockets[:before]
		err = d.conn.Do(m, func(m netlink.Message) error { return d.add(p, m.Data) })
		if !errors.Is(err, netlink.ErrInterrupted) {
			return err
		}
	}
	d.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "sockets of " + string(p), Err: err.Error()})
	return nil
}

func (d *diag) request(p fact.Proto, family uint8) sockdiag.Request {
	if d.filter == nil {
		f := sockdiag.Ports(d.q.Ports)
		d.filter = &f
	}
	wanted := states(p, d.q.Serving)
	switch {
	case d.q.Part == BoundTCP:
		wanted = 1 << sockdiag.BoundInactive
	case p == fact.TCP && (d.q.Part == Tabled || d.noneBound()):
		wanted &^= 1 << sockdiag.BoundInactive
	}
	return sockdiag.Request{Family: family, Protocol: number(p), States: wanted, Filter: *d.filter}
}

func (d *diag) add(p fact.Proto, data []byte) error {
	row := &d.row
	if err := row.Decode(data); err != nil {
		return err
	}
	s := fact.Socket{Proto: p, Local: row.Local, State: state(p, row.State)}
	if !d.q.wants(s) {
		return nil
	}
	if row.Remote.Port() != 0 {
		s.Remote = row.Remote
	}
	s.ID = fact.SocketID(p, s.Local, s.Remote, uint64(row.Inode))
	s.Evidence = "sock_diag"
	s.Device = d.device(row.Interface)
	s.Linux = d.linux(s.State, row)
	d.set.Sockets = append(d.set.Sockets, s)
	return nil
}

// detail is a LinuxSocket with room for what it points at: one allocation a row.
type detail struct {
	fact.LinuxSocket
	uid, waiting, most uint32
	only               bool
}

func (d *diag) linux(state fact.State, row *sockdiag.Row) *fact.LinuxSocket {
	l := &detail{uid: row.UID, waiting: row.ReceiveQueue, most: row.SendQueue, only: row.V6Only}
	l.Inode, l.Cookie, l.CgroupID = uint64(row.Inode), row.Cookie, row.CgroupID
	l.Mark, l.Transparent = row.Mark, row.Transparent
	if !row.Ownerless() {
		l.UID = &l.uid
	}
	if row.HasV6Only {
		l.V6Only = &l.only
	}
	if state == fact.Listen {
		l.Backlog, l.BacklogMax = &l.waiting, &l.most
	}
	if row.Timer == sockdiag.TimerTimeWait {
		l.ExpiresMS = row.ExpiresMS
	}
	if row.CgroupID != 0 {
		l.Cgroup = d.cgroup(row.CgroupID)
	}
	return &l.LinuxSocket
}

// families are the dumps that cover a protocol. TCP has an older request that
// walks once for both, which matters: to find bound sockets the kernel looks at
// every one of its bind buckets.
func families(p fact.Proto) []uint8 {
	if p == fact.TCP {
		return []uint8{sockdiag.AnyFamily}
	}
	return []uint8{sockdiag.IPv4, sockdiag.IPv6}
}

func number(p fact.Proto) uint8 {
	switch p {
	case fact.UDP:
		return sockdiag.UDP
	case fact.UDPLite:
		return sockdiag.UDPLite
	case fact.SCTP:
		return sockdiag.SCTP
	case fact.Raw:
		return sockdiag.Raw
	}
	return sockdiag.TCP
}

func states(p fact.Proto, serving bool) uint32 {
	switch {
	case !serving:
		return sockdiag.AllStates
	case p == fact.TCP:
		return 1<<sockdiag.Listen | 1<<sockdiag.BoundInactive
	case p == fact.SCTP:
		return 1<<sockdiag.Listen | 1<<sockdiag.Close
	}
	return 1 << sockdiag.Close
}

// state names the kernel's number. Datagram sockets borrow TCP's: closed is bound
// without a peer. A stream socket that has a port and is closed is bound.
func state(p fact.Proto, number uint8) fact.State {
	switch number {
	case sockdiag.Established:
		return fact.Established
	case sockdiag.SynSent:
		return fact.SynSent
	case sockdiag.SynRecv, sockdiag.NewSynRecv:
		return fact.SynRecv
	case sockdiag.FinWait1:
		return fact.FinWait1
	case sockdiag.FinWait2:
		return fact.FinWait2
	case sockdiag.TimeWait:
		return fact.TimeWait
	case sockdiag.CloseWait:
		return fact.CloseWait
	case sockdiag.LastAck:
		return fact.LastAck
	case sockdiag.Listen:
		return fact.Listen
	case sockdiag.Closing:
		return fact.Closing
	}
	if p == fact.TCP || p == fact.SCTP {
		return fact.Bound
	}
	return fact.Unconnected
}
