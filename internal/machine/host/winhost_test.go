package host

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/berthd/berth/internal/fact"
	"github.com/berthd/berth/internal/sys/winapi/iphlpapi"
)

func addrRows(rows ...iphlpapi.AddrRow) []byte {
	b := bytes.NewBuffer(binary.LittleEndian.AppendUint32(nil, uint32(len(rows))))
	for _, r := range rows {
		if err := binary.Write(b, binary.LittleEndian, r); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

var ten = iphlpapi.AddrRow{Addr: [4]byte{10, 0, 0, 1}, Index: 7, Mask: [4]byte{255, 255, 254, 0}, Type: 1}

func TestAddrTable(t *testing.T) {
	deleted, none := ten, iphlpapi.AddrRow{Index: 9}
	deleted.Type |= addrDeleted
	whole := addrRows(iphlpapi.AddrRow{Addr: [4]byte{127, 0, 0, 1}, Index: 1, Mask: [4]byte{255, 0, 0, 0}}, deleted, none, ten)
	lo := fact.Addr{Prefix: netip.MustParsePrefix("127.0.0.1/8"), Device: "1"}
	own := fact.Addr{Prefix: netip.MustParsePrefix("10.0.0.1/23"), Device: "7"}
	for name, c := range map[string]struct {
		in   []byte
		want []fact.Addr
	}{
		"whole":               {whole, []fact.Addr{lo, own}},
		"room behind":         {append(bytes.Clone(whole), 1, 2, 3), []fact.Addr{lo, own}},
		"cut":                 {whole[:len(whole)-1], []fact.Addr{lo}},
		"too large a number":  {append([]byte{255, 255, 255, 255}, whole[4:]...), []fact.Addr{lo, own}},
		"no rows":             {addrRows(), nil},
		"nothing":             {nil, nil},
		"a piece of a number": {[]byte{1, 0}, nil},
	} {
		if d := cmp.Diff(c.want, addrTable(c.in), cmpopts.EquateComparable(netip.Prefix{})); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestOwnAddr(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::1").AsSlice()
	for _, c := range []struct {
		name string
		ip   []byte
		bits int
		dad  int32
		want fact.Addr
		ok   bool
	}{
		{"preferred", six, 64, dadPreferred, fact.Addr{Prefix: netip.MustParsePrefix("2001:db8::1/64"), Device: "Ethernet"}, true},
		{"deprecated", six, 64, dadPreferred - 1, fact.Addr{Prefix: netip.MustParsePrefix("2001:db8::1/64"), Device: "Ethernet"}, true},
		{"tentative", six, 64, dadTentative, fact.Addr{Prefix: netip.MustParsePrefix("2001:db8::1/64"), Device: "Ethernet", Tentative: true}, true},
		{"duplicate", six, 64, dadDuplicate, fact.Addr{}, false},
		{"invalid", six, 64, dadInvalid, fact.Addr{}, false},
		{"prefix not known", six, 255, dadPreferred, fact.Addr{Prefix: netip.MustParsePrefix("2001:db8::1/128"), Device: "Ethernet"}, true},
		{"IPv4", []byte{192, 168, 1, 2}, 24, dadPreferred, fact.Addr{Prefix: netip.MustParsePrefix("192.168.1.2/24"), Device: "Ethernet"}, true},
		{"no address", make([]byte, 4), 24, dadPreferred, fact.Addr{}, false},
		{"another family", nil, 24, dadPreferred, fact.Addr{}, false},
		{"odd", six[:7], 24, dadPreferred, fact.Addr{}, false},
	} {
		if got, ok := ownAddr(c.ip, c.bits, c.dad, "Ethernet"); ok != c.ok || got != c.want {
			t.Errorf("%s: %+v %v", c.name, got, ok)
		}
	}
}

func TestKernelVersion(t *testing.T) {
	if got := kernelVersion(10, 0, 26200); got != "10.0.26200" {
		t.Error(got)
	}
}

func FuzzAddrTable(f *testing.F) {
	f.Add(addrRows(ten))
	f.Add([]byte{255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, a := range addrTable(b) {
			if !a.Prefix.IsValid() || a.Device == "" {
				t.Errorf("%+v", a)
			}
		}
	})
}
