package sockdiag

import (
	"encoding/binary"
	"slices"
)

// MaxRanges is the number of separate port ranges up to which [PortFilter] writes
// a filter; the kernel's program length is 16 bits.
const MaxRanges = 2000

// Operations of the kernel's filter program, which every kernel with sock_diag knows.
const (
	opJump         = 1
	opSourceAtMost = 3
	opSourceFrom   = 2

	opLen      = 4
	compareLen = 2 * opLen // the second half carries the port
	clauseLen  = 2*compareLen + opLen
)

// PortFilter appends the kernel's filter program that lets through exactly the
// rows whose local port is one of ports. It appends nothing for no ports, and for
// more than [MaxRanges] runs of neighbouring ports.
//
// The program is one clause a run: at least first, at most last, jump to the
// accepting end. A clause that fails goes on to the next; the last has no jump,
// and failing it leaves the program four bytes behind its end, which rejects.
func PortFilter(dst []byte, ports []uint16) []byte {
	runs := portRuns(ports)
	if len(runs) == 0 || len(runs) > MaxRanges {
		return dst
	}
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
	sorted := slices.Sorted(slices.Values(ports))
	runs := make([][2]uint16, 0, min(len(sorted), 16))
	for _, p := range sorted {
		if n := len(runs); n > 0 && uint32(p) <= uint32(runs[n-1][1])+1 {
			runs[n-1][1] = p
			continue
		}
		runs = append(runs, [2]uint16{p, p})
	}
	return runs
}
