package portrange

import (
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// macSetting is what the names of macOS' settings begin with.
const macSetting = "net.inet.ip.portrange."

// macRanges reads where outgoing connections take their ports on a Mac: the plain
// range, and where it is another, the one of programs that ask for a high port. Either
// may be written from its end to its beginning.
func macRanges(setting func(name string) (uint32, error)) fact.Set {
	var set fact.Set
	for _, names := range [...][2]string{{"first", "last"}, {"hifirst", "hilast"}} {
		from, err := setting(macSetting + names[0])
		var to uint32
		if err == nil {
			to, err = setting(macSetting + names[1])
		}
		if err != nil {
			set.AddGaps(fact.Gap{Kind: fact.GapOther, Subject: macSetting + names[0], Err: err.Error()})
			continue
		}
		from, to = min(from, to), max(from, to)
		if from == 0 || to > 65535 {
			raw := strconv.Itoa(int(from)) + " " + strconv.Itoa(int(to))
			set.AddGaps(fact.Gap{Kind: fact.GapShape, Subject: macSetting + names[0], Raw: raw})
			continue
		}
		r := fact.Range{Kind: fact.Ephemeral, From: uint16(from), To: uint16(to), Evidence: macSetting + names[0]}
		if len(set.Ranges) == 0 || set.Ranges[0].From != r.From || set.Ranges[0].To != r.To {
			set.Ranges = append(set.Ranges, r)
		}
	}
	return set
}
