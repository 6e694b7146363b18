package netstat

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/fact"
)

// The structs of bsd/netinet/in_pcb.h, bsd/sys/socketvar.h and bsd/netinet/tcp_var.h,
// field by field. C packs them to four bytes, so that their 64-bit numbers are pairs
// here.
type (
	pair [2]uint32

	xinpgen struct {
		Len, Count uint32
		Gen, Sogen pair
	}
	xinpcb struct {
		Len, Kind      uint32
		Inpp           pair
		Fport, Lport   [2]byte
		Ppcb           pair
		Gencnt         pair
		Flags, Flow    uint32
		Vflag, TTL, IP uint8
		_              uint8
		Faddr, Laddr   [16]byte
		Tos            uint8
		_              [3]uint8
		Hlim           uint8
		_              [3]uint8
		Cksum          int32
		Ifindex, Hops  uint16
		Flowhash       uint32
		Flags2         uint32
	}
	xsocket struct {
		Len, Kind             uint32
		SO                    pair
		Type                  int16
		_                     int16
		Options               uint32
		Linger, State         int16
		PCB                   pair
		Protocol, Family      int32
		Qlen, Incqlen, Qlimit int16
		Timeo                 int16
		Error                 uint16
		_                     uint16
		PGID                  int32
		OOBMark, UID          uint32
		LastPID, EPID         int32
		Gencnt                pair
		Flags, Flags1         uint32
		Use, Retain           int32
		Filter                uint32
	}
	xsockbuf  struct{ Len, Kind, CC, Hiwat, Mbcnt, Mbmax, Lowat, FlagsAndTimeo uint32 }
	xsockstat struct {
		Len, Kind uint32
		Stats     [32]uint32
	}
	xtcpcb struct {
		Len, Kind uint32
		Segq      pair
		Dupacks   int32
		Timer     [4]int32
		State     int32
		Rest      [164]byte
	}
)

// These do not compile where an offset of the decoder is not the struct's, or a size is
// not the one that Macs were seen to answer with: 104 bytes for xinpcb_n, 104 for
// xsocket_n since macOS 13 (76 before), 204 for xtcpcb_n.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(xinpgen{})-pcbHeader]
	_ = [1]struct{}{}[unsafe.Sizeof(xinpcb{})-104]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Fport)-inpcbRemote]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Lport)-inpcbLocal]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Gencnt)-inpcbGeneration]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Flags)-inpcbFlags]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Vflag)-inpcbFamily]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Faddr)-inpcbRemoteAddr]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Laddr)-inpcbLocalAddr]
	_ = [1]struct{}{}[unsafe.Offsetof(xinpcb{}.Tos)-inpcbSize]
	_ = [1]struct{}{}[unsafe.Sizeof(xsocket{})-socketSize]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.SO)-socketHandle]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.Options)-socketOptions]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.State)-socketState]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.Qlen)-socketQueue]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.Qlimit)-socketQueueMax]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.UID)-socketUID]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.LastPID)-socketLast]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.EPID)-socketBehalf]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.Gencnt)-socketPIDs]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.Flags)-socketFlags]
	_ = [1]struct{}{}[unsafe.Offsetof(xsocket{}.Flags1)-socketFlags1]
	_ = [1]struct{}{}[unsafe.Offsetof(xtcpcb{}.State)-tcpState]
	_ = [1]struct{}{}[unsafe.Sizeof(xtcpcb{})-204]
)

// macSocket is a socket to be built into a list.
type macSocket struct {
	in     xinpcb
	so     xsocket
	old    bool  // before macOS 13
	tcp    int32 // the state, -1 = no such item
	nobody bool  // the kernel has no socket of it any more
}

// mac is a listener at local, an address with family 4, 6 or 46, made by root and
// last used by PID 812.
func mac(family int, local string, change ...func(*macSocket)) macSocket {
	at := netip.MustParseAddrPort(local)
	k := macSocket{tcp: 1, in: xinpcb{Len: 104, Kind: itemInpcb, Gencnt: pair{4711, 1}},
		so: xsocket{Len: socketSize, Kind: itemSocket, SO: pair{7, 9}, Type: 1, Options: 0x2, Family: 30, LastPID: 812, EPID: 812, Qlen: 1, Qlimit: 128}}
	k.in.Lport, k.in.Laddr = wire(at)
	k.in.Vflag = map[int]uint8{4: 1, 6: 2, 46: 3}[family]
	for _, fn := range change {
		fn(&k)
	}
	return k
}

func wire(a netip.AddrPort) (port [2]byte, b [16]byte) {
	if a.Addr().Is4() {
		v4 := a.Addr().As4()
		copy(b[12:], v4[:])
	} else {
		b = a.Addr().As16()
	}
	return [2]byte{byte(a.Port() >> 8), byte(a.Port())}, b
}

func peer(remote string, state int32) func(*macSocket) {
	return func(k *macSocket) {
		k.in.Fport, k.in.Faddr = wire(netip.MustParseAddrPort(remote))
		k.tcp = state
	}
}

// macList builds a list as the kernel writes it.
func macList(socks ...macSocket) []byte {
	b := new(bytes.Buffer)
	put := func(v any, n int) {
		at := b.Len()
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
		b.Truncate(at + n)
		for b.Len()%8 != 0 {
			b.WriteByte(0xee)
		}
	}
	head := xinpgen{Len: pcbHeader, Count: uint32(len(socks)), Gen: pair{9000}}
	put(head, pcbHeader)
	for _, k := range socks {
		put(k.in, int(k.in.Len))
		if k.nobody {
			k.so = xsocket{Len: k.so.Len, Kind: k.so.Kind}
		}
		if k.old {
			k.so.Len = socketPIDs
		}
		put(k.so, int(k.so.Len))
		put(xsockbuf{Len: 32, Kind: 2}, 32)
		put(xsockbuf{Len: 32, Kind: 4}, 32)
		put(xsockstat{Len: 136, Kind: 8}, 136)
		if k.tcp >= 0 {
			put(xtcpcb{Len: 204, Kind: itemTCP, State: k.tcp}, 204)
		}
	}
	if len(socks) > 0 {
		put(head, pcbHeader)
	}
	return b.Bytes()
}

func readBuilt(t *testing.T, q Query, tcp, udp []byte) fact.Set {
	t.Helper()
	set, err := readMac(context.Background(), q, func(name string) ([]byte, error) {
		return map[string][]byte{"net.inet.tcp.pcblist_n": tcp, "net.inet.udp.pcblist_n": udp}[name], nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func ptr[T any](v T) *T { return &v }

func TestMacSocket(t *testing.T) {
	whole := fact.Socket{ID: "sock:tcp:[::]:8080#4294972007", Proto: fact.TCP, Local: netip.MustParseAddrPort("[::]:8080"), State: fact.Listen, PID: 812,
		Evidence: "net.inet.tcp.pcblist_n", Darwin: &fact.DarwinSocket{Generation: 1<<32 + 4711, UID: ptr(uint32(0)), V6Only: ptr(false),
			ReuseAddr: ptr(false), ReusePort: ptr(false), SharesUsers: ptr(false), Backlog: 1, BacklogMax: 128}}
	set := readBuilt(t, Query{}, macList(mac(46, "[::]:8080")), macList())
	if d := cmp.Diff([]fact.Socket{whole}, set.Sockets, cmpopts.EquateComparable(netip.AddrPort{})); d != "" || len(set.Gaps) > 0 {
		t.Errorf("%v %s", set.Gaps, d)
	}
}

// Each claim has its twin: one fact changed, another answer.
func TestMacSocketTwins(t *testing.T) {
	so := func(fn func(*xsocket)) func(*macSocket) { return func(k *macSocket) { fn(&k.so) } }
	state := func(n int32) func(*macSocket) { return func(k *macSocket) { k.tcp = n } }
	yes, no := ptr(true), ptr(false)
	for name, c := range map[string]struct {
		k    macSocket
		want func(fact.Socket) any
		is   any
	}{
		"IPv4":                            {mac(4, "127.0.0.1:80"), func(s fact.Socket) any { return s.Local.String() }, "127.0.0.1:80"},
		"IPv4 has no such flag":           {mac(4, "127.0.0.1:80"), func(s fact.Socket) any { return s.Darwin.V6Only }, (*bool)(nil)},
		"IPv6 alone":                      {mac(6, "[::]:80"), func(s fact.Socket) any { return s.Darwin.V6Only }, yes},
		"both":                            {mac(46, "[::]:80"), func(s fact.Socket) any { return s.Darwin.V6Only }, no},
		"an IPv6 address":                 {mac(6, "[::1]:80"), func(s fact.Socket) any { return s.Darwin.V6Only }, no},
		"an IPv6 address, IPv6 only":      {mac(6, "[::1]:80", func(k *macSocket) { k.in.Flags = 0x8000 }), func(s fact.Socket) any { return s.Darwin.V6Only }, yes},
		"listens":                         {mac(4, "0.0.0.0:80"), func(s fact.Socket) any { return s.State }, fact.Listen},
		"is bound":                        {mac(4, "0.0.0.0:80", state(0)), func(s fact.Socket) any { return s.State }, fact.Bound},
		"is closed, nobody has it":        {mac(4, "0.0.0.0:80", state(0), so(func(s *xsocket) { s.State = 1 })), func(s fact.Socket) any { return s.State }, fact.Closed},
		"is closed, and had a peer":       {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 0)), func(s fact.Socket) any { return s.State }, fact.Closed},
		"established":                     {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4)), func(s fact.Socket) any { return s.State }, fact.Established},
		"its peer":                        {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4)), func(s fact.Socket) any { return s.Remote.String() }, "10.0.0.9:5000"},
		"fin-wait-1 and close-wait apart": {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 6)), func(s fact.Socket) any { return s.State }, fact.FinWait1},
		"close-wait":                      {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 5)), func(s fact.Socket) any { return s.State }, fact.CloseWait},
		"time-wait":                       {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 10), func(k *macSocket) { k.nobody = true }), func(s fact.Socket) any { return s.State }, fact.TimeWait},
		"time-wait has no user":           {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 10), func(k *macSocket) { k.nobody = true }), func(s fact.Socket) any { return s.Darwin.UID }, (*uint32)(nil)},
		"nobody accepted it yet":          {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4), so(func(s *xsocket) { s.State = 0x1001 })), func(s fact.Socket) any { return s.Darwin.NoDescriptor }, true},
		"nobody has it yet":               {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4), so(func(s *xsocket) { s.State = 0x1001 })), func(s fact.Socket) any { return s.PID }, 0},
		"accepted":                        {mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4)), func(s fact.Socket) any { return s.Darwin.NoDescriptor }, false},
		"the kernel's needs none":         {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.State, s.Flags1 = 1, 0x100000 })), func(s fact.Socket) any { return s.Darwin.NoDescriptor }, false},
		"a state of the future":           {mac(4, "0.0.0.0:80", state(11)), func(s fact.Socket) any { return s.State }, fact.Closed},
		"no TCP item":                     {mac(4, "0.0.0.0:80", state(-1)), func(s fact.Socket) any { return s.State }, fact.Closed},
		"SO_REUSEADDR":                    {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.Options = 0x4 })), func(s fact.Socket) any { return s.Darwin.ReuseAddr }, yes},
		"SO_REUSEADDR is not the other":   {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.Options = 0x4 })), func(s fact.Socket) any { return s.Darwin.ReusePort }, no},
		"SO_REUSEPORT":                    {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.Options = 0x202 })), func(s fact.Socket) any { return s.Darwin.ReusePort }, yes},
		"its user":                        {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.UID = 501 })), func(s fact.Socket) any { return s.Darwin.UID }, ptr(uint32(501))},
		"on behalf":                       {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.EPID = 900 })), func(s fact.Socket) any { return s.Darwin.OnBehalf }, 900},
		"on nobody's behalf":              {mac(4, "0.0.0.0:80"), func(s fact.Socket) any { return s.Darwin.OnBehalf }, 0},
		"no process":                      {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.LastPID = -1 })), func(s fact.Socket) any { return s.PID }, 0},
		"the kernel's own":                {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.Flags1 = 0x100000 })), func(s fact.Socket) any { return s.Darwin.Kernel }, true},
		"shares users":                    {mac(4, "0.0.0.0:80", so(func(s *xsocket) { s.Flags = 0x40 })), func(s fact.Socket) any { return s.Darwin.SharesUsers }, yes},
		"macOS 12 names the process":      {mac(4, "0.0.0.0:80", func(k *macSocket) { k.old = true }), func(s fact.Socket) any { return s.PID }, 812},
		"macOS 12 does not tell the rest": {mac(4, "0.0.0.0:80", func(k *macSocket) { k.old = true }), func(s fact.Socket) any { return s.Darwin.SharesUsers }, (*bool)(nil)},
	} {
		set := readBuilt(t, Query{}, macList(c.k), macList())
		if len(set.Sockets) != 1 || len(set.Gaps) > 0 {
			t.Errorf("%s: %+v %v", name, set.Sockets, set.Gaps)
		} else if d := cmp.Diff(c.is, c.want(set.Sockets[0])); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestMacQueries(t *testing.T) {
	bound := func(k *macSocket) { k.tcp = 0 }
	datagram := func(k *macSocket) { k.tcp = -1 }
	unbound := mac(4, "0.0.0.0:0", bound)
	unbound.in.Vflag = 0
	tcp := macList(mac(4, "0.0.0.0:80"), mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4)), mac(4, "0.0.0.0:81", bound), unbound)
	udp := macList(mac(4, "0.0.0.0:80", datagram), mac(4, "10.0.0.1:53", datagram, peer("10.0.0.9:53", -1)))
	for name, c := range map[string]struct {
		q    Query
		want []string
	}{
		"all":            {Query{}, []string{"udp 10.0.0.1:53 established", "tcp 0.0.0.0:80 listen", "tcp 10.0.0.1:80 established", "udp 0.0.0.0:80 unconnected", "tcp 0.0.0.0:81 bound"}},
		"serving":        {Query{Serving: true}, []string{"tcp 0.0.0.0:80 listen", "udp 0.0.0.0:80 unconnected", "tcp 0.0.0.0:81 bound"}},
		"a port":         {Query{Ports: []uint16{81}}, []string{"tcp 0.0.0.0:81 bound"}},
		"a protocol":     {Query{Protos: []fact.Proto{fact.UDP}}, []string{"udp 10.0.0.1:53 established", "udp 0.0.0.0:80 unconnected"}},
		"all but bound":  {Query{Part: Tabled, Serving: true}, []string{"tcp 0.0.0.0:80 listen", "udp 0.0.0.0:80 unconnected"}},
		"bound":          {Query{Part: BoundTCP}, []string{"tcp 0.0.0.0:81 bound"}},
		"what macOS has": {Query{Protos: []fact.Proto{fact.SCTP, fact.UDPLite}}, nil},
	} {
		set := readBuilt(t, c.q, tcp, udp)
		var got []string
		for _, s := range set.Sockets {
			got = append(got, string(s.Proto)+" "+s.Local.String()+" "+string(s.State))
		}
		if d := cmp.Diff(c.want, got); d != "" || len(set.Gaps) > 0 {
			t.Errorf("%s: %v %s", name, set.Gaps, d)
		}
	}
}

func TestMacGaps(t *testing.T) {
	two := macList(mac(4, "0.0.0.0:80"), mac(4, "0.0.0.0:81"))
	noAddr := mac(4, "0.0.0.0:80")
	noAddr.in.Vflag = 0
	short := mac(4, "0.0.0.0:80")
	short.in.Len = 40
	for name, c := range map[string]struct {
		in    []byte
		socks int
		gap   fact.GapKind
	}{
		"whole":                   {two, 2, ""},
		"none":                    {macList(), 0, ""},
		"without the last header": {two[:len(two)-pcbHeader], 2, fact.GapTruncated},
		"cut in an item":          {two[:len(two)-pcbHeader-8], 2, fact.GapTruncated},
		"nothing":                 {nil, 0, fact.GapTruncated},
		"no list at all":          {[]byte("this is no list of sockets at all"), 0, fact.GapTruncated},
		"no family":               {macList(noAddr), 0, fact.GapShape},
		"an item too short":       {macList(short), 0, fact.GapShape},
	} {
		set := readBuilt(t, Query{Protos: []fact.Proto{fact.TCP}}, c.in, nil)
		if len(set.Sockets) != c.socks || (c.gap == "") != (len(set.Gaps) == 0) || c.gap != "" && set.Gaps[0].Kind != c.gap {
			t.Errorf("%s: %d sockets, %v", name, len(set.Sockets), set.Gaps)
		}
	}
	if set := readBuilt(t, Query{Protos: []fact.Proto{fact.Raw}}, nil, nil); len(set.Gaps) != 1 || set.Gaps[0].Kind != fact.GapNoCall {
		t.Errorf("raw sockets: %v", set.Gaps)
	}
}

func TestMacFailures(t *testing.T) {
	refused := errors.New("refused")
	half := func(name string) ([]byte, error) {
		if name == "net.inet.udp.pcblist_n" {
			return nil, refused
		}
		return macList(mac(4, "0.0.0.0:80")), nil
	}
	set, err := readMac(context.Background(), Query{}, half)
	if err != nil || len(set.Sockets) != 1 || len(set.Gaps) != 1 || set.Gaps[0].Subject != "udp sockets" {
		t.Errorf("half of it: %+v %v", set, err)
	}
	if _, err := readMac(context.Background(), Query{Protos: []fact.Proto{fact.UDP}}, half); !errors.Is(err, refused) {
		t.Errorf("nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if set, err := readMac(ctx, Query{}, half); !errors.Is(err, context.Canceled) || set.Sockets != nil {
		t.Errorf("cancelled: %+v %v", set, err)
	}
}

func FuzzMacList(f *testing.F) {
	f.Add(macList(mac(46, "[::]:8080"), mac(4, "10.0.0.1:80", peer("10.0.0.9:5000", 4))))
	f.Add(macList(mac(4, "0.0.0.0:80", func(k *macSocket) { k.old, k.tcp = true, -1 })))
	f.Add(macList())
	f.Add(append(macList(mac(6, "[fe80::1]:80"))[:100], 255, 255, 255, 255))
	f.Fuzz(func(t *testing.T, b []byte) {
		var set fact.Set
		Query{}.macList(&set, fact.TCP, "list", b)
		if len(set.Sockets)*inpcbSize > len(b) {
			t.Errorf("%d sockets of %d bytes", len(set.Sockets), len(b))
		}
		for _, s := range set.Sockets {
			if s.Local.Port() == 0 || !s.Local.Addr().IsValid() || s.Darwin == nil || s.PID < 0 {
				t.Errorf("%+v", s)
			}
		}
	})
}

func BenchmarkMacList(b *testing.B) {
	var socks []macSocket
	for range 1000 {
		socks = append(socks, mac(46, "[::]:8080"))
	}
	list := macList(socks...)
	b.ReportAllocs()
	for b.Loop() {
		var set fact.Set
		Query{Ports: []uint16{81}}.macList(&set, fact.TCP, "list", list)
	}
}
