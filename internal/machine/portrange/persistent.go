package portrange

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/berthd/berth/internal/fact"
)

// store is where Windows keeps the excluded ranges of one protocol over a reboot:
// a value for each, named by its ports. One list serves IPv4 and IPv6.
type store struct {
	proto fact.Proto
	path  string // below HKEY_LOCAL_MACHINE
}

func stores() []store {
	const nsi = `SYSTEM\CurrentControlSet\Control\Nsi\`
	return []store{
		{fact.TCP, nsi + `{eb004a03-9b1a-11d4-9123-0050047759bc}\29`},
		{fact.UDP, nsi + `{eb004a02-9b1a-11d4-9123-0050047759bc}\5`},
	}
}

// ranges decodes the names of the store's values; other says how many names it
// could not read.
func (s store) ranges(names []string) (out []fact.Range, other int) {
	for _, name := range names {
		r, ok := s.decode(name)
		if !ok {
			other++
			continue
		}
		out = append(out, r)
	}
	return out, other
}

// decode reads the name of a value: the first port as four hexadecimal digits,
// high byte first, and how many ports as four, low byte first ("cc570100").
func (s store) decode(name string) (fact.Range, bool) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != 4 {
		return fact.Range{}, false
	}
	from, count := int(binary.BigEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
	if from == 0 || count == 0 || from+count-1 > 65535 {
		return fact.Range{}, false
	}
	return fact.Range{
		Kind: fact.Excluded, Proto: s.proto, From: uint16(from), To: uint16(from + count - 1),
		Administered: true, Name: fact.RangePersistent, Evidence: `registry HKLM\` + s.path,
	}, true
}

// compare names the listed ranges that are kept over a reboot, and adds those
// that are kept and not listed. listed tells for which protocols a list was read:
// without one nothing can be said about the next boot.
func compare(ranges, kept []fact.Range, listed map[fact.Proto]bool) []fact.Range {
	for _, k := range kept {
		found := false
		for i := range ranges {
			if alike(ranges[i], k) {
				ranges[i].Name, found = fact.RangePersistent, true
			}
		}
		if found {
			continue
		}
		if listed[k.Proto] {
			k.Name = fact.RangeNextBoot
		}
		ranges = append(ranges, k)
	}
	return ranges
}
