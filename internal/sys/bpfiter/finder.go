package bpfiter

import "math"

// finder follows types from the iterator's function to the fields. The first
// thing that is not as expected makes it fail, and every later step is void.
type finder struct {
	*types
	failed bool
}

func (f *finder) layout(attach uint32) layout {
	proto := f.expect(f.expectRef(attach, kindFunc), kindFuncProto)
	if f.failed || proto.parts != 4 {
		f.failed = true
		return layout{}
	}
	task := f.pointee(f.u32(proto.body + 8*1 + 4))
	file := f.pointee(f.u32(proto.body + 8*3 + 4))
	l := layout{attach: attach}
	var inode uint32
	l.taskPID, _ = f.field(task, "pid", 4)
	l.taskTGID, _ = f.field(task, "tgid", 4)
	l.fileInode, inode = f.field(file, "f_inode", 8)
	inode = f.pointee(inode)
	l.inodeMode, _ = f.field(inode, "i_mode", 2)
	l.inodeNum, _ = f.field(inode, "i_ino", 8)
	return l
}

func (f *finder) expect(id uint32, kind int) record {
	r, ok := f.record(id)
	if !ok || r.kind != kind {
		f.failed = true
	}
	return r
}

func (f *finder) expectRef(id uint32, kind int) uint32 { return f.expect(id, kind).ref }

// plain passes over typedefs and qualifiers, at most 16.
func (f *finder) plain(id uint32) uint32 {
	for range 16 {
		r, ok := f.record(id)
		if !ok {
			break
		}
		switch r.kind {
		case kindTypedef, kindConst, kindVolatile, kindRestrict, kindTypeTag:
			id = r.ref
		default:
			return id
		}
	}
	f.failed = true
	return 0
}

func (f *finder) pointee(id uint32) uint32 {
	if f.failed {
		return 0
	}
	return f.plain(f.expectRef(f.plain(id), kindPtr))
}

// field returns the offset and the type of a structure's field of that size,
// looking into unnamed structures inside it too.
func (f *finder) field(structure uint32, name string, size uint32) (int16, uint32) {
	if f.failed {
		return 0, 0
	}
	bits, id, ok := f.member(structure, name, 4)
	if !ok || bits%8 != 0 || bits/8 > math.MaxInt16 || f.size(id) != size {
		f.failed = true
		return 0, 0
	}
	return int16(bits / 8), id
}

func (f *finder) member(structure uint32, name string, depth int) (bits, id uint32, ok bool) {
	r, ok := f.record(structure)
	if !ok || depth == 0 || r.kind != kindStruct && r.kind != kindUnion {
		return 0, 0, false
	}
	for i := range r.parts {
		at := r.body + 12*i
		offset := f.u32(at + 8)
		if r.flag {
			offset &= 0xffffff
		}
		id := f.u32(at + 4)
		if f.named(f.u32(at), name) {
			return offset, id, true
		}
		if f.u32(at) != 0 {
			continue
		}
		if inner, id, ok := f.member(f.plain(id), name, depth-1); ok {
			return offset + inner, id, true
		}
	}
	return 0, 0, false
}

// size is a number's or pointer's size in bytes, 0 for anything else.
func (f *finder) size(id uint32) uint32 {
	r, ok := f.record(f.plain(id))
	switch {
	case ok && r.kind == kindPtr:
		return 8
	case ok && r.kind == kindInt:
		return r.ref
	}
	return 0
}
