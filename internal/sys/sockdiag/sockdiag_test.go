package sockdiag

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"testing"

	"github.com/berthd/berth/internal/sys/netlink"
)

// run interprets a filter program as the kernel's inet_diag does: whether a row
// with this local port passes. ok is false where the program leaves its bounds.
func run(program []byte, port uint16) (pass, ok bool) {
	pc := 0
	for pc < len(program) {
		if pc < 0 || pc%4 != 0 || len(program)-pc < opLen {
			return false, false
		}
		code, yes, no := program[pc], int(program[pc+1]), int(binary.NativeEndian.Uint16(program[pc+2:]))
		take := false
		switch code {
		case opJump:
		case opSourceFrom, opSourceAtMost:
			if len(program)-pc < compareLen {
				return false, false
			}
			bound := binary.NativeEndian.Uint16(program[pc+6:])
			take = code == opSourceFrom && port >= bound || code == opSourceAtMost && port <= bound
		default:
			return false, false
		}
		step := no
		if take {
			step = yes
		}
		if step <= 0 || step%4 != 0 || pc+step > len(program)+4 {
			return false, false
		}
		pc += step
	}
	return pc == len(program), true
}

func TestPortsFilterExactly(t *testing.T) {
	long := make([]uint16, 0, MaxRanges)
	for i := range MaxRanges {
		long = append(long, uint16(65535-2*i))
	}
	for _, ports := range [][]uint16{{80}, {0}, {65535}, {80, 81, 82}, {3000, 80}, {443, 80, 81, 80}, long} {
		f := Ports(ports)
		wanted := make(map[uint16]bool)
		for _, p := range ports {
			wanted[p] = true
		}
		for p := 0; p < 1<<16; p += 1 + len(ports)/100 {
			pass, ok := run(f.program, uint16(p))
			if !ok || pass != wanted[uint16(p)] {
				t.Fatalf("%d ports from %d: port %d passes %v, valid %v", len(ports), ports[0], p, pass, ok)
			}
		}
	}
}

func TestPortsThatAreNotFiltered(t *testing.T) {
	if f := Ports(nil); f.program != nil || f.single != 0 {
		t.Errorf("no ports: %+v", f)
	}
	var many []uint16
	for i := range MaxRanges + 1 {
		many = append(many, uint16(2*i))
	}
	if f := Ports(many); f.program != nil {
		t.Errorf("a filter of %d bytes, longer than the kernel takes", len(f.program))
	}
}

// listenerRow is a listener on [::]:80 with its attributes, as Linux 6.18 on amd64
// sent it.
const listenerRow = "0a0a0000" + "00500000" + "00000000000000000000000000000000" + "00000000000000000000000000000000" +
	"00000000" + "d510000000000000" + "00000000" + "01000000" + "00100000" + "00000000" + "d50c2a00" +
	"0500080000000000" + "05000b0001000000" + "08000f0007000000" + "0c0015000100000000000000" + "0600160032000000"

func bytesOf(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

func TestDecodeAListener(t *testing.T) {
	if !littleEndian() {
		t.Skip("the recorded row is of a little-endian machine")
	}
	var got Row
	if err := got.Decode(bytesOf(t, listenerRow)); err != nil {
		t.Fatal(err)
	}
	want := Row{
		Family: IPv6, State: Listen, Local: netip.MustParseAddrPort("[::]:80"), Remote: netip.MustParseAddrPort("[::]:0"),
		Cookie: 4309, ReceiveQueue: 1, SendQueue: 4096, Inode: 2755797, Transparent: true,
		V6Only: true, HasV6Only: true, CgroupID: 1, Mark: 7,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	bare := Row{V6Only: true, CgroupID: 9}
	if err := bare.Decode(bytesOf(t, listenerRow)[:rowLength]); err != nil || bare.HasV6Only || bare.V6Only || bare.CgroupID != 0 {
		t.Errorf("without attributes: %+v, %v; nothing of an earlier row may stay", bare, err)
	}
	if err := got.Decode(bytesOf(t, listenerRow)[:rowLength-1]); !errors.Is(err, ErrShort) {
		t.Errorf("cut short: %v, want ErrShort", err)
	}
}

func TestOwnerless(t *testing.T) {
	for want, rows := range map[bool][]Row{
		true:  {{State: TimeWait}, {State: FinWait2, Timer: TimerTimeWait}, {State: SynRecv}},
		false: {{State: FinWait2, Inode: 7, Timer: TimerKeepalive}, {State: Listen, Inode: 7}, {State: FinWait1}},
	} {
		for _, r := range rows {
			if r.Ownerless() != want {
				t.Errorf("%+v: %v", r, !want)
			}
		}
	}
}

func TestRequestLayout(t *testing.T) {
	r := Request{Family: IPv6, Protocol: UDP, States: 1 << Close, Filter: Ports([]uint16{80})}
	b := r.Append(nil)
	if b[0] != IPv6 || b[1] != UDP || binary.NativeEndian.Uint32(b[4:]) != 1<<Close || binary.BigEndian.Uint16(b[8:]) != 80 {
		t.Errorf("% x", b)
	}
	if typ, _, rest, ok := netlink.Next(b[8+idLength:]); typ != reqBytecode || !ok || len(rest) != 0 || r.Type() != typeByFamily {
		t.Errorf("filter: type %d, %d left", typ, len(rest))
	}
	r.Family = AnyFamily
	b = r.Append(nil)
	if b[0] != 0 || binary.BigEndian.Uint16(b[4:]) != 80 || binary.NativeEndian.Uint32(b[4+idLength:]) != 1<<Close || r.Type() != typeAnyTCP {
		t.Errorf("any family: % x", b)
	}
	if typ, _, _, ok := netlink.Next(b[4+idLength+8:]); typ != reqBytecode || !ok {
		t.Errorf("any family: filter type %d", typ)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(bytesOf(f, listenerRow))
	f.Add(make([]byte, rowLength))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Row
		if err := r.Decode(b); err == nil && !r.Local.IsValid() {
			t.Errorf("%+v", r)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	row := bytesOf(b, listenerRow)
	b.ReportAllocs()
	var r Row
	for b.Loop() {
		if err := r.Decode(row); err != nil {
			b.Fatal(err)
		}
	}
}
