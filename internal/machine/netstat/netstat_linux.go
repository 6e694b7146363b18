package netstat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/machine/cgroupfs"
	"github.com/berthd/berth/internal/sys/netlink"
	"github.com/berthd/berth/internal/sys/sockdiag"
)

const evidence = "sock_diag"

const dumpTries = 3 // how often a dump is repeated that a change interrupted

// table is one dump: a protocol in one address family.
type table struct {
	proto  fact.Proto
	number uint8
	family uint8
}

func tablesOf(protos []fact.Proto) []table {
	var all []table
	for _, p := range protos {
		n := number(p)
		all = append(all, table{p, n, sockdiag.IPv4}, table{p, n, sockdiag.IPv6})
	}
	return all
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

func (t table) states(serving bool) uint32 {
	switch {
	case !serving:
		return sockdiag.AllStates
	case t.proto == fact.TCP:
		return 1<<sockdiag.Listen | 1<<sockdiag.BoundInactive
	case t.proto == fact.SCTP:
		return 1<<sockdiag.Listen | 1<<sockdiag.Close
	}
	return 1 << sockdiag.Close
}

func read(ctx context.Context, q Query) (fact.Set, error) {
	r := reader{q: q, devices: make(map[uint32]string)}
	defer r.groups.Close()
	if err := r.diag(ctx); err != nil {
		return fact.Set{}, err
	}
	slices.SortFunc(r.set.Sockets, compare)
	return r.set, nil
}

// reader is one run of Read.
type reader struct {
	q       Query
	set     fact.Set
	groups  cgroupfs.Finder
	devices map[uint32]string
}

func (r *reader) diag(ctx context.Context) error {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, t := range tablesOf(r.q.protos()) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := r.dump(conn, t)
		if errors.Is(err, unix.ENOENT) {
			continue // the kernel has no such protocol: there are no such sockets
		}
		if err != nil {
			return fmt.Errorf("sockets of %s: %w", t.proto, err)
		}
	}
	return nil
}

// dump reads one table. A dump that a change interrupted is read again; the last
// try is taken as it is, with a gap.
func (r *reader) dump(conn *netlink.Conn, t table) error {
	request := sockdiag.Request{Family: t.family, Protocol: t.number, States: t.states(r.q.Serving), Ports: r.q.Ports}
	payload := request.Append(nil)
	before := len(r.set.Sockets)
	var err error
	for range dumpTries {
		r.set.Sockets = r.set.Sockets[:before]
		err = conn.Do(netlink.Message{Type: sockdiag.ByFamily, Flags: netlink.FlagDump, Data: payload}, r.row(t))
		if !errors.Is(err, netlink.ErrInterrupted) {
			return err
		}
	}
	r.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: "sockets of " + string(t.proto), Err: err.Error()})
	return nil
}

func (r *reader) row(t table) func(netlink.Message) error {
	var row sockdiag.Row
	return func(m netlink.Message) error {
		if m.Type != sockdiag.ByFamily {
			return nil
		}
		if err := row.Decode(m.Data); err != nil {
			return err
		}
		if s := r.socket(t.proto, &row); r.q.wants(s) {
			r.describe(&s, &row)
			r.set.Sockets = append(r.set.Sockets, s)
		}
		return nil
	}
}

// socket is the part of a row that decides whether it is wanted.
func (r *reader) socket(p fact.Proto, row *sockdiag.Row) fact.Socket {
	s := fact.Socket{Proto: p, Local: row.Local, State: state(p, row)}
	if row.Remote.Port() != 0 {
		s.Remote = row.Remote
	}
	return s
}

func (r *reader) describe(s *fact.Socket, row *sockdiag.Row) {
	s.ID = fact.SocketID(s.Proto, s.Local, s.Remote, uint64(row.Inode))
	s.Evidence = evidence
	s.Device = r.device(row.Interface)
	l := &fact.LinuxSocket{
		Inode: uint64(row.Inode), Cookie: row.Cookie, CgroupID: row.CgroupID,
		Mark: row.Mark, Transparent: row.Transparent,
	}
	s.Linux = l
	if !row.Ownerless() {
		l.UID = &[]uint32{row.UID}[0]
	}
	if row.HasV6Only {
		l.V6Only = &[]bool{row.V6Only}[0]
	}
	if s.State == fact.Listen {
		q := &[2]uint32{row.ReceiveQueue, row.SendQueue}
		l.Backlog, l.BacklogMax = &q[0], &q[1]
	}
	if row.Timer == sockdiag.TimerTimeWait || s.State == fact.FinWait2 && row.Inode == 0 {
		l.ExpiresMS = row.ExpiresMS
	}
	if row.CgroupID != 0 {
		l.Cgroup, _ = r.groups.Path(row.CgroupID)
	}
}

// state names the kernel's number. Datagram sockets borrow TCP's: closed is bound
// without a peer. A stream socket in closed that has a port is bound.
func state(p fact.Proto, row *sockdiag.Row) fact.State {
	switch row.State {
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

// device is the name of an interface of this namespace, or its number.
func (r *reader) device(index uint32) string {
	if index == 0 {
		return ""
	}
	name, ok := r.devices[index]
	if !ok {
		if name = deviceName(index); name == "" {
			name = strconv.FormatUint(uint64(index), 10)
		}
		r.devices[index] = name
	}
	return name
}
