package scm

import "errors"

const (
	firstList = 16 << 10  // the whole buffer travels, which is dear under Wine
	mostList  = 256 << 10 // that the call takes
	maxList   = 100_000   // services
)

// errMore is the end of a list that is longer than was read.
var errMore = errors.New("there are more services than were read")

// enum is one call for the next part of the list: how many rows it left in b, and
// how many bytes the rest takes, 0 at the end.
type enum func(b []byte) (rows int, rest uint32, err error)

// listAll follows the list from part to part. room makes a buffer, at tells where it
// is. Where the list breaks off, what there was comes with the error.
func listAll(room func(int) []byte, at func([]byte) block, next enum) (all []status, err error) {
	b := room(firstList)
	for {
		rows, rest, err := next(b)
		if err != nil {
			return all, err
		}
		all = append(all, parseStatuses(at(b), rows)...)
		if rest == 0 {
			return all, nil
		}
		if rows == 0 && len(b) == mostList || len(all) > maxList {
			return all, errMore
		}
		size := min(max(int(rest), len(b)), mostList)
		if rows == 0 {
			size = mostList
		}
		b = room(size)
	}
}
