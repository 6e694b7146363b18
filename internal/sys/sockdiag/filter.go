package sockdiag

import (
	"encoding/binary"
	"slices"
)

// MaxRanges is the number of separate port ranges up to which [Ports] has the
// kernel filter; the length of the kernel's program is 16 bits.
const MaxRanges = 2000

// Filter is a choice of local ports, ready for the kernel. It serves any number
// of requests.
type Filter struct {
	single  uint16 // compared before the program is run; 0 = none
	program []byte
}

// Ports makes the filter that lets through the rows whose local port is one of
// ports, and every row when there are none, or more than [MaxRanges] runs of
// neighbouring ports: the reader of the rows must look at the port in any case.
func Ports(ports []uint16) Filter {
	f := Filter{program: appendProgram(nil, portRuns(ports))}
	if len(ports) == 1 {
		f.single = ports[0]
	}
	return f
}

// Operations of the kernel's filter program, which every kernel with sock_diag knows.
const (
	opJump         = 1
	opSourceAtMost = 3
	opSourceFrom   = 2

	opLen      = 4
	compareLen = 2 * opLen // the second half carries the port
	clauseLen  = 2*compareLen + opLen
)

// appendProgram appends one clause a run: at least first, at most last, jump to
// the accepting end. A clause that fails goes on to the next; the last has no
// jump, and failing it leads four bytes behind the program's end, which rejects.
func appendProgram(dst []byte, runs [][2]uint16) []byte {
	if len(runs) == 0 || len(runs) > MaxRanges {
		return dst
	}
	dst = slices.Grow(dst, len(runs)*clauseLen)
	left := len(runs)*clauseLen - opLen
	for i, run := range runs {
		dst = appendCompare(dst, opSourceFrom, clauseLen, run[0])
		dst = appendCompare(dst, opSourceAtMost, clauseLen-compareLen, run[1])
		if i < len(runs)-1 {
			dst = appendOp(dst, opJump, opLen, uint16(left-2*compareLen))
		}
		left -= clauseLen
	}
	return dst
}

func appendCompare(dst []byte, code uint8, no, port uint16) []byte {
	dst = appendOp(dst, code, compareLen, no)
	return appendOp(dst, 0, 0, port)
}

func appendOp(dst []byte, code, yes uint8, no uint16) []byte {
	return binary.NativeEndian.AppendUint16(append(dst, code, yes), no)
}

func portRuns(ports []uint16) [][2]uint16 {
	if len(ports) == 0 {
		return nil
	}
	sorted := slices.Clone(ports)
	slices.Sort(sorted)
	var runs [][2]uint16
	for _, p := range sorted {
		if n := len(runs); n > 0 && uint32(p) <= uint32(runs[n-1][1])+1 {
			runs[n-1][1] = p
			continue
		}
		runs = append(runs, [2]uint16{p, p})
	}
	return runs
}
