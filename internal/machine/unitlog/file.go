package unitlog

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Bounds of what one file may make us do, whatever it says.
const (
	maxEntryItems = 256     // fields of one entry
	maxText       = 8 << 10 // bytes of one message
	maxArrays     = 128     // entry arrays of one unit: they double in size
	maxChain      = 4096    // objects with one hash
	maxScan       = 2000    // entries looked at for one unit
)

// Flags of the header and object types, by the format's numbers.
const (
	flagKeyed   = 1 << 2
	flagCompact = 1 << 4
	flagsKnown  = 1<<5 - 1

	objData       = 1
	objEntry      = 3
	objEntryArray = 6
	compressed    = 1 | 2 | 4
)

var errShape = errors.New("not a journal file of a known shape")

// file is one journal file. Every offset in it is believed only as far as the
// object there proves it.
type file struct {
	name    string
	r       io.ReaderAt
	size    int64
	id      [16]byte
	keyed   bool
	compact bool
	table   int64 // data hash table
	buckets uint64
}

// entry is one line of a log.
type entry struct {
	at   time.Time
	seq  uint64 // in the order of writing; entries of one moment have the same time
	pid  int
	text string
}

// parse reads the header.
func parse(r io.ReaderAt, size int64) (*file, error) {
	var h [208]byte
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, errShape
	}
	if string(h[:8]) != "LPKSHHRH" {
		return nil, errShape
	}
	flags := le32(h[12:])
	if flags&^flagsKnown != 0 {
		return nil, fmt.Errorf("journal file of a newer format (flags %#x)", flags)
	}
	f := &file{r: r, size: size, keyed: flags&flagKeyed != 0, compact: flags&flagCompact != 0}
	copy(f.id[:], h[24:])
	f.table, f.buckets = int64(le64(h[104:])), le64(h[112:])/16
	if f.buckets == 0 || f.table < 208 || f.table > size || f.buckets > uint64(size-f.table)/16 {
		return nil, errShape
	}
	return f, nil
}

// tail returns at most limit of the newest lines of a unit in one boot, newest
// first within each field, and how many messages were compressed.
func (f *file) tail(u Unit, boot [16]byte, limit int) (lines []entry, skipped int) {
	seen := map[int64]bool{}
	known := map[int64]field{}
	for _, m := range u.matches() {
		left := limit
		f.newest(m.field+"="+u.Name, func(at int64) bool {
			if seen[at] {
				return true
			}
			seen[at] = true
			e, ok := f.entry(at, boot, known)
			switch {
			case !ok:
				return true // a broken entry, or one of an earlier boot: older ones may still follow a clock that was set
			case !m.from(e, u):
				return true
			case e.packed:
				skipped++
			case e.text != "":
				lines = append(lines, e.entry)
				left--
			}
			return left > 0
		})
	}
	return lines, skipped
}

// match is a field that ties an entry to a unit.
type match struct {
	field string
	boss  bool // only the manager's own word counts: anybody may write this field
}

func (u Unit) matches() []match {
	if u.User {
		return []match{{"_SYSTEMD_USER_UNIT", false}, {"USER_UNIT", true}}
	}
	return []match{{"_SYSTEMD_UNIT", false}, {"UNIT", true}}
}

// from tells whether an entry is what the field claims. journald itself writes
// the fields with a leading underscore.
func (m match) from(e fields, u Unit) bool {
	switch {
	case u.User && e.uid != u.UID:
		return false
	case !m.boss:
		return true
	case u.User:
		return e.comm == "systemd"
	}
	return e.pid == 1
}

// newest calls each with the offsets of the entries that have a field value, the
// newest first, until it returns false.
func (f *file) newest(value string, each func(at int64) bool) {
	d, ok := f.find(value)
	if !ok {
		return
	}
	arrays := f.arrays(int64(le64(d[48:])), le64(d[56:]))
	for left := maxScan; len(arrays) > 0; arrays = arrays[:len(arrays)-1] {
		a := arrays[len(arrays)-1]
		for i := a.n; i > 0 && left > 0; i, left = i-1, left-1 {
			if at := f.item(a.at, i-1); at != 0 && !each(at) {
				return
			}
		}
		if left == 0 {
			return
		}
	}
	each(int64(le64(d[40:])))
}

// find looks a field value up in the data hash table and returns the head of its
// object.
func (f *file) find(value string) (head [72]byte, ok bool) {
	hash := f.hash([]byte(value))
	var bucket [8]byte
	if !f.read(bucket[:], f.table+int64(hash%f.buckets)*16) {
		return head, false
	}
	at := int64(le64(bucket[:]))
	for range maxChain {
		size, flags, ok := f.object(at, objData)
		if !ok || !f.read(head[:f.payload()], at) {
			return head, false
		}
		if le64(head[16:]) == hash && flags&compressed == 0 && size-f.payload() == int64(len(value)) {
			if got := make([]byte, len(value)); f.read(got, at+f.payload()) && string(got) == value {
				return head, true
			}
		}
		at = int64(le64(head[24:]))
	}
	return head, false
}

// array is one entry array and how many of its items are in use.
type array struct {
	at int64
	n  uint64
}

// arrays follows a chain of entry arrays for total-1 entries: the first entry of
// a field value stands in the value itself.
func (f *file) arrays(at int64, total uint64) (chain []array) {
	if total == 0 {
		return nil
	}
	for left := total - 1; left > 0 && at != 0 && len(chain) < maxArrays; {
		size, _, ok := f.object(at, objEntryArray)
		if !ok || size < 24 {
			return chain
		}
		n := min(uint64(size-24)/f.width(), left)
		chain, left = append(chain, array{at, n}), left-n
		var next [8]byte
		if !f.read(next[:], at+16) {
			return chain
		}
		at = int64(le64(next[:]))
	}
	return chain
}

func (f *file) item(array int64, i uint64) int64 {
	var b [8]byte
	if !f.read(b[:f.width()], array+24+int64(i*f.width())) {
		return 0
	}
	return int64(le64(b[:]))
}

// fields are what berth wants of an entry.
type fields struct {
	entry
	uid    string
	comm   string
	packed bool // the message is compressed
}

// entry reads the entry at an offset, if it is of the boot. Most fields of a
// unit's entries are the same objects; known keeps them.
func (f *file) entry(at int64, boot [16]byte, known map[int64]field) (e fields, ok bool) {
	size, _, ok := f.object(at, objEntry)
	var head [64]byte
	if !ok || size < 64 || !f.read(head[:], at) || [16]byte(head[40:56]) != boot {
		return e, false
	}
	e.seq = le64(head[16:])
	e.at = time.UnixMicro(int64(le64(head[24:]) & (1<<62 - 1))).UTC()
	step := uint64(16)
	if f.compact {
		step = 4
	}
	items := make([]byte, min(uint64(size-64)/step, maxEntryItems)*step)
	if !f.read(items, at+64) {
		return e, false
	}
	for ; len(items) > 0; items = items[step:] {
		data := int64(le32(items))
		if !f.compact {
			data = int64(le64(items))
		}
		v, have := known[data]
		if !have {
			v = f.field(data)
			known[data] = v
		}
		e.set(v)
	}
	return e, true
}

// field is one field that berth wants; the zero field is one that it does not.
type field struct {
	key, value string
	packed     bool
}

// field reads the field at an offset. A compressed one is taken for the message:
// no other wanted field is long enough.
func (f *file) field(at int64) field {
	var buf [72 + 16]byte
	n := min(f.size-at, int64(len(buf)))
	if at < 208 || at&7 != 0 || n < f.payload() || !f.read(buf[:n], at) || buf[0] != objData {
		return field{}
	}
	size := int64(le64(buf[8:]))
	if size < f.payload() || size > f.size-at {
		return field{}
	}
	if buf[1]&compressed != 0 {
		return field{packed: true}
	}
	start := buf[f.payload():min(n, size)]
	key, _, _ := strings.Cut(string(start), "=")
	switch key {
	case "MESSAGE", "_PID", "_UID", "_COMM":
	default:
		return field{}
	}
	value := make([]byte, min(size-f.payload(), maxText))
	if !f.read(value, at+f.payload()) || len(value) <= len(key) {
		return field{}
	}
	return field{key: key, value: string(value[len(key)+1:])}
}

func (e *fields) set(v field) {
	switch v.key {
	case "":
		e.packed = e.packed || v.packed && e.text == ""
	case "MESSAGE":
		e.text, e.packed = v.value, false
	case "_PID":
		e.pid, _ = strconv.Atoi(v.value)
	case "_UID":
		e.uid = v.value
	case "_COMM":
		e.comm = v.value
	}
}

// object reads the head of the object at an offset and checks that it is of a
// kind and lies inside the file.
func (f *file) object(at int64, kind byte) (size int64, flags byte, ok bool) {
	var h [16]byte
	if at < 208 || at&7 != 0 || !f.read(h[:], at) || h[0] != kind {
		return 0, 0, false
	}
	size = int64(le64(h[8:]))
	return size, h[1], size >= 16 && size <= f.size-at && (kind != objData || size >= f.payload())
}

// payload is where the text of a data object begins.
func (f *file) payload() int64 {
	if f.compact {
		return 72
	}
	return 64
}

// width is the size of one item of an entry array.
func (f *file) width() uint64 {
	if f.compact {
		return 4
	}
	return 8
}

func (f *file) read(b []byte, at int64) bool {
	if at < 0 || at > f.size-int64(len(b)) {
		return false
	}
	_, err := f.r.ReadAt(b, at)
	return err == nil
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

func parseID(s string) (id [16]byte, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(id) {
		return id, fmt.Errorf("not an id: %q", s)
	}
	return [16]byte(b), nil
}
