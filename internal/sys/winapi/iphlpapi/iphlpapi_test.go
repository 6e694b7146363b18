package iphlpapi

import (
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf8"
)

var errSmall, errOther = errors.New("too small"), errors.New("other")

// table is a system whose table has grown to the next size at each call.
type table struct {
	sizes []uint32
	end   error
	calls int
}

func (s *table) fill(buf *byte, size *uint32) error {
	need := s.sizes[min(s.calls, len(s.sizes)-1)]
	s.calls++
	if need > *size {
		*size = need
		return errSmall
	}
	*buf = 7
	*size = 0 // not promised after success
	return s.end
}

func TestGrowFollowsATableThatGrows(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []uint32
		end   error
		calls int
		err   error
	}{
		{"fits at once", []uint32{90}, nil, 1, nil},
		{"fits then", []uint32{5000}, nil, 2, nil},
		{"grows a little between the calls", []uint32{5000, 5000 + headroom}, nil, 2, nil},
		{"grows much between the calls", []uint32{5000, 20000, 20000}, nil, 3, nil},
		{"grows for ever", []uint32{5000, 20000, 40000, 60000, 80000, 100000, 120000, 140000, 160000}, nil, tries, errSmall},
		{"is beyond all measure", []uint32{3 << 30}, nil, 1, errSmall},
		{"wraps around", []uint32{1<<32 - 1}, nil, 1, errSmall},
		{"a busy one grows by less than an eighth", []uint32{8 << 20, 9 << 20}, nil, 2, nil},
		{"a busy one grows by more", []uint32{8 << 20, 10 << 20, 10 << 20}, nil, 3, nil},
		{"never holds still", []uint32{90}, unsteady, tries, unsteady},
		{"is refused", []uint32{90}, errOther, 1, errOther},
	} {
		s := table{sizes: c.sizes, end: c.end}
		buf, err := grow(100, errSmall, s.fill)
		if err != c.err || s.calls != c.calls || err == nil && (buf[0] != 7 || uint32(len(buf)) < c.sizes[len(c.sizes)-1]) {
			t.Errorf("%s: %d bytes, error %v after %d calls", c.name, len(buf), err, s.calls)
		}
	}
}

// A table that did not hold still is read again; another error ends it.
func TestGrowReadsAgainWhatDidNotHoldStill(t *testing.T) {
	for end, want := range map[error]int{unsteady: 2, errOther: 1} {
		calls := 0
		buf, err := grow(100, errSmall, func(buf *byte, size *uint32) error {
			if calls++; calls == 1 {
				return end
			}
			*buf = 7
			return nil
		})
		if calls != want || want == 2 && (err != nil || buf[0] != 7) || want == 1 && err != errOther {
			t.Errorf("%v: error %v after %d calls", end, err, calls)
		}
	}
}

// info is a TCPIP_OWNER_MODULE_BASIC_INFO at address base, with a text behind it.
func info(base uint64, name string, text []byte) []byte {
	at := base + 16
	b := binary.LittleEndian.AppendUint64(nil, at)
	b = binary.LittleEndian.AppendUint64(b, at)
	for _, c := range name {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	return append(b, text...)
}

func TestNameAt(t *testing.T) {
	const base = 0x7ff6_0000_1000
	for _, c := range []struct {
		name string
		buf  []byte
		base uint64
		want string
	}{
		{"a service", info(base, "Dnscache", []byte{0, 0}), base, "Dnscache"},
		{"beyond ASCII", info(base, "dienst\u00e4", []byte{0, 0, 9}), base, "dienst\u00e4"},
		{"without its end", info(base, "Dnscache", nil), base, ""},
		{"cut in a character", info(base, "Dnscache", []byte{0}), base, ""},
		{"a buffer elsewhere", info(base, "Dnscache", []byte{0, 0}), base + 4096, ""},
		{"a buffer far below", info(base, "Dnscache", []byte{0, 0}), base - 4096, ""},
		{"no pointer", make([]byte, 32), base, ""},
		{"too short", []byte{1, 2, 3}, base, ""},
		{"none", nil, 0, ""},
	} {
		if got := nameAt(c.buf, c.base); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzNameAt(f *testing.F) {
	f.Add(info(4096, "Dnscache", []byte{0, 0}), uint64(4096))
	f.Add(info(4096, "Dnscache", nil), uint64(0))
	f.Fuzz(func(t *testing.T, buf []byte, base uint64) {
		if name := nameAt(buf, base); !utf8.ValidString(name) || len(name) > 2*len(buf) {
			t.Errorf("%q of %x", name, buf)
		}
	})
}
