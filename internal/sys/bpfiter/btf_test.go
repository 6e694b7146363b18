package bpfiter

import (
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// blob builds BTF data, type by type; ids count from 1.
type blob struct {
	records, names []byte
	ids            uint32
}

func (b *blob) name(s string) uint32 {
	if s == "" {
		return 0
	}
	at := uint32(len(b.names))
	b.names = append(append(b.names, s...), 0)
	return at
}

func (b *blob) add(name string, kind, parts int, ref uint32, body ...uint32) uint32 {
	for _, v := range append([]uint32{b.name(name), uint32(kind)<<24 | uint32(parts), ref}, body...) {
		b.records = binary.LittleEndian.AppendUint32(b.records, v)
	}
	b.ids++
	return b.ids
}

type member struct {
	name   string
	id     uint32
	offset uint32 // bytes
}

func (b *blob) structure(name string, members ...member) uint32 {
	var body []uint32
	for _, m := range members {
		body = append(body, b.name(m.name), m.id, m.offset*8)
	}
	return b.add(name, kindStruct, len(members), 0, body...)
}

func (b *blob) bytes() []byte {
	out := []byte{0x9f, 0xeb, 1, 0}
	for _, v := range []int{24, 0, len(b.records), len(b.records), len(b.names)} {
		out = binary.LittleEndian.AppendUint32(out, uint32(v))
	}
	return append(append(out, b.records...), b.names...)
}

// kernel is a small kernel: the function and its structures. change may alter
// the members of a structure.
func kernel(change func(structure string, m []member) []member) *blob {
	b := &blob{names: []byte{0}}
	if change == nil {
		change = func(_ string, m []member) []member { return m }
	}
	make := func(name string, m ...member) uint32 { return b.structure(name, change(name, m)...) }
	integer := func(name string, size uint32) uint32 { return b.add(name, kindInt, 0, size, 0) }
	i32, u16, u64 := integer("int", 4), integer("unsigned short", 2), integer("unsigned long", 8)
	pid := b.add("pid_t", kindTypedef, 0, i32)
	mode := b.add("umode_t", kindTypedef, 0, u16)
	b.add("noise", kindEnum, 2, 4, 0, 0, 0, 1)
	b.add("", kindArray, 0, 0, i32, i32, 4)
	inode := make("inode", member{"i_mode", mode, 0}, member{"i_ino", u64, 64})
	inodePtr := b.add("", kindPtr, 0, inode)
	file := make("file", member{"f_inode", inodePtr, 32})
	inner := make("", member{"pid", pid, 8}, member{"tgid", pid, 12})
	task := make("task_struct", member{"flags", i32, 44}, member{"", inner, 1000})
	fd := b.add("u32", kindTypedef, 0, i32)
	meta := b.add("", kindPtr, 0, b.add("", kindConst, 0, b.structure("bpf_iter_meta")))
	taskPtr, filePtr := b.add("", kindPtr, 0, task), b.add("", kindPtr, 0, file)
	proto := b.add("", kindFuncProto, 4, i32, 0, meta, 0, taskPtr, 0, fd, 0, filePtr)
	b.add("bpf_iter_task", kindFunc, 0, proto)
	b.add("bpf_iter_task_file", kindFunc, 0, proto)
	return b
}

func TestFindLayout(t *testing.T) {
	b := kernel(nil)
	got, err := findLayout(b.bytes())
	want := layout{attach: b.ids, fileInode: 32, inodeMode: 0, inodeNum: 64, taskPID: 1008, taskTGID: 1012}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	moved := kernel(func(name string, m []member) []member {
		if name == "inode" {
			m[1].offset = 72
		}
		return m
	})
	if got, err := findLayout(moved.bytes()); err != nil || got.inodeNum != 72 {
		t.Errorf("moved: got %+v, %v", got, err)
	}
}

func TestFindLayoutRefusesAnotherKernel(t *testing.T) {
	for what, change := range map[string]func(string, []member) []member{
		"no i_ino": func(name string, m []member) []member {
			if name == "inode" {
				m[1].name = "i_number"
			}
			return m
		},
		"a mode of 8 bytes": func(name string, m []member) []member {
			if name == "inode" {
				m[0].id = m[1].id
			}
			return m
		},
		"an inode that is no pointer": func(name string, m []member) []member {
			if name == "file" {
				m[0].id = 3
			}
			return m
		},
		"tgid out of reach": func(name string, m []member) []member {
			if name == "task_struct" {
				m[1].offset = 40000
			}
			return m
		},
	} {
		if l, err := findLayout(kernel(change).bytes()); !errors.Is(err, errBTF) {
			t.Errorf("%s: got %+v, %v", what, l, err)
		}
	}
}

// A name may stand in the data without the function being there.
func TestFindLayoutWithoutTheIterator(t *testing.T) {
	b := kernel(nil)
	b.records = b.records[:len(b.records)-12]
	if l, err := findLayout(b.bytes()); !errors.Is(err, errBTF) {
		t.Errorf("got %+v, %v", l, err)
	}
}

func TestFindLayoutTruncated(t *testing.T) {
	whole := kernel(nil).bytes()
	for n := range whole {
		if l, err := findLayout(whole[:n]); !errors.Is(err, errBTF) {
			t.Fatalf("%d of %d bytes: got %+v, %v", n, len(whole), l, err)
		}
	}
}

// A type that refers to itself must not be followed for ever.
func TestFindLayoutLoops(t *testing.T) {
	b := kernel(func(name string, m []member) []member {
		if name == "file" {
			m[0].id = 4
		}
		return m
	})
	at := 3 * 16 // the fourth record, typedef pid_t
	binary.LittleEndian.PutUint32(b.records[at+8:], 4)
	if l, err := findLayout(b.bytes()); !errors.Is(err, errBTF) {
		t.Errorf("got %+v, %v", l, err)
	}
}

func FuzzFindLayout(f *testing.F) {
	whole := kernel(nil).bytes()
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	if live, err := os.ReadFile("/sys/kernel/btf/vmlinux"); err == nil {
		f.Add(live[:min(len(live), 4096)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := findLayout(b)
		if err == nil && (l.attach == 0 || l.inodeNum < 0 || l.taskTGID < 0) {
			t.Errorf("got %+v", l)
		}
	})
}

func BenchmarkFindLayout(b *testing.B) {
	live, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		if _, err := findLayout(live); err != nil {
			b.Fatal(err)
		}
	}
}
