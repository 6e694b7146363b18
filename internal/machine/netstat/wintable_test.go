package netstat

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
)

// rowsOf builds a table as Windows writes it.
func rowsOf[R any](t table, rows ...R) []byte {
	b := bytes.NewBuffer(make([]byte, 0, 64+len(rows)*200))
	head := make([]byte, shapes[t].first)
	binary.LittleEndian.PutUint32(head, uint32(len(rows)))
	b.Write(head)
	for _, r := range rows {
		if err := binary.Write(b, binary.LittleEndian, r); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

func portBytes(p uint16) [4]byte { return [4]byte{byte(p >> 8), byte(p), 0xaa, 0x55} }

func six(s string) [16]byte { return netip.MustParseAddr(s).As16() }

// stamp is a FILETIME: 2026-11-21 09:00:00.1234567 UTC.
const stamp = 134397252001234567

func tcp4(state uint32, local string, remote string, pid uint32) iphlpapi.TCPRow {
	l := netip.MustParseAddrPort(local)
	r := iphlpapi.TCPRow{State: state, LocalAddr: l.Addr().As4(), LocalPort: portBytes(l.Port()), PID: pid, Created: stamp}
	if remote != "" {
		p := netip.MustParseAddrPort(remote)
		r.RemoteAddr, r.RemotePort = p.Addr().As4(), portBytes(p.Port())
	}
	return r
}

func tcp4pid(r iphlpapi.TCPRow) iphlpapi.TCPRowPID {
	return iphlpapi.TCPRowPID{State: r.State, LocalAddr: r.LocalAddr, LocalPort: r.LocalPort, RemoteAddr: r.RemoteAddr, RemotePort: r.RemotePort, PID: r.PID}
}

func bound4(local string, pid uint32) iphlpapi.TCPRow2 {
	return iphlpapi.TCPRow2{TCPRowPID: tcp4pid(tcp4(iphlpapi.StateClosed, local, "", pid))}
}

var (
	errRefused  = errors.New("refused")
	errNoFamily = errors.New("no such family")
	errDenied   = errors.New("access is denied")
	errNoCall   = errors.New("no such call")
)

// fake is a Windows with these tables; those that it lacks are empty, or fail.
type fake struct {
	tables   map[table][]byte
	errs     map[table]error
	modules  map[uint32]string // by process
	tags     map[uint32]string
	noBound  error
	shows    bool // bound sockets among the others
	asked    []table
	named    int
	listened int // tables that were asked for listeners alone
}

func (f *fake) calls() winCalls {
	return winCalls{
		table: func(t table, listeners bool) ([]byte, error) {
			f.asked = append(f.asked, t)
			if listeners {
				f.listened++
			}
			b, ok := f.tables[t]
			if !ok {
				b = rowsOf[iphlpapi.TCPRow](t)
			}
			return b, f.errs[t]
		},
		module: func(t table, row []byte) (string, error) {
			f.named++
			if name, ok := f.modules[uint32(t.socket(row).PID)]; ok {
				return name, nil
			}
			return "", errDenied
		},
		tagged: func(_, tag uint32) (string, error) {
			if name, ok := f.tags[tag]; ok {
				return name, nil
			}
			return "", errDenied
		},
		hasBound: func() error { return f.noBound }, showsBound: func() bool { return f.shows },
		noFamily: func(err error) bool { return err == errNoFamily },
		denied:   func(err error) bool { return err == errDenied },
	}
}

func readFake(t *testing.T, f *fake, q Query) fact.Set {
	t.Helper()
	set, err := readWindows(context.Background(), q, f.calls())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func lines(set fact.Set) []string {
	var got []string
	for _, s := range set.Sockets {
		line := string(s.Proto) + " " + s.Local.String() + " " + string(s.State)
		if s.Remote.IsValid() {
			line += " " + s.Remote.String()
		}
		got = append(got, line)
	}
	return got
}

func wantLines(t *testing.T, set fact.Set, want ...string) {
	t.Helper()
	if got := lines(set); !slices.Equal(got, want) {
		t.Errorf("sockets %q,\n        want %q", got, want)
	}
}

func wantGaps(t *testing.T, set fact.Set, want ...fact.GapKind) {
	t.Helper()
	var got []fact.GapKind
	for _, g := range set.Gaps {
		got = append(got, g.Kind)
	}
	if !slices.Equal(got, want) {
		t.Errorf("gaps %+v, want %q", set.Gaps, want)
	}
}

func TestShapesAreTheRows(t *testing.T) {
	var tcp iphlpapi.TCPRow
	var tcp6 iphlpapi.TCP6Row
	var udp iphlpapi.UDPRow
	var udp6 iphlpapi.UDP6Row
	var pid4 iphlpapi.TCPRowPID
	var pid6 iphlpapi.TCP6RowPID
	var uid4 iphlpapi.UDPRowPID
	var uid6 iphlpapi.UDP6RowPID
	var bound iphlpapi.TCPRow2
	var bound6 iphlpapi.TCP6Row2
	for i, want := range [][]uintptr{
		tcp4Module: {unsafe.Sizeof(tcp), unsafe.Offsetof(tcp.LocalAddr), unsafe.Offsetof(tcp.LocalPort), unsafe.Offsetof(tcp.RemoteAddr), unsafe.Offsetof(tcp.RemotePort), unsafe.Offsetof(tcp.State), unsafe.Offsetof(tcp.PID), unsafe.Offsetof(tcp.Created), unsafe.Offsetof(tcp.Info)},
		tcp6Module: {unsafe.Sizeof(tcp6), unsafe.Offsetof(tcp6.LocalAddr), unsafe.Offsetof(tcp6.LocalPort), unsafe.Offsetof(tcp6.RemoteAddr), unsafe.Offsetof(tcp6.RemotePort), unsafe.Offsetof(tcp6.State), unsafe.Offsetof(tcp6.PID), unsafe.Offsetof(tcp6.Created), unsafe.Offsetof(tcp6.Info)},
		udp4Module: {unsafe.Sizeof(udp), unsafe.Offsetof(udp.LocalAddr), unsafe.Offsetof(udp.LocalPort), 0, 0, 0, unsafe.Offsetof(udp.PID), unsafe.Offsetof(udp.Created), unsafe.Offsetof(udp.Info)},
		udp6Module: {unsafe.Sizeof(udp6), unsafe.Offsetof(udp6.LocalAddr), unsafe.Offsetof(udp6.LocalPort), 0, 0, 0, unsafe.Offsetof(udp6.PID), unsafe.Offsetof(udp6.Created), unsafe.Offsetof(udp6.Info)},
		tcp4PID:    {unsafe.Sizeof(pid4), unsafe.Offsetof(pid4.LocalAddr), unsafe.Offsetof(pid4.LocalPort), unsafe.Offsetof(pid4.RemoteAddr), unsafe.Offsetof(pid4.RemotePort), unsafe.Offsetof(pid4.State), unsafe.Offsetof(pid4.PID), 0, 0},
		tcp6PID:    {unsafe.Sizeof(pid6), unsafe.Offsetof(pid6.LocalAddr), unsafe.Offsetof(pid6.LocalPort), unsafe.Offsetof(pid6.RemoteAddr), unsafe.Offsetof(pid6.RemotePort), unsafe.Offsetof(pid6.State), unsafe.Offsetof(pid6.PID), 0, 0},
		udp4PID:    {unsafe.Sizeof(uid4), unsafe.Offsetof(uid4.LocalAddr), unsafe.Offsetof(uid4.LocalPort), 0, 0, 0, unsafe.Offsetof(uid4.PID), 0, 0},
		udp6PID:    {unsafe.Sizeof(uid6), unsafe.Offsetof(uid6.LocalAddr), unsafe.Offsetof(uid6.LocalPort), 0, 0, 0, unsafe.Offsetof(uid6.PID), 0, 0},
		tcp4Bound:  {unsafe.Sizeof(bound), unsafe.Offsetof(bound.LocalAddr), unsafe.Offsetof(bound.LocalPort), unsafe.Offsetof(bound.RemoteAddr), unsafe.Offsetof(bound.RemotePort), unsafe.Offsetof(bound.State), unsafe.Offsetof(bound.PID), 0, 0},
		tcp6Bound:  {unsafe.Sizeof(bound6), unsafe.Offsetof(bound6.LocalAddr), unsafe.Offsetof(bound6.LocalPort), unsafe.Offsetof(bound6.RemoteAddr), unsafe.Offsetof(bound6.RemotePort), unsafe.Offsetof(bound6.State), unsafe.Offsetof(bound6.PID), 0, 0},
	} {
		s := shapes[i]
		for j, at := range []int{s.size, s.local, s.localPort, s.remote, s.peer, s.state, s.pid, s.created, s.tag} {
			if uintptr(at) != want[j] {
				t.Errorf("table %d, field %d: at %d, in the row at %d", i, j, at, want[j])
			}
		}
	}
}

func TestEveryTableIsRead(t *testing.T) {
	f := fake{tables: map[table][]byte{
		tcp4Module: rowsOf(tcp4Module,
			tcp4(iphlpapi.StateListen, "0.0.0.0:80", "9.9.9.9:4711", 4), // what lay in a listener's peer
			tcp4(iphlpapi.StateEstablished, "127.0.0.1:80", "127.0.0.1:50000", 4),
			tcp4(iphlpapi.StateTimeWait, "127.0.0.1:80", "127.0.0.1:50001", 0)),
		tcp6Module: rowsOf(tcp6Module,
			iphlpapi.TCP6Row{LocalAddr: six("fe80::1"), LocalScope: 12, LocalPort: portBytes(80), State: iphlpapi.StateListen, PID: 5000, Created: stamp, RemotePort: portBytes(9)},
			iphlpapi.TCP6Row{LocalAddr: six("::1"), LocalScope: 4096, LocalPort: portBytes(80), RemoteAddr: six("fe80::2"), RemoteScope: 0x0c000000, RemotePort: portBytes(9), State: iphlpapi.StateCloseWait, PID: 5000}),
		udp4Module: rowsOf(udp4Module, iphlpapi.UDPRow{LocalAddr: [4]byte{0, 0, 0, 0}, LocalPort: portBytes(80), PID: 900, Created: stamp, Flags: 1}),
		udp6Module: rowsOf(udp6Module, iphlpapi.UDP6Row{LocalAddr: six("::"), LocalPort: portBytes(80), PID: 900, Created: stamp, Flags: 1}),
		tcp4Bound:  rowsOf(tcp4Bound, bound4("10.0.0.1:80", 6000)),
		tcp6Bound:  rowsOf(tcp6Bound, iphlpapi.TCP6Row2{LocalAddr: six("::"), LocalPort: portBytes(80), PID: 6000}),
	}}
	set := readFake(t, &f, Query{})
	wantLines(t, set,
		"tcp 0.0.0.0:80 listen", "tcp 10.0.0.1:80 bound",
		"tcp 127.0.0.1:80 established 127.0.0.1:50000", "tcp 127.0.0.1:80 time-wait 127.0.0.1:50001",
		"tcp [::]:80 bound", "tcp [::1]:80 close-wait [fe80::2%12]:9", "tcp [fe80::1%12]:80 listen",
		"udp 0.0.0.0:80 unconnected", "udp [::]:80 unconnected")
	wantGaps(t, set)
	first := set.Sockets[0]
	if first.PID != 4 || first.Windows == nil || !first.Windows.Created.Equal(time.Date(2026, 11, 21, 9, 0, 0, 123456700, time.UTC)) || first.Evidence != "GetExtendedTcpTable" {
		t.Errorf("%+v %+v", first, first.Windows)
	}
	if last := set.Sockets[7]; last.PID != 900 || last.Windows.Created.IsZero() || last.Evidence != "GetExtendedUdpTable" {
		t.Errorf("%+v", last)
	}
	if b := set.Sockets[1]; b.PID != 6000 || b.Windows != nil || b.Evidence != "InternalGetBoundTcpEndpointTable" {
		t.Errorf("%+v", b)
	}
}

func TestQueriesLeaveOut(t *testing.T) {
	f := fake{tables: map[table][]byte{
		tcp4Module: rowsOf(tcp4Module,
			tcp4(iphlpapi.StateListen, "0.0.0.0:80", "", 4),
			tcp4(iphlpapi.StateListen, "0.0.0.0:8080", "", 4),
			tcp4(iphlpapi.StateEstablished, "127.0.0.1:80", "127.0.0.1:50000", 4),
			tcp4(iphlpapi.StateListen, "0.0.0.0:0", "", 4)),
		udp4Module: rowsOf(udp4Module, iphlpapi.UDPRow{LocalPort: portBytes(80), PID: 900}),
		tcp4Bound:  rowsOf(tcp4Bound, bound4("10.0.0.1:80", 6000), bound4("10.0.0.1:8080", 6000)),
	}}
	for _, c := range []struct {
		name string
		q    Query
		want []string
	}{
		{"a port", Query{Ports: []uint16{80}}, []string{"tcp 0.0.0.0:80 listen", "tcp 10.0.0.1:80 bound", "tcp 127.0.0.1:80 established 127.0.0.1:50000", "udp 0.0.0.0:80 unconnected"}},
		{"what serves", Query{Ports: []uint16{80}, Serving: true}, []string{"tcp 0.0.0.0:80 listen", "tcp 10.0.0.1:80 bound", "udp 0.0.0.0:80 unconnected"}},
		{"what is tabled", Query{Ports: []uint16{80}, Serving: true, Part: Tabled}, []string{"tcp 0.0.0.0:80 listen", "udp 0.0.0.0:80 unconnected"}},
		{"what is bound", Query{Ports: []uint16{80}, Serving: true, Part: BoundTCP}, []string{"tcp 10.0.0.1:80 bound"}},
		{"a protocol", Query{Ports: []uint16{8080, 80}, Protos: []fact.Proto{fact.UDP}}, []string{"udp 0.0.0.0:80 unconnected"}},
		{"another protocol", Query{Serving: true, Protos: []fact.Proto{fact.TCP}}, []string{"tcp 0.0.0.0:80 listen", "tcp 10.0.0.1:80 bound", "tcp 0.0.0.0:8080 listen", "tcp 10.0.0.1:8080 bound"}},
		{"protocols that Windows has not", Query{Protos: []fact.Proto{fact.SCTP, fact.UDPLite}}, nil},
		{"bound sockets of another protocol", Query{Protos: []fact.Proto{fact.UDP}, Part: BoundTCP}, nil},
	} {
		set := readFake(t, &f, c.q)
		if got := lines(set); !slices.Equal(got, c.want) || len(set.Gaps) != 0 {
			t.Errorf("%s: %q, gaps %+v", c.name, got, set.Gaps)
		}
	}
	wantGaps(t, readFake(t, &f, Query{Protos: []fact.Proto{fact.Raw}}), fact.GapNoCall)
	f.listened, f.asked = 0, nil
	readFake(t, &f, Query{Serving: true, Part: Tabled})
	if f.listened != 4 || len(f.asked) != 4 {
		t.Errorf("asked for %v, %d times for listeners alone", f.asked, f.listened)
	}
}

func TestStates(t *testing.T) {
	for number, want := range map[uint32]fact.State{
		1: fact.Closed, 2: fact.Listen, 3: fact.SynSent, 4: fact.SynRecv, 5: fact.Established, 6: fact.FinWait1, 7: fact.FinWait2,
		8: fact.CloseWait, 9: fact.Closing, 10: fact.LastAck, 11: fact.TimeWait, 12: fact.Closed, 13: fact.Closed, 0: fact.Closed,
	} {
		if got := winState(number, 9); got != want {
			t.Errorf("%d with a peer: %s, want %s", number, got, want)
		}
	}
	for number, want := range map[uint32]fact.State{1: fact.Bound, 100: fact.Bound, 2: fact.Listen, 12: fact.Closed} {
		if got := winState(number, 0); got != want {
			t.Errorf("%d without a peer: %s, want %s", number, got, want)
		}
	}
}

func TestTablesThatFail(t *testing.T) {
	listen := tcp4(iphlpapi.StateListen, "0.0.0.0:80", "", 4)
	tables := map[table][]byte{tcp4Module: rowsOf(tcp4Module, listen), tcp4PID: rowsOf(tcp4PID, tcp4pid(listen))}
	for _, c := range []struct {
		name  string
		errs  map[table]error
		socks int
		age   bool
		gaps  []fact.GapKind
		err   error
	}{
		{"none", nil, 1, true, nil, nil},
		{"module class", map[table]error{tcp4Module: errRefused}, 1, false, []fact.GapKind{fact.GapOther}, nil},
		{"both classes", map[table]error{tcp4Module: errRefused, tcp4PID: errRefused}, 0, false, []fact.GapKind{fact.GapOther}, nil},
		{"no IPv6", map[table]error{tcp6Module: errNoFamily, udp6Module: errNoFamily, tcp6Bound: errNoFamily}, 1, true, nil, nil},
		{"bound sockets", map[table]error{tcp6Bound: errRefused}, 1, true, []fact.GapKind{fact.GapNoBound}, nil},
		{"all", map[table]error{tcp4Module: errRefused, tcp4PID: errRefused, tcp6Module: errRefused, tcp6PID: errRefused, udp4Module: errRefused, udp4PID: errRefused, udp6Module: errRefused, udp6PID: errRefused}, 0, false, nil, errRefused},
	} {
		f := fake{tables: tables, errs: c.errs}
		set, err := readWindows(context.Background(), Query{}, f.calls())
		if !errors.Is(err, c.err) || len(set.Sockets) != c.socks {
			t.Errorf("%s: %+v, error %v", c.name, set, err)
			continue
		}
		wantGaps(t, set, c.gaps...)
		if c.socks > 0 && (set.Sockets[0].Windows != nil) != c.age {
			t.Errorf("%s: %+v", c.name, set.Sockets[0].Windows)
		}
	}
}

// A system without the call says so once, and never where only that part is asked for.
// What such a system shows among its other sockets is taken.
func TestNoTableOfBoundSockets(t *testing.T) {
	shown := tcp4(iphlpapi.StateClosed, "127.0.0.1:80", "", 700)
	f := fake{noBound: errNoCall, tables: map[table][]byte{
		tcp4Module: rowsOf(tcp4Module, shown),
		tcp4PID:    rowsOf(tcp4PID, tcp4pid(shown)),
		tcp4Bound:  rowsOf(tcp4Bound, bound4("10.0.0.1:80", 700)),
	}}
	for part, want := range map[Part]struct {
		gap   bool
		socks int
	}{Whole: {true, 1}, Tabled: {true, 0}, BoundTCP: {false, 1}} {
		set := readFake(t, &f, Query{Part: part, Protos: []fact.Proto{fact.TCP}})
		if got := len(set.Gaps) == 1 && set.Gaps[0].Kind == fact.GapNoBound; got != want.gap || len(set.Gaps) > 1 || len(set.Sockets) != want.socks {
			t.Errorf("part %d: %+v", part, set)
		}
		if want.socks == 1 && (set.Sockets[0].State != fact.Bound || set.Sockets[0].Evidence != "GetExtendedTcpTable") {
			t.Errorf("part %d: %+v", part, set.Sockets[0])
		}
	}
	wantGaps(t, readFake(t, &f, Query{Protos: []fact.Proto{fact.UDP}}))
	f.shows = true
	set := readFake(t, &f, Query{})
	wantLines(t, set, "tcp 127.0.0.1:80 bound")
	wantGaps(t, set)
}

// The table of bound sockets has connections a second time.
func TestBoundSocketsAreNoConnections(t *testing.T) {
	f := fake{tables: map[table][]byte{
		tcp4PID: rowsOf(tcp4PID,
			tcp4pid(tcp4(iphlpapi.StateEstablished, "10.0.0.1:50000", "10.0.0.2:443", 700)),
			tcp4pid(tcp4(iphlpapi.StateListen, "0.0.0.0:80", "", 700))),
		tcp4Bound: rowsOf(tcp4Bound,
			bound4("0.0.0.0:50000", 700),  // that connection
			bound4("0.0.0.0:80", 700),     // that listener
			bound4("127.0.0.1:80", 700),   // another socket of its process
			bound4("0.0.0.0:50000", 800)), // another process
		tcp6Bound: rowsOf(tcp6Bound, iphlpapi.TCP6Row2{LocalAddr: six("::"), LocalPort: portBytes(50000), PID: 700}), // connected over IPv4
	}}
	set := readFake(t, &f, Query{Serving: true, Part: BoundTCP})
	wantLines(t, set, "tcp 127.0.0.1:80 bound", "tcp 0.0.0.0:50000 bound")
	if set.Sockets[1].PID != 800 {
		t.Errorf("%+v", set.Sockets[1])
	}
	f.errs = map[table]error{tcp4PID: errRefused}
	set = readFake(t, &f, Query{Serving: true, Part: BoundTCP})
	wantLines(t, set)
	wantGaps(t, set, fact.GapNoBound)
}

func service(local string, pid uint32, tag uint64) iphlpapi.TCPRow {
	r := tcp4(iphlpapi.StateListen, local, "", pid)
	r.Info[0] = tag
	return r
}

func TestServicesInsideAProcess(t *testing.T) {
	connected := service("127.0.0.1:135", 900, 50)
	connected.State, connected.RemotePort = iphlpapi.StateEstablished, portBytes(9)
	noted := service("0.0.0.0:139", 1000, 0)
	noted.Info[3] = 1
	rows := rowsOf(tcp4Module, service("0.0.0.0:135", 900, 50), service("127.0.0.1:136", 900, 50), service("0.0.0.0:137", 901, 51),
		service("0.0.0.0:138", 902, 52), noted, service("0.0.0.0:140", 1100, 0), service("0.0.0.0:141", 903, 1<<40), connected)
	f := fake{
		tables:  map[table][]byte{tcp4Module: rows},
		modules: map[uint32]string{900: "RpcEptMapper", 1000: "node.exe", 1100: "never asked"},
		tags:    map[uint32]string{51: "W32Time"},
	}
	set := readFake(t, &f, Query{Protos: []fact.Proto{fact.TCP}})
	got := map[string]fact.WindowsSocket{}
	for _, s := range set.Sockets {
		got[s.Local.String()+" "+string(s.State)] = fact.WindowsSocket{Module: s.Windows.Module, Tag: s.Windows.Tag}
	}
	for at, want := range map[string]fact.WindowsSocket{
		"0.0.0.0:135 listen":        {Module: "RpcEptMapper", Tag: 50},
		"127.0.0.1:136 listen":      {Module: "RpcEptMapper", Tag: 50},
		"0.0.0.0:137 listen":        {Module: "W32Time", Tag: 51}, // the service manager knows the tag
		"0.0.0.0:138 listen":        {Tag: 52},                    // nobody tells
		"0.0.0.0:139 listen":        {Module: "node.exe"},
		"0.0.0.0:140 listen":        {}, // nothing was noted, so nobody is asked
		"0.0.0.0:141 listen":        {}, // no tag is that large
		"127.0.0.1:135 established": {Tag: 50},
	} {
		if got[at] != want {
			t.Errorf("%s: %+v, want %+v", at, got[at], want)
		}
	}
	wantGaps(t, set, fact.GapPermission)
	if f.named != 5 {
		t.Errorf("%d rows were asked about: one for each service", f.named)
	}
	f.named = 0
	set = readFake(t, &f, Query{Ports: []uint16{135}, Protos: []fact.Proto{fact.TCP}})
	if len(set.Sockets) != 2 || set.Sockets[1].Windows.Module != "RpcEptMapper" || f.named != 1 || len(set.Gaps) != 0 {
		t.Errorf("a connection of a port that is asked for: %+v after %d questions", set, f.named)
	}
}

// Sockets on one address have IDs of their own, and keep them.
func TestIDs(t *testing.T) {
	udp := func(pid uint32, created uint64) iphlpapi.UDPRow {
		return iphlpapi.UDPRow{LocalPort: portBytes(5353), PID: pid, Created: created}
	}
	ids := func(rows ...iphlpapi.UDPRow) []fact.ID {
		var got []fact.ID
		for _, s := range readFake(t, &fake{tables: map[table][]byte{udp4Module: rowsOf(udp4Module, rows...)}}, Query{Protos: []fact.Proto{fact.UDP}}).Sockets {
			got = append(got, s.ID)
		}
		return got
	}
	all := ids(udp(900, 0), udp(904, stamp), udp(900, 0), udp(904, stamp+7), udp(904, stamp))
	want := []fact.ID{
		"sock:udp:0.0.0.0:5353#900", "sock:udp:0.0.0.0:5353#901",
		"sock:udp:0.0.0.0:5353#134397252001234567", "sock:udp:0.0.0.0:5353#134397252001234568", "sock:udp:0.0.0.0:5353#134397252001234574",
	}
	if !slices.Equal(all, want) {
		t.Errorf("%q", all)
	}
	if again := ids(udp(904, stamp+7)); again[0] != want[4] {
		t.Errorf("without the others: %q", again)
	}
}

func TestTablesOfAnotherLength(t *testing.T) {
	whole := rowsOf(tcp4Module, tcp4(iphlpapi.StateListen, "0.0.0.0:80", "", 4), tcp4(iphlpapi.StateListen, "0.0.0.0:81", "", 4))
	for _, c := range []struct {
		name  string
		bytes []byte
		socks int
		cut   bool
	}{
		{"whole", whole, 2, false},
		{"with room behind", append(bytes.Clone(whole), make([]byte, 500)...), 2, false},
		{"cut in a row", whole[:len(whole)-1], 1, true},
		{"cut in the heading", whole[:6], 0, true},
		{"cut in the number", whole[:3], 0, false},
		{"nothing", nil, 0, false},
		{"a number that is none", append([]byte{255, 255, 255, 255}, whole[4:]...), 2, true},
	} {
		set := readFake(t, &fake{tables: map[table][]byte{tcp4Module: c.bytes}}, Query{Protos: []fact.Proto{fact.TCP}})
		cut := len(set.Gaps) == 1 && set.Gaps[0].Kind == fact.GapTruncated
		if len(set.Sockets) != c.socks || cut != c.cut {
			t.Errorf("%s: %+v", c.name, set)
		}
	}
}

func TestFiletime(t *testing.T) {
	for n, want := range map[uint64]string{
		stamp: "2026-11-21T09:00:00.1234567Z", 0: "0001-01-01T00:00:00Z", 116444736000000000: "0001-01-01T00:00:00Z",
		116444736010000000: "1970-01-01T00:00:01Z", 1<<64 - 1: "0001-01-01T00:00:00Z", 1 << 62: "0001-01-01T00:00:00Z",
	} {
		if got := filetime(n).Format(time.RFC3339Nano); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestContextThatEndedOnWindows(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := readWindows(ctx, Query{}, (&fake{}).calls()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func FuzzWindowsTables(f *testing.F) {
	row := tcp4(iphlpapi.StateListen, "0.0.0.0:80", "", 4)
	f.Add(uint8(tcp4Module), rowsOf(tcp4Module, row, row))
	f.Add(uint8(tcp4PID), rowsOf(tcp4PID, tcp4pid(row)))
	f.Add(uint8(udp6Module), rowsOf(udp6Module, iphlpapi.UDP6Row{LocalAddr: six("fe80::1"), LocalScope: 7, LocalPort: portBytes(9), Created: 1 << 63}))
	f.Add(uint8(tcp6Bound), []byte{255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		at := table(int(which) % len(shapes))
		errs := map[table]error{}
		if at >= tcp4PID && at < tcp4Bound {
			errs[at-tcp4PID] = errRefused
		}
		set := readFake(t, &fake{tables: map[table][]byte{at: b}, errs: errs}, Query{})
		if _, err := json.Marshal(set); err != nil {
			t.Error(err)
		}
		have := map[fact.ID]bool{}
		for _, s := range set.Sockets {
			if have[s.ID] || s.Local.Port() == 0 || !s.Local.IsValid() {
				t.Errorf("%+v", s)
			}
			have[s.ID] = true
		}
	})
}

// busy is a machine with n connections.
func busy(n int) *fake {
	rows := make([]iphlpapi.TCPRow, n)
	for i := range rows {
		rows[i] = tcp4(iphlpapi.StateEstablished, "10.0.0.1:443", "10.0.0.2:1", 4)
		rows[i].RemoteAddr = [4]byte{10, byte(i >> 14), byte(i >> 6), byte(i)}
		rows[i].RemotePort = portBytes(uint16(1024 + i))
	}
	rows[n/2] = tcp4(iphlpapi.StateListen, "0.0.0.0:443", "", 4)
	return &fake{tables: map[table][]byte{tcp4Module: rowsOf(tcp4Module, rows...)}}
}

func BenchmarkWindowsTables(b *testing.B) {
	f := busy(30_000)
	for name, q := range map[string]Query{
		"serving": {Ports: []uint16{443}, Serving: true}, "port": {Ports: []uint16{80}}, "everything": {},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.asked = nil
				set, err := readWindows(context.Background(), q, f.calls())
				if err != nil || q.Serving && len(set.Sockets) != 1 {
					b.Fatal(len(set.Sockets), err)
				}
			}
		})
	}
}
