package netlink

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type attr struct {
	Type uint16
	Data []byte
}

func attrsOf(b []byte) []attr {
	var got []attr
	for typ, data := range Attrs(b) {
		got = append(got, attr{typ, data})
	}
	return got
}

func TestAttrsRoundTrip(t *testing.T) {
	var b []byte
	b = AppendAttr(b, 1, []byte{1})
	b = AppendAttr(b, 2|Nested, []byte{1, 2, 3, 4})
	b = AppendAttr(b, 3, nil)
	want := []attr{{1, []byte{1}}, {2, []byte{1, 2, 3, 4}}, {3, []byte{}}}
	if d := cmp.Diff(want, attrsOf(b)); d != "" {
		t.Error(d)
	}
	if len(b)%4 != 0 {
		t.Errorf("length %d is not padded", len(b))
	}
}

func TestAttrsStopAtABrokenLength(t *testing.T) {
	whole := AppendAttr(AppendAttr(nil, 1, []byte{1, 2}), 2, []byte{3})
	for name, spoil := range map[string]func([]byte){
		"zero":      func(b []byte) { binary.NativeEndian.PutUint16(b[8:], 0) },
		"too short": func(b []byte) { binary.NativeEndian.PutUint16(b[8:], 3) },
		"too long":  func(b []byte) { binary.NativeEndian.PutUint16(b[8:], 600) },
	} {
		b := append([]byte(nil), whole...)
		spoil(b)
		if d := cmp.Diff([]attr{{1, []byte{1, 2}}}, attrsOf(b)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if got := attrsOf(whole); len(got) != 2 {
		t.Errorf("unspoiled: %v, want two attributes", got)
	}
}

func TestNextMessageRoundTrip(t *testing.T) {
	want := Message{Type: 20, Flags: FlagDump, Data: []byte{1, 2, 3}}
	b := AppendMessage(nil, 7, want)
	b = AppendMessage(b, 8, Message{Type: typeDone})
	got, seq, rest, ok := NextMessage(b)
	if d := cmp.Diff(want, got); d != "" || seq != 7 || !ok {
		t.Errorf("seq %d ok %v %s", seq, ok, d)
	}
	if got, seq, rest, ok = NextMessage(rest); got.Type != typeDone || seq != 8 || !ok || len(rest) != 0 {
		t.Errorf("second: %v seq %d ok %v rest %d", got, seq, ok, len(rest))
	}
	if _, _, _, ok = NextMessage(b[:15]); ok {
		t.Error("a header cut short was taken for a message")
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(AppendMessage(nil, 1, Message{Type: 20, Data: AppendAttr(nil, 1, []byte{1, 2, 3})}))
	f.Add(AppendMessage(nil, 1, Message{Type: typeError, Data: []byte{0xfe, 0xff, 0xff, 0xff}}))
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for rest := b; ; {
			m, _, next, ok := NextMessage(rest)
			if !ok {
				return
			}
			if len(next) >= len(rest) {
				t.Fatal("no progress")
			}
			attrsOf(m.Data)
			rest = next
		}
	})
}
