// Package portrange reads which ports this machine sets aside: those that outgoing
// connections take, those kept out of their way, those that need a privilege, and
// the port types of SELinux.
package portrange

import (
	"bytes"
	"context"
	"strconv"

	"github.com/berthd/berth/internal/fact"
)

// Read returns the ranges of the calling thread's network namespace.
//
// Linux only; it needs no privilege, makes four small reads of /proc/sys and does
// not block. A file that cannot be read is a gap. Where SELinux is on, the port
// types stand only in its binary policy; they are a gap that names the command
// that lists them.
func Read(ctx context.Context) (fact.Set, error) {
	if err := ctx.Err(); err != nil {
		return fact.Set{}, err
	}
	return read(), nil
}

// parsePair reads ip_local_port_range: two numbers, both ends included.
func parsePair(b []byte) (from, to uint16, ok bool) {
	words := bytes.Fields(b)
	if len(words) != 2 {
		return 0, 0, false
	}
	from, ok1 := parsePort(words[0])
	to, ok2 := parsePort(words[1])
	return from, to, ok1 && ok2 && from <= to
}

// parseList reads the kernel's bitmap list, "8080,9148-9150", in the order it
// stands. ok is false where any part of it is something else.
func parseList(b []byte) (list [][2]uint16, ok bool) {
	for part := range bytes.SplitSeq(bytes.TrimSpace(b), []byte{','}) {
		if len(part) == 0 {
			continue
		}
		low, high, _ := bytes.Cut(part, []byte{'-'})
		if !bytes.Contains(part, []byte{'-'}) {
			high = low
		}
		from, ok1 := parsePort(low)
		to, ok2 := parsePort(high)
		if !ok1 || !ok2 || from > to {
			return list, false
		}
		list = append(list, [2]uint16{from, to})
	}
	return list, true
}

func parsePort(b []byte) (uint16, bool) {
	n, err := strconv.ParseUint(string(b), 10, 16)
	return uint16(n), err == nil
}
