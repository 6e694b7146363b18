package bpfiter

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// layout is what a program must know of the running kernel to read the inode
// of an open file: where the fields lie, in bytes, and what to attach to.
type layout struct {
	attach    uint32 // BTF id of the function bpf_iter_task_file
	fileInode int16  // struct file: f_inode
	inodeMode int16  // struct inode: i_mode, 2 bytes
	inodeNum  int16  // struct inode: i_ino, 8 bytes
	taskPID   int16  // struct task_struct: pid, 4 bytes
	taskTGID  int16  // struct task_struct: tgid, 4 bytes
}

var errBTF = errors.New("type information is not as expected")

// BTF kinds, by the kernel's btf.h.
const (
	kindInt       = 1
	kindPtr       = 2
	kindArray     = 3
	kindStruct    = 4
	kindUnion     = 5
	kindEnum      = 6
	kindTypedef   = 8
	kindVolatile  = 9
	kindConst     = 10
	kindRestrict  = 11
	kindFunc      = 12
	kindFuncProto = 13
	kindVar       = 14
	kindDatasec   = 15
	kindDeclTag   = 17
	kindTypeTag   = 18
	kindEnum64    = 19
)

// findLayout reads BTF data. It looks for one function and follows its
// parameters, so that the structures are the ones the verifier will use.
func findLayout(data []byte) (layout, error) {
	s, err := sections(data)
	if err != nil {
		return layout{}, err
	}
	name, ok := s.nameOffset("bpf_iter_task_file")
	if !ok {
		return layout{}, fmt.Errorf("%w: no iterator over files", errBTF)
	}
	attach, ok := s.index(name)
	if !ok {
		return layout{}, fmt.Errorf("%w: no iterator over files", errBTF)
	}
	f := finder{types: s}
	l := f.layout(attach)
	if f.failed {
		return layout{}, fmt.Errorf("%w: a field is missing", errBTF)
	}
	return l, nil
}

// types is a BTF blob: type records and the names they use.
type types struct {
	records []byte
	names   []byte
	at      []uint32 // offset of each type's record; at[0] is unused
}

func sections(data []byte) (*types, error) {
	if len(data) < 24 || binary.LittleEndian.Uint16(data) != 0xeb9f {
		return nil, fmt.Errorf("%w: no little-endian header", errBTF)
	}
	u32 := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(data[i:])) }
	head, size := u32(4), uint64(len(data))
	typesAt, typesEnd := head+u32(8), head+u32(8)+u32(12)
	namesAt, namesEnd := head+u32(16), head+u32(16)+u32(20)
	if typesEnd > size || namesEnd > size {
		return nil, fmt.Errorf("%w: truncated", errBTF)
	}
	return &types{records: data[typesAt:typesEnd], names: data[namesAt:namesEnd]}, nil
}

// nameOffset finds a whole name between two NULs.
func (t *types) nameOffset(name string) (uint32, bool) {
	i := bytes.Index(t.names, []byte("\x00"+name+"\x00"))
	return uint32(i + 1), i >= 0
}

// index walks the records once, notes where each one begins and returns the id
// of the function of that name.
func (t *types) index(name uint32) (id uint32, ok bool) {
	t.at = make([]uint32, 1, len(t.records)/24+2)
	for at := 0; at+12 <= len(t.records); {
		info := t.u32(at + 4)
		size := recordSize(info)
		if size < 0 || at+size > len(t.records) {
			return 0, false
		}
		if info>>24&0x1f == kindFunc && t.u32(at) == name {
			id, ok = uint32(len(t.at)), true
		}
		t.at = append(t.at, uint32(at))
		at += size
	}
	return id, ok
}

func (t *types) u32(at int) uint32 { return binary.LittleEndian.Uint32(t.records[at:]) }

// recordSize is the length of a record in bytes, or -1 for an unknown kind.
func recordSize(info uint32) int {
	n := int(info & 0xffff)
	switch info >> 24 & 0x1f {
	case kindInt, kindVar, kindDeclTag:
		return 16
	case kindArray:
		return 24
	case kindStruct, kindUnion, kindDatasec, kindEnum64:
		return 12 + 12*n
	case kindEnum, kindFuncProto:
		return 12 + 8*n
	case kindPtr, 7, kindTypedef, kindVolatile, kindConst, kindRestrict, kindFunc, 16, kindTypeTag:
		return 12
	}
	return -1
}

// record is one type: its kind, number of parts, size or referred type, and
// where its parts begin.
type record struct {
	kind, parts int
	ref         uint32
	flag        bool
	body        int
}

func (t *types) record(id uint32) (record, bool) {
	if id == 0 || int(id) >= len(t.at) {
		return record{}, false
	}
	at := int(t.at[id])
	info := t.u32(at + 4)
	return record{kind: int(info >> 24 & 0x1f), parts: int(info & 0xffff), ref: t.u32(at + 8), flag: info>>31 == 1, body: at + 12}, true
}

// named tells whether the name at an offset is exactly want.
func (t *types) named(offset uint32, want string) bool {
	end := uint64(offset) + uint64(len(want))
	return end < uint64(len(t.names)) && t.names[end] == 0 && string(t.names[offset:end]) == want
}
