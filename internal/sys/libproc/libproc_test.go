package libproc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The structs of bsd/sys/proc_info.h, field by field, as a C compiler lays them out:
// what the decoders read is built from these and nothing else.
type (
	bsdInfo struct {
		Flags, Status, XStatus, PID, PPID, UID, GID, RUID, RGID, SVUID, SVGID, Reserved uint32
		Comm                                                                            [16]byte
		Name                                                                            [32]byte
		NFiles, PGID, Jobs, Tdev, Tpgid                                                 uint32
		Nice                                                                            int32
		StartSec, StartMicro                                                            uint64
	}
	fileInfo struct {
		OpenFlags, Status uint32
		Offset            int64
		Type              int32
		Guard             uint32
	}
	vinfoStat struct {
		Dev         uint32
		Mode, Nlink uint16
		Ino         uint64
		UID, GID    uint32
		Times       [8]int64
		Size        int64
		Blocks      int64
		Blksize     int32
		Flags       uint32
		Gen, Rdev   uint32
		Spare       [2]int64
	}
	vnodePath struct {
		Stat vinfoStat
		Type int32
		Pad  int32
		Fsid [2]int32
		Path [maxPath]byte
	}
	sockbufInfo struct {
		Numbers [5]uint32
		Short   [2]int16
	}
	inSockInfo struct {
		Fport, Lport  int32
		Gencnt        uint64
		Flags, Flow   uint32
		Vflag, TTL    uint8
		_             [2]byte
		Reserved      uint32
		Faddr, Laddr  [16]byte
		Tos           uint8
		_             [3]byte
		Hlim          uint8
		_             [3]byte
		Cksum         int32
		Ifindex, Hops uint16
	}
	tcpSockInfo struct {
		In       inSockInfo
		State    int32
		Timer    [4]int32
		MSS      int32
		Flags    uint32
		Reserved uint32
		TP       uint64
	}
	socketFDInfo struct {
		File                   fileInfo
		Stat                   vinfoStat
		SO, PCB                uint64
		Type, Protocol, Family int32
		Shorts                 [8]int16
		OOBMark                uint32
		Rcv, Snd               sockbufInfo
		Kind                   int32
		Reserved               uint32
		Proto                  tcpSockInfo
		Rest                   [528 - 120]byte // the union is as large as a socket in the file system's
	}
)

// These do not compile where Go lays a struct out otherwise, or a size is not the one
// that the system asks for.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(bsdInfo{})-infoSize]
	_ = [1]struct{}{}[unsafe.Sizeof(vnodePath{})-vnodeSize-maxPath]
	_ = [1]struct{}{}[unsafe.Sizeof(socketFDInfo{})-socketSize]
	_ = [1]struct{}{}[unsafe.Sizeof(tcpSockInfo{})-120]
	_ = [1]struct{}{}[unsafe.Offsetof(socketFDInfo{}.Protocol)-socketProtocol]
	_ = [1]struct{}{}[unsafe.Offsetof(socketFDInfo{}.Kind)-socketKind]
	_ = [1]struct{}{}[unsafe.Offsetof(socketFDInfo{}.Proto)-socketProto]
	_ = [1]struct{}{}[unsafe.Offsetof(inSockInfo{}.Vflag)-24]
	_ = [1]struct{}{}[unsafe.Offsetof(inSockInfo{}.Faddr)-32]
	_ = [1]struct{}{}[unsafe.Offsetof(inSockInfo{}.Laddr)-48]
)

func built(v any) []byte {
	b := new(bytes.Buffer)
	if err := binary.Write(b, binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// onWire is a port as the kernel puts it into an int: two bytes in network order.
func onWire(port uint16) int32 { return int32(port>>8 | port<<8) }

func six(s string) [16]byte { return netip.MustParseAddr(s).As16() }

func four(s string) (b [16]byte) {
	a := netip.MustParseAddr(s).As4()
	copy(b[12:], a[:])
	return b
}

var began = time.Date(2026, 11, 21, 9, 0, 0, 123456000, time.UTC)

func httpd() bsdInfo {
	return bsdInfo{PID: 812, PPID: 1, UID: 501, Comm: [16]byte{'h', 't', 't', 'p', 'd'}, Name: [32]byte{'h', 't', 't', 'p', 'd', '-', '2'},
		StartSec: uint64(began.Unix()), StartMicro: 123456}
}

func TestParseInfo(t *testing.T) {
	got, err := ParseInfo(built(httpd()))
	if want := (Info{PID: 812, Parent: 1, UID: 501, Name: "httpd-2", Start: began}); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	nameless := httpd()
	nameless.Name, nameless.StartMicro = [32]byte{}, 1e6
	if got, _ := ParseInfo(built(nameless)); got.Name != "httpd" || !got.Start.IsZero() {
		t.Errorf("without a name, at no time: %+v", got)
	}
	if _, err := ParseInfo(built(httpd())[:infoSize-1]); !errors.Is(err, ErrShort) {
		t.Errorf("cut: %v", err)
	}
}

func TestParseFolder(t *testing.T) {
	var cwd, root vnodePath
	copy(cwd.Path[:], "/Users/ada/site")
	copy(root.Path[:], "/")
	whole := append(built(cwd), built(root)...)
	if got, err := ParseFolder(whole); err != nil || got != "/Users/ada/site" || len(whole) != folderSize {
		t.Errorf("%q %v, %d bytes", got, err, len(whole))
	}
	if _, err := ParseFolder(whole[:vnodeSize+maxPath-1]); !errors.Is(err, ErrShort) {
		t.Errorf("cut: %v", err)
	}
}

func TestParseLists(t *testing.T) {
	if d := cmp.Diff([]int{812, 1}, ParsePIDs(built([]int32{812, 0, 1, -4}))); d != "" {
		t.Error(d)
	}
	rows := built([][2]int32{{0, 1}, {3, 2}, {-1, 2}, {7, 2}, {8, 5}})
	if d := cmp.Diff([]int{3, 7}, ParseSockets(append(rows, 9, 0, 0))); d != "" {
		t.Error(d)
	}
}

func listener() socketFDInfo {
	s := socketFDInfo{Protocol: 6, Family: 30, Kind: TCP}
	s.Proto.In = inSockInfo{Lport: onWire(8080), Gencnt: 4711, Vflag: FlagIPv4 | FlagIPv6}
	s.Proto.State = 1
	return s
}

func TestParseSocket(t *testing.T) {
	change := func(fn func(*socketFDInfo)) []byte {
		s := listener()
		fn(&s)
		return built(s)
	}
	for name, c := range map[string]struct {
		in   []byte
		want Socket
	}{
		"both families": {built(listener()), Socket{Kind: TCP, Protocol: 6, Generation: 4711, Local: netip.MustParseAddrPort("[::]:8080"), Remote: netip.MustParseAddrPort("[::]:0")}},
		"a connection over IPv4": {change(func(s *socketFDInfo) {
			in := &s.Proto.In
			in.Vflag, in.Laddr, in.Faddr, in.Fport = FlagIPv4, four("10.0.0.1"), four("10.0.0.9"), onWire(50123)
		}), Socket{Kind: TCP, Protocol: 6, Generation: 4711, Local: netip.MustParseAddrPort("10.0.0.1:8080"), Remote: netip.MustParseAddrPort("10.0.0.9:50123")}},
		"UDP, closed on exec": {change(func(s *socketFDInfo) {
			s.Kind, s.Protocol, s.File.Status, s.Proto.In.Vflag = IP, 17, 3, FlagIPv4
		}), Socket{Kind: IP, Protocol: 17, Generation: 4711, CloseOnExec: true, Local: netip.MustParseAddrPort("0.0.0.0:8080"), Remote: netip.MustParseAddrPort("0.0.0.0:0")}},
		"of the file system": {change(func(s *socketFDInfo) { s.Kind, s.Protocol = 3, 0 }), Socket{}},
	} {
		got, err := ParseSocket(c.in)
		if d := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.AddrPort{})); d != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	if _, err := ParseSocket(built(listener())[:socketSize-1]); !errors.Is(err, ErrShort) {
		t.Errorf("cut: %v", err)
	}
}

func TestAddress(t *testing.T) {
	link := six("fe80::1")
	link[3] = 4 // the interface, where the kernel embeds it
	for name, c := range map[string]struct {
		b     [16]byte
		flags uint8
		want  string
	}{
		"IPv4":                      {four("127.0.0.1"), FlagIPv4, "127.0.0.1"},
		"IPv6":                      {six("2001:db8::1"), FlagIPv6, "2001:db8::1"},
		"both: the IPv6 wildcard":   {six("::"), FlagIPv4 | FlagIPv6, "::"},
		"of a link":                 {link, FlagIPv6, "fe80::1%4"},
		"of a link, not told which": {six("fe80::1"), FlagIPv6, "fe80::1"},
		"no link, same bytes":       {six("2001:4::1"), FlagIPv6, "2001:4::1"},
	} {
		if got := Address(c.b[:], c.flags); got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if Address(link[:], 0).IsValid() || Address(link[:15], FlagIPv6).IsValid() {
		t.Error("an address of no family, or of too few bytes")
	}
}

func TestErrors(t *testing.T) {
	wrapped := func(e syscall.Errno) error { return fmt.Errorf("proc_info: %w", e) }
	for _, c := range []struct {
		err                  error
		denied, gone, absent bool
	}{
		{wrapped(syscall.EPERM), true, false, false},
		{wrapped(syscall.EACCES), true, false, false},
		{wrapped(syscall.ESRCH), false, true, false},
		{wrapped(syscall.ENOSYS), false, false, true},
		{wrapped(syscall.EINVAL), false, false, false},
		{nil, false, false, false},
	} {
		if Denied(c.err) != c.denied || Gone(c.err) != c.gone || Absent(c.err) != c.absent {
			t.Errorf("%v: denied %v, gone %v, absent %v", c.err, Denied(c.err), Gone(c.err), Absent(c.err))
		}
	}
}

func FuzzParseSocket(f *testing.F) {
	f.Add(built(listener()))
	f.Add(built(listener())[:socketSize-1])
	f.Add(built(httpd()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSocket(b)
		if err != nil && s != (Socket{}) || s.Kind == Other && s.Local.IsValid() {
			t.Errorf("%+v %v", s, err)
		}
		_, _ = ParseInfo(b)
		_, _ = ParseFolder(b)
		if n := len(ParsePIDs(b)) + len(ParseSockets(b)); n > len(b) {
			t.Errorf("%d rows of %d bytes", n, len(b))
		}
	})
}
