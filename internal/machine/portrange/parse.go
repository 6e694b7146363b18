package portrange

import (
	"strconv"
	"strings"

	"github.com/berthd/berth/internal/fact"
)

// parsePair reads "32768\t60999", the form of ip_local_port_range.
func parsePair(text string) (from, to uint16, ok bool) {
	f := strings.Fields(text)
	if len(f) != 2 {
		return 0, 0, false
	}
	from, ok1 := port(f[0])
	to, ok2 := port(f[1])
	return from, to, ok1 && ok2 && from <= to
}

// parseList reads "8080,9148-9150", the form of ip_local_reserved_ports, which is
// empty where nothing is reserved. One word that is no port makes all of it no list.
func parseList(text string) ([]fact.Range, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, true
	}
	var out []fact.Range
	for word := range strings.SplitSeq(text, ",") {
		lo, hi, isRange := strings.Cut(word, "-")
		if !isRange {
			hi = lo
		}
		from, ok1 := port(lo)
		to, ok2 := port(hi)
		if !ok1 || !ok2 || from > to {
			return nil, false
		}
		out = append(out, fact.Range{From: from, To: to})
	}
	return out, true
}

func port(s string) (uint16, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	return uint16(n), err == nil
}
