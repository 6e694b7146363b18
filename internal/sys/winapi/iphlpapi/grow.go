package iphlpapi

import (
	"encoding/binary"
	"syscall"
	"unicode/utf16"
)

const (
	tries    = 8
	headroom = 4 << 10  // for what is added between two calls, and an eighth of the table
	maxTable = 64 << 20 // some 400,000 connections
)

// unsteady (STATUS_UNSUCCESSFUL) is what the calls for tables answer now and then
// where connections come and go while they copy.
const unsteady = syscall.Errno(0xC0000001)

// grow calls fill with ever larger buffers, the first of start bytes, until it says
// neither tooSmall nor that the table was [unsteady], and returns the buffer.
// tooSmall comes back for a table that grows faster than it can be read, or beyond
// all measure.
func grow(start uint32, tooSmall error, fill func(buf *byte, size *uint32) error) ([]byte, error) {
	size, last := start, tooSmall
	for range tries {
		buf := make([]byte, size)
		need := size
		err := fill(&buf[0], &need)
		switch err {
		case unsteady:
			last = err
		case tooSmall:
			last = err
			if size = max(need, size); size > maxTable {
				return nil, tooSmall
			}
			size += size/8 + headroom
		default:
			return buf, err
		}
	}
	return nil, last
}

// nameAt reads the text behind a pointer that stands at the start of buf and leads
// into it; buf itself is at address base. Everything else is no name.
func nameAt(buf []byte, base uint64) string {
	if len(buf) < 8 {
		return ""
	}
	at := binary.LittleEndian.Uint64(buf) - base
	if at >= uint64(len(buf)) {
		return ""
	}
	var text []uint16
	for buf = buf[at:]; len(buf) >= 2; buf = buf[2:] {
		c := binary.LittleEndian.Uint16(buf)
		if c == 0 {
			return string(utf16.Decode(text))
		}
		text = append(text, c)
	}
	return "" // no end: it is not ours
}
