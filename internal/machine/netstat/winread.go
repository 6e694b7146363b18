package netstat

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/berthd/berth/internal/fact"
)

// winCalls are the ways to Windows' tables; tests put others in their place. The last
// two tell their errors apart.
type winCalls struct {
	// table reads a table; listeners leaves the rest of TCP's out.
	table func(t table, listeners bool) ([]byte, error)
	// module names the owner of a row: a service inside a shared process, else a file.
	module func(t table, row []byte) (string, error)
	// tagged names the service that has a tag inside a process.
	tagged func(pid, tag uint32) (string, error)
	// hasBound is nil where there is a table of bound sockets; where there is none,
	// showsBound tells whether they stand among the others.
	hasBound   func() error
	showsBound func() bool

	noFamily func(error) bool // the family is not installed, or has no rows
	denied   func(error) bool
}

// winReader is one run of Read on Windows.
type winReader struct {
	q     Query
	from  winCalls
	set   fact.Set
	have  map[fact.ID]bool
	names map[inside]string // of what bound sockets
	read  int               // tables
	err   error             // of the first table that could not be read
}

// inside is a service's place, or with no tag a process.
type inside struct{ pid, tag uint32 }

func readWindows(ctx context.Context, q Query, from winCalls) (fact.Set, error) {
	r := winReader{q: q, from: from, have: map[fact.ID]bool{}, names: map[inside]string{}}
	for _, p := range q.protos() {
		if err := ctx.Err(); err != nil {
			return fact.Set{}, err
		}
		r.proto(p)
	}
	if err := ctx.Err(); err != nil || r.read == 0 && r.err != nil {
		if err == nil {
			err = r.err
		}
		return fact.Set{}, err
	}
	Sort(r.set.Sockets)
	return r.set, nil
}

// proto reads the tables of a protocol. Windows has no UDP-Lite and no SCTP.
func (r *winReader) proto(p fact.Proto) {
	tables := []table{tcp4Module, tcp6Module}
	switch {
	case p == fact.UDP:
		tables = []table{udp4Module, udp6Module}
	case p == fact.Raw:
		r.set.AddGaps(fact.Gap{Kind: fact.GapNoCall, Subject: "raw sockets"})
		return
	case p != fact.TCP:
		return
	}
	if r.q.Part != BoundTCP {
		for _, t := range tables {
			r.tabled(t)
		}
	}
	if p == fact.TCP {
		r.bound()
	}
}

// tabled reads one table with all that the system tells of owners, or where that
// is refused, with their process IDs.
func (r *winReader) tabled(t table) {
	b, err := r.from.table(t, r.q.Serving)
	if err != nil && !r.from.noFamily(err) {
		poor, poorErr := r.from.table(t+tcp4PID, r.q.Serving)
		if poorErr == nil {
			r.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: fmt.Sprintf("services and ages of %s sockets", t.proto()), Err: err.Error()})
		}
		t, b, err = t+tcp4PID, poor, poorErr
	}
	if r.fails(t, err) {
		return
	}
	has, says := t.count(b)
	if has < says {
		r.set.AddGaps(fact.Gap{Kind: fact.GapTruncated, Subject: fmt.Sprintf("%s sockets", t.proto())})
	}
	if len(r.q.Ports) == 0 && (!r.q.Serving || t.proto() == fact.UDP) {
		r.set.Sockets = slices.Grow(r.set.Sockets, has)
	}
	for row := range t.rows(b) {
		s := t.socket(row)
		if s.State != fact.Bound && r.q.wants(s) {
			r.describe(t, row, &s)
			r.add(s, t.created(row))
		}
	}
}

// fails notes that a table could not be read. A family that is not there has none.
func (r *winReader) fails(t table, err error) bool {
	if err == nil {
		r.read++
		return false
	}
	if !r.from.noFamily(err) {
		subject := fmt.Sprintf("%s sockets over IPv%d", t.proto(), 4+shapes[t].addr/8)
		r.set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: subject, Err: err.Error()})
		if r.err == nil {
			r.err = fmt.Errorf("%s: %w", subject, err)
		}
	}
	return true
}

// add gives a socket its ID. Several sockets may be bound to one address: when each
// was bound tells them apart, else which process has it, and where that is the same
// too, their number.
func (r *winReader) add(s fact.Socket, created uint64) {
	last := created
	if last == 0 {
		last = uint64(s.PID)
	}
	s.ID = fact.SocketID(s.Proto, s.Local, s.Remote, last)
	for r.have[s.ID] {
		last++
		s.ID = fact.SocketID(s.Proto, s.Local, s.Remote, last)
	}
	r.have[s.ID] = true
	r.set.Sockets = append(r.set.Sockets, s)
}

// describe adds what the system tells of who bound a socket.
func (r *winReader) describe(t table, row []byte, s *fact.Socket) {
	tag, known := t.tag(row)
	w := fact.WindowsSocket{Created: filetime(t.created(row)), Tag: tag}
	if known && (s.State.Serves() || len(r.q.Ports) > 0) {
		w.Module = r.module(t, row, inside{uint32(s.PID), tag})
	}
	if w != (fact.WindowsSocket{}) {
		s.Windows = &w
	}
}

// module names what bound a socket: the system's answer, and where it has none for
// a service, the service manager's.
func (r *winReader) module(t table, row []byte, of inside) string {
	name, known := r.names[of]
	if known {
		return name
	}
	name, err := r.from.module(t, row)
	if name == "" && of.tag != 0 {
		var tagErr error
		if name, tagErr = r.from.tagged(of.pid, of.tag); err == nil {
			err = tagErr
		}
	}
	if name == "" && of.tag != 0 {
		r.nameless(err)
	}
	r.names[of] = name
	return name
}

func (r *winReader) nameless(err error) {
	gap := fact.Gap{Kind: fact.GapOther, Subject: "services that bound sockets"}
	switch {
	case r.from.denied(err):
		gap.Kind = fact.GapPermission
	case err != nil:
		gap.Err = err.Error()
	}
	r.set.AddGaps(gap)
}

// bound reads the sockets that are bound and do not listen.
func (r *winReader) bound() {
	tables := []table{tcp4Bound, tcp6Bound}
	if r.from.hasBound() != nil {
		if r.q.Part != BoundTCP && !r.from.showsBound() {
			r.noBound("iphlpapi.dll lacks the call")
		}
		tables = []table{tcp4PID, tcp6PID}
	}
	if r.q.Part == Tabled {
		return
	}
	var socks []fact.Socket
	for _, t := range tables {
		b, err := r.from.table(t, false)
		if err != nil && !r.from.noFamily(err) {
			r.noBound(err.Error())
			return
		}
		for row := range t.rows(b) {
			if s := t.socket(row); s.State == fact.Bound && r.q.wants(s) {
				socks = append(socks, s)
			}
		}
	}
	if len(socks) == 0 {
		return
	}
	others, err := r.ends()
	if err != nil {
		r.noBound(err.Error())
		return
	}
	for _, s := range socks {
		if !others[end{s.PID, s.Local}] && !others[anywhere(s)] {
			r.add(s, 0)
		}
	}
}

func (r *winReader) noBound(why string) {
	r.set.AddGaps(fact.Gap{Kind: fact.GapNoBound, Subject: "bound TCP sockets", Err: why})
}

// end is a port of a process, and the address where that matters.
type end struct {
	pid   int
	local netip.AddrPort
}

func anywhere(s fact.Socket) end {
	return end{s.PID, netip.AddrPortFrom(netip.Addr{}, s.Local.Port())}
}

// ends are the sockets that listen, and the ports that have connections: the table
// of bound sockets has a row for each of these too.
func (r *winReader) ends() (map[end]bool, error) {
	all := map[end]bool{}
	for _, t := range []table{tcp4PID, tcp6PID} {
		b, err := r.from.table(t, false)
		if err != nil && !r.from.noFamily(err) {
			return nil, err
		}
		for row := range t.rows(b) {
			switch s := t.socket(row); s.State {
			case fact.Bound:
			case fact.Listen:
				all[end{s.PID, s.Local}] = true
			default:
				all[anywhere(s)] = true
			}
		}
	}
	return all, nil
}
