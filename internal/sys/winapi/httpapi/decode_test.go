package httpapi

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// base is where the built buffers claim to stand.
const base = 0x7ff6_0000_1000

// built makes a buffer of fixed parts, with what they point to behind them.
type built struct{ fixed, tail []byte }

func (b *built) num(v uint64, bytes int) *built {
	b.fixed = append(b.fixed, binary.LittleEndian.AppendUint64(nil, v)[:bytes]...)
	return b
}

func (b *built) raw(data []byte) *built {
	b.fixed = append(b.fixed, data...)
	return b
}

// to adds a pointer to data; size is that of the fixed part when it is whole.
func (b *built) to(data []byte, size int) *built {
	at := uint64(base + size + len(b.tail))
	b.tail = append(b.tail, data...)
	return b.num(at, 8)
}

func (b *built) buffer() Buffer { return Buffer{Data: append(b.fixed, b.tail...), Base: base} }

func wide(s string) []byte {
	var out []byte
	for _, u := range append(utf16.Encode([]rune(s)), 0) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func sockaddr4(addr string) []byte {
	at := netip.MustParseAddrPort(addr)
	out := make([]byte, 128)
	out[0] = familyIPv4
	binary.BigEndian.PutUint16(out[2:], at.Port())
	copy(out[4:], at.Addr().AsSlice())
	return out
}

func sockaddr6(addr string, zone uint32) []byte {
	at := netip.MustParseAddrPort(addr)
	out := make([]byte, 128)
	out[0] = familyIPv6
	binary.BigEndian.PutUint16(out[2:], at.Port())
	copy(out[8:], at.Addr().AsSlice())
	binary.LittleEndian.PutUint32(out[24:], zone)
	return out
}

const (
	hashText = "61d34f532da121bbab64723c4871e72c92f03735"
	appID    = "{214124cd-d05b-4309-9af9-9caa44b2b74a}"
)

// appIDBytes is appID as Windows keeps a GUID: three numbers, then bytes.
var appIDBytes = []byte{0xcd, 0x24, 0x41, 0x21, 0x5b, 0xd0, 0x09, 0x43, 0x9a, 0xf9, 0x9c, 0xaa, 0x44, 0xb2, 0xb7, 0x4a}

// param adds an SSLParam that ends a fixed part of size bytes.
func (b *built) param(size int, hash []byte, store string) *built {
	b.num(uint64(len(hash)), 8)
	if len(hash) > 0 {
		b.to(hash, size)
	} else {
		b.num(0, 8)
	}
	b.raw(appIDBytes)
	if store != "" {
		b.to(wide(store), size)
	} else {
		b.num(0, 8)
	}
	return b.raw(make([]byte, 40))
}

func reservation(url, sddl string) Buffer {
	return new(built).to(wide(url), 16).to(wide(sddl), 16).buffer()
}

func certificates(t testing.TB) map[ConfigID]Buffer {
	hash, err := hex.DecodeString(hashText)
	if err != nil {
		t.Fatal(err)
	}
	return map[ConfigID]Buffer{
		SSLCert:   new(built).to(sockaddr4("0.0.0.0:44307"), 88).param(88, hash, "MY").buffer(),
		SNICert:   new(built).raw(sockaddr4("0.0.0.0:443")).to(wide("sts.example.info"), 216).param(216, hash, "MY").buffer(),
		ScopedCCS: new(built).raw(sockaddr4("0.0.0.0:8443")).to(wide("a.example"), 216).param(216, nil, "").buffer(),
		CCSCert:   new(built).raw(sockaddr4("0.0.0.0:443")).param(208, nil, "").buffer(),
	}
}

func TestReservation(t *testing.T) {
	const url, sddl = "http://+:80/Temporary_Listen_Addresses/", "D:(A;;GX;;;WD)"
	if got, ok := reservation(url, sddl).Reservation(); !ok || got.URL != url || got.SDDL != sddl {
		t.Errorf("%v %+v", ok, got)
	}
	if got, ok := reservation("http://+:80/ü𝄞/", "").Reservation(); !ok || got.URL != "http://+:80/ü𝄞/" {
		t.Errorf("%v %+v", ok, got)
	}
	if got, ok := new(built).to(wide(url), 16).num(0, 8).buffer().Reservation(); !ok || got.URL != url || got.SDDL != "" {
		t.Errorf("no descriptor: %v %+v", ok, got)
	}
	if _, ok := reservation("", sddl).Reservation(); ok {
		t.Error("a reservation of nothing")
	}
}

func TestCertificates(t *testing.T) {
	want := map[ConfigID]Certificate{
		SSLCert:   {Addr: netip.MustParseAddrPort("0.0.0.0:44307"), Port: 44307, Hash: hashText, AppID: appID, Store: "MY"},
		SNICert:   {Host: "sts.example.info", Port: 443, Hash: hashText, AppID: appID, Store: "MY"},
		ScopedCCS: {Host: "a.example", Port: 8443, AppID: appID},
		CCSCert:   {Port: 443, AppID: appID},
	}
	for table, b := range certificates(t) {
		got, ok := b.Certificate(table)
		if diff := cmp.Diff(want[table], got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" || !ok {
			t.Errorf("table %d: ok %v, -want +got:\n%s", table, ok, diff)
		}
		if _, ok := b.Certificate(Timeout); ok {
			t.Error("a timer is a certificate")
		}
	}
}

func listenList(addrs ...[]byte) Buffer {
	b := new(built).num(uint64(len(addrs)), 8)
	for _, a := range addrs {
		b.raw(a)
	}
	return b.buffer()
}

func TestListenList(t *testing.T) {
	got, ok := listenList(sockaddr4("172.16.1.1:0"), sockaddr6("[fe80::1]:0", 4), sockaddr6("[::]:0", 0)).ListenList()
	var text []string
	for _, a := range got {
		text = append(text, a.String())
	}
	if diff := cmp.Diff([]string{"172.16.1.1", "fe80::1%4", "::"}, text); diff != "" || !ok {
		t.Errorf("ok %v, -want +got:\n%s", ok, diff)
	}
	if got, ok := listenList().ListenList(); !ok || len(got) > 0 {
		t.Errorf("an empty list: %v %v", ok, got)
	}
}

// An answer stands at the start of a buffer that is larger: what is behind it is no
// part of it.
func TestZerosBehindAnAnswer(t *testing.T) {
	long := func(b Buffer) Buffer { return Buffer{Data: append(b.Data, make([]byte, 4096)...), Base: b.Base} }
	if got, ok := long(reservation("http://+:80/", "D:(A;;GX;;;WD)")).Reservation(); !ok || got.URL != "http://+:80/" || got.SDDL != "D:(A;;GX;;;WD)" {
		t.Errorf("%v %+v", ok, got)
	}
	if got, ok := long(listenList(sockaddr4("1.2.3.4:0"))).ListenList(); !ok || len(got) != 1 {
		t.Errorf("%v %v", ok, got)
	}
	for table, b := range certificates(t) {
		want, _ := b.Certificate(table)
		if got, ok := long(b).Certificate(table); !ok || got != want {
			t.Errorf("table %d: %v %+v, want %+v", table, ok, got, want)
		}
	}
}

// A buffer that is shorter than it claims, or whose pointers lead elsewhere, is
// nothing; no byte outside it is read.
func TestCutBuffersAreNothing(t *testing.T) {
	whole := reservation("http://+:80/", "D:(A;;GX;;;WD)")
	for n := range len(whole.Data) {
		if got, ok := (Buffer{Data: whole.Data[:n:n], Base: base}).Reservation(); ok {
			t.Errorf("%d bytes: %+v", n, got)
		}
	}
	if _, ok := (Buffer{Data: whole.Data, Base: base + 4096}).Reservation(); ok {
		t.Error("pointers below the buffer")
	}
	for table, b := range certificates(t) {
		if table == CCSCert || table == ScopedCCS {
			continue // their last bytes are flags that nobody reads
		}
		for n := range len(b.Data) {
			if got, ok := (Buffer{Data: b.Data[:n:n], Base: base}).Certificate(table); ok && n < 88 {
				t.Errorf("table %d, %d bytes: %+v", table, n, got)
			}
		}
	}
	list := listenList(sockaddr4("1.2.3.4:0"))
	for n := range len(list.Data) {
		if got, ok := (Buffer{Data: list.Data[:n:n], Base: base}).ListenList(); ok {
			t.Errorf("%d bytes: %v", n, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(uint64(base), reservation("http://+:80/", "D:(A;;GX;;;WD)").Data)
	f.Add(uint64(base), listenList(sockaddr4("1.2.3.4:0"), sockaddr6("[fe80::1]:0", 4)).Data)
	for _, b := range certificates(f) {
		f.Add(b.Base, b.Data)
	}
	f.Fuzz(func(t *testing.T, at uint64, data []byte) {
		b := Buffer{Data: data[:len(data):len(data)], Base: at}
		if r, ok := b.Reservation(); ok && r.URL == "" {
			t.Error("a reservation of nothing")
		}
		for _, table := range []ConfigID{SSLCert, SNICert, CCSCert, ScopedCCS} {
			if c, ok := b.Certificate(table); ok && len(c.AppID) != 38 {
				t.Errorf("%+v", c)
			}
		}
		if addrs, ok := b.ListenList(); ok && len(addrs)*128 > len(data) {
			t.Errorf("%d addresses in %d bytes", len(addrs), len(data))
		}
	})
}

func TestSockaddrOf(t *testing.T) {
	for _, text := range []string{"0.0.0.0", "192.0.2.7", "::", "2001:db8::1", "fe80::1%12", "::ffff:192.0.2.7"} {
		a := netip.MustParseAddr(text)
		got, ok := Sockaddr(SockaddrOf(a))
		if !ok || got != netip.AddrPortFrom(a, 0) {
			t.Errorf("%s: %s, %v", text, got, ok)
		}
	}
	if got := SockaddrOf(netip.Addr{}); got != nil {
		t.Errorf("no address: %x", got)
	}
}
