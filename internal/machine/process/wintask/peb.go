package wintask

import (
	"encoding/binary"
	"errors"
)

// memory reads another process's memory; it fills b or fails.
type memory func(addr uint64, b []byte) error

// layout is where the process environment block and the parameters it points at
// keep things, in programs of one width.
type layout struct {
	wide                         bool   // pointers of eight bytes
	params                       uint64 // in the block
	folder, image, command, size uint64 // in the parameters; size covers all three
}

var (
	layout64 = layout{wide: true, params: 0x20, folder: 0x38, image: 0x60, command: 0x70, size: 0x80}
	layout32 = layout{params: 0x10, folder: 0x24, image: 0x38, command: 0x40, size: 0x48}
)

// Params is what a process keeps in its own memory of how it was started. It may
// have written anything there since.
type Params struct{ Command, Folder, Image string }

// ErrParams is a process whose memory does not look like one's: one that is just
// starting or ending.
var ErrParams = errors.New("its parameters are not there")

// readParams follows the environment block at peb.
func (l layout) readParams(read memory, peb uint64) (Params, error) {
	addr, err := l.pointer(read, peb+l.params)
	if err != nil {
		return Params{}, err
	}
	block := make([]byte, l.size)
	if err := read(addr, block); err != nil {
		return Params{}, err
	}
	var p Params
	for _, f := range [...]struct {
		at uint64
		to *string
	}{{l.command, &p.Command}, {l.folder, &p.Folder}, {l.image, &p.Image}} {
		if *f.to, err = l.text(read, block[f.at:]); err != nil {
			return p, err
		}
	}
	p.Folder = trimFolder(p.Folder)
	return p, nil
}

func (l layout) pointer(read memory, at uint64) (uint64, error) {
	var b [8]byte
	n := 4
	if l.wide {
		n = 8
	}
	if err := read(at, b[:n]); err != nil {
		return 0, err
	}
	if p := binary.LittleEndian.Uint64(b[:]); p != 0 {
		return p, nil
	}
	return 0, ErrParams
}

// text reads the UNICODE_STRING that s begins with: at most 64 KiB.
func (l layout) text(read memory, s []byte) (string, error) {
	addr := uint64(binary.LittleEndian.Uint32(s[4:]))
	if l.wide {
		addr = binary.LittleEndian.Uint64(s[8:])
	}
	b := make([]byte, binary.LittleEndian.Uint16(s))
	if len(b) == 0 || addr == 0 {
		return "", nil
	}
	if err := read(addr, b); err != nil {
		return "", err
	}
	return text(b), nil
}

// trimFolder takes the backslash off the end of a folder that is no drive's root.
func trimFolder(s string) string {
	if n := len(s); n > 3 && s[n-1] == '\\' {
		return s[:n-1]
	}
	return s
}
