package iphlpapi

import (
	"encoding/binary"
	"unicode/utf16"
)

const (
	tries    = 8
	headroom = 4 << 10  // for what is added between two calls
	maxTable = 64 << 20 // some 400,000 connections
)

// grow calls fill with ever larger buffers, the first of start bytes, until it does
// not say tooSmall, and returns the buffer. tooSmall comes back for a table that
// grows faster than it can be read, or beyond all measure.
func grow(start uint32, tooSmall error, fill func(buf *byte, size *uint32) error) ([]byte, error) {
	size := start
	for range tries {
		buf := make([]byte, size)
		need := size
		err := fill(&buf[0], &need)
		if err != tooSmall {
			return buf, err
		}
		if size = max(need, size) + headroom; size > maxTable {
			break
		}
	}
	return nil, tooSmall
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
