package wintask

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// base is where the tables of the tests would lie in memory.
const base = 0x7ff0_0000_1000

// thread is one thread of a built row: its state and the reason of its wait.
type thread struct{ state, reason uint32 }

// build writes a process table as Windows does: rows with their threads, each
// followed by its name.
func build(rows []Task, threads map[int][]thread) []byte {
	var out []byte
	for i, r := range rows {
		row := make([]byte, taskSize)
		binary.LittleEndian.PutUint32(row[taskThreads:], uint32(len(threads[r.PID])))
		binary.LittleEndian.PutUint64(row[taskCreated:], r.Created)
		binary.LittleEndian.PutUint64(row[taskPID:], uint64(r.PID))
		binary.LittleEndian.PutUint64(row[taskParent:], uint64(r.Parent))
		binary.LittleEndian.PutUint32(row[taskSession:], r.Session)
		for _, th := range threads[r.PID] {
			b := make([]byte, threadSize)
			binary.LittleEndian.PutUint32(b[threadState:], th.state)
			binary.LittleEndian.PutUint32(b[threadReason:], th.reason)
			row = append(row, b...)
		}
		if r.PID != 0 {
			name := wide(r.Name)
			putString(row[taskName:], len(name), base+uint64(len(out)+len(row)))
			row = append(row, name...)
		}
		for len(row)%8 != 0 {
			row = append(row, 0)
		}
		if i < len(rows)-1 {
			binary.LittleEndian.PutUint32(row[taskNext:], uint32(len(row)))
		}
		out = append(out, row...)
	}
	return out
}

func putString(to []byte, n int, at uint64) {
	binary.LittleEndian.PutUint16(to, uint16(n))
	binary.LittleEndian.PutUint16(to[2:], uint16(n))
	binary.LittleEndian.PutUint64(to[8:], at)
}

func wide(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

func sample() ([]Task, []byte) {
	rows := []Task{
		{PID: 0, Name: "Idle"},
		{PID: 4, Name: "System", Created: 1},
		{PID: 812, Parent: 640, Name: "svchost.exe", Created: 133e15, Session: 0},
		{PID: 5120, Parent: 812, Name: "日本語 サーバー.exe", Created: 133e15 + 1, Session: 2, Suspended: true},
	}
	return rows, build(rows, map[int][]thread{0: {{2, 0}}, 4: {{5, 5}, {2, 0}}, 812: {{5, 6}}, 5120: {{5, 5}, {5, 5}}})
}

func TestParseTable(t *testing.T) {
	want, b := sample()
	got, whole := ParseTable(b, base)
	if d := cmp.Diff(want, got); d != "" || !whole {
		t.Errorf("whole %v\n%s", whole, d)
	}
}

// Rows before the broken one count, and the table is said to be cut.
func TestParseTableCutShort(t *testing.T) {
	want, b := sample()
	got, whole := ParseTable(b[:len(b)-2*threadSize-100], base)
	if d := cmp.Diff(want[:3], got); d != "" || whole {
		t.Errorf("whole %v\n%s", whole, d)
	}
	first := int(binary.LittleEndian.Uint32(b))
	binary.LittleEndian.PutUint32(b[first:], 1<<31)
	got, whole = ParseTable(b, base)
	if len(got) != 1 || whole {
		t.Errorf("%d rows, whole %v", len(got), whole)
	}
}

func TestNameOutsideTheTable(t *testing.T) {
	_, b := sample()
	got, _ := ParseTable(b, base+1<<20)
	if len(got) != 4 || got[2].Name != "" || got[2].PID != 812 {
		t.Errorf("%+v", got)
	}
}

func FuzzParseTable(f *testing.F) {
	_, b := sample()
	f.Add(b)
	f.Add(b[:taskSize+8])
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _ := ParseTable(b, base)
		if len(got) > len(b)/taskSize {
			t.Fatalf("%d rows out of %d bytes", len(got), len(b))
		}
	})
}

func BenchmarkParseTable(b *testing.B) {
	var rows []Task
	threads := map[int][]thread{}
	for i := range 300 {
		rows = append(rows, Task{PID: 4 * i, Name: "svchost.exe", Created: 133e15})
		threads[4*i] = make([]thread, 12)
	}
	table := build(rows, threads)
	b.SetBytes(int64(len(table)))
	for b.Loop() {
		ParseTable(table, base)
	}
}
