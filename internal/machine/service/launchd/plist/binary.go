package plist

import (
	"encoding/binary"
	"unicode/utf16"
)

// binaryList is a binary property list: objects, a table of where each begins, and
// at the end how to read that table.
type binaryList struct {
	b       []byte
	objects []byte // up to the table
	table   []byte
	offset  int // bytes of an offset
	ref     int // bytes of a reference
	parts   int // read so far
	letters int // bytes of texts read so far: one may be referred to often
}

const (
	headSize    = 8
	trailerSize = 32
)

func parseBinary(b []byte) (any, error) {
	if len(b) < headSize+trailerSize {
		return nil, ErrShape
	}
	end := len(b) - trailerSize
	t := b[end:]
	l := binaryList{b: b, offset: int(t[6]), ref: int(t[7])}
	n, top, at := binary.BigEndian.Uint64(t[8:]), binary.BigEndian.Uint64(t[16:]), binary.BigEndian.Uint64(t[24:])
	if l.offset < 1 || l.offset > 8 || l.ref < 1 || l.ref > 8 || at < headSize || at > uint64(end) || n > uint64(end)-at ||
		n*uint64(l.offset) > uint64(end)-at {
		return nil, ErrShape
	}
	l.objects, l.table = b[:at], b[at:at+n*uint64(l.offset)]
	return l.object(top, 0)
}

// number reads n bytes, the highest first.
func number(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// object reads the object of a number. Objects may be referred to in circles: depth
// and the number of parts end that.
func (l *binaryList) object(i uint64, depth int) (any, error) {
	if l.parts++; depth > maxDepth || l.parts > maxParts {
		return nil, ErrLarge
	}
	if i >= uint64(len(l.table)/l.offset) {
		return nil, ErrShape
	}
	at := number(l.table[int(i)*l.offset:][:l.offset])
	if at < headSize || at >= uint64(len(l.objects)) {
		return nil, ErrShape
	}
	b := l.objects[at:]
	kind, low := b[0]>>4, int(b[0]&0xf)
	switch kind {
	case 0x0:
		return simple(low), nil
	case 0x1:
		return integer(b[1:], low)
	}
	n, rest, err := count(b, low)
	if err != nil {
		return nil, err
	}
	switch kind {
	case 0x5:
		return l.text(rest, n, 1)
	case 0x6:
		return l.text(rest, n, 2)
	case 0xa, 0xb, 0xc:
		return l.array(rest, n, depth)
	case 0xd:
		return l.dict(rest, n, depth)
	}
	return nil, nil // dates, data, fractions
}

func simple(low int) any {
	switch low {
	case 8:
		return false
	case 9:
		return true
	}
	return nil
}

// integer reads 1, 2, 4, 8 or 16 bytes; only those of 8 can be negative.
func integer(b []byte, log int) (any, error) {
	if log > 4 || len(b) < 1<<log {
		return nil, ErrShape
	}
	if log == 4 {
		b = b[8:]
		log = 3
	}
	return int64(number(b[:1<<log])), nil
}

// count is how many bytes, letters or references an object has.
func count(b []byte, low int) (n int, rest []byte, err error) {
	if low != 0xf {
		return low, b[1:], nil
	}
	if len(b) < 2 || b[1]>>4 != 1 || b[1]&0xf > 3 || len(b) < 2+1<<(b[1]&0xf) {
		return 0, nil, ErrShape
	}
	size := 1 << (b[1] & 0xf)
	v := number(b[2 : 2+size])
	if v > MaxSize {
		return 0, nil, ErrShape
	}
	return int(v), b[2+size:], nil
}

func (l *binaryList) text(b []byte, n, width int) (any, error) {
	if n*width > len(b) {
		return nil, ErrShape
	}
	if l.letters += n * width; l.letters > 2*MaxSize {
		return nil, ErrLarge
	}
	if width == 1 {
		return string(b[:n]), nil
	}
	wide := make([]uint16, n)
	for i := range wide {
		wide[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(wide)), nil
}

func (l *binaryList) array(b []byte, n, depth int) (any, error) {
	if n*l.ref > len(b) {
		return nil, ErrShape
	}
	var list []any
	for i := range n {
		v, err := l.object(number(b[i*l.ref:][:l.ref]), depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// dict reads a dictionary: references of all keys, then of all values.
func (l *binaryList) dict(b []byte, n, depth int) (any, error) {
	if 2*n*l.ref > len(b) {
		return nil, ErrShape
	}
	d := Dict{}
	for i := range n {
		key, err := l.object(number(b[i*l.ref:][:l.ref]), depth+1)
		if err != nil {
			return nil, err
		}
		name, ok := key.(string)
		if !ok {
			return nil, ErrShape
		}
		if d[name], err = l.object(number(b[(n+i)*l.ref:][:l.ref]), depth+1); err != nil {
			return nil, err
		}
	}
	return d, nil
}
