package scm

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// built is an answer as the manager writes one: rows, and their strings behind them.
type built struct{ b []byte }

const base = 0x1_2345_0000

func (w *built) num(at int, n uint32) { binary.LittleEndian.PutUint32(w.b[at:], n) }

// text puts strings behind the rows, each with its zero, and their address at a place.
func (w *built) text(at int, list ...string) {
	binary.LittleEndian.PutUint64(w.b[at:], base+uint64(len(w.b)))
	for _, s := range list {
		for _, c := range utf16.Encode([]rune(s)) {
			w.b = binary.LittleEndian.AppendUint16(w.b, c)
		}
		w.b = append(w.b, 0, 0)
	}
}

func (w *built) block() block { return block{w.b, base} }

func statuses() (built, []status) {
	want := []status{
		{name: "HTTP", display: "HTTP-Dienst", kind: 1, state: 4, controls: 1},
		{name: "サービス", display: "日本語", kind: 0x20, state: 1, exit: 1066, exitOwn: 3, pid: 812, inSystemProc: true},
	}
	w := built{make([]byte, len(want)*statusSize)}
	for i, s := range want {
		at := i * statusSize
		for j, n := range []uint32{s.kind, s.state, s.controls, s.exit, s.exitOwn, 0, 0, s.pid, 0} {
			w.num(at+statusStatus+4*j, n)
		}
		if s.inSystemProc {
			w.num(at+statusStatus+32, 1)
		}
		w.text(at, s.name)
		w.text(at+statusDisplay, s.display)
	}
	return w, want
}

func TestParseStatuses(t *testing.T) {
	w, want := statuses()
	if d := cmp.Diff(want, parseStatuses(w.block(), len(want)), cmp.AllowUnexported(status{})); d != "" {
		t.Error(d)
	}
	if got := parseStatuses(block{w.b[:statusSize+20], base}, 2); len(got) != 1 || got[0].name != "" || got[0].state != 4 {
		t.Errorf("a cut answer: %+v", got)
	}
	if got := parseStatuses(block{w.b, base + 1<<20}, 2); len(got) != 2 || got[1].name != "" {
		t.Errorf("strings elsewhere: %+v", got)
	}
}

func configured() built {
	w := built{make([]byte, configSize)}
	w.num(0, 0x10)
	w.num(4, 2)
	w.text(configPath, `"C:\x\s.exe" -p 80`)
	w.text(configDepends, "RPCSS", "+NetworkProvider", "http", "")
	w.text(configAccount, `NT AUTHORITY\LocalService`)
	return w
}

func TestParseConfig(t *testing.T) {
	w := configured()
	got, ok := parseConfig(w.block())
	want := config{kind: 0x10, start: 2, path: `"C:\x\s.exe" -p 80`, account: `NT AUTHORITY\LocalService`, depends: []string{"RPCSS", "+NetworkProvider", "http"}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(config{})); d != "" || !ok {
		t.Error(ok, d)
	}
	if got, ok := parseConfig(block{w.b[:configSize], base}); !ok || got.path != "" || got.depends != nil || got.start != 2 {
		t.Errorf("without its strings: %+v", got)
	}
	if _, ok := parseConfig(block{w.b[:20], base}); ok {
		t.Error("20 bytes are a configuration")
	}
}

func TestParseFailure(t *testing.T) {
	for _, c := range []struct {
		actions []uint32
		want    string
	}{{nil, "no"}, {[]uint32{0, 2}, "no"}, {[]uint32{0, 1, 0}, "on-failure"}} {
		w := built{make([]byte, failureSize)}
		w.num(failureCount, uint32(len(c.actions)))
		binary.LittleEndian.PutUint64(w.b[failureActions:], base+failureSize)
		for _, a := range c.actions {
			w.b = binary.LittleEndian.AppendUint32(w.b, a)
			w.b = append(w.b, 0x60, 0xEA, 0, 0)
		}
		if got := parseFailure(w.block()); got != c.want {
			t.Errorf("%v: %q", c.actions, got)
		}
	}
	if got := parseFailure(block{}); got != "" {
		t.Errorf("nothing: %q", got)
	}
}

func TestParseDependents(t *testing.T) {
	w := built{make([]byte, 2*dependentSize)}
	w.text(0, "Spooler")
	w.text(dependentSize, "Fax")
	if d := cmp.Diff([]string{"Spooler", "Fax"}, parseDependents(w.block(), 2)); d != "" {
		t.Error(d)
	}
	if got := parseDependents(w.block(), 0); got != nil {
		t.Errorf("%q", got)
	}
}

func TestWords(t *testing.T) {
	for kind, want := range map[uint32]string{1: "driver", 2: "file-system-driver", 0x10: "own-process", 0x110: "own-process",
		0x20: "share-process", 0x30: "share-process", 0x50: "user-own-process", 0xE0: "user-share-process", 0x210: "own-process", 0: ""} {
		if got := kindWord(kind); got != want {
			t.Errorf("%#x: %q", kind, got)
		}
	}
	for state, want := range map[uint32]string{0: "", 1: "stopped", 3: "stopping", 4: "running", 7: "paused", 8: ""} {
		if got := stateWord(state); got != want {
			t.Errorf("%d: %q", state, got)
		}
	}
	if exitCode(1077, 5) != 0 || exitCode(1066, 5) != 5 || exitCode(2, 5) != 2 {
		t.Error("exit codes")
	}
}

func FuzzDecode(f *testing.F) {
	w, _ := statuses()
	f.Add(w.b, uint64(base), 2)
	c := configured()
	f.Add(c.b, uint64(base), 1)
	f.Fuzz(func(t *testing.T, b []byte, base uint64, n int) {
		k := block{b, base}
		if got := parseStatuses(k, n); len(got) > len(b)/statusSize {
			t.Errorf("%d rows of %d bytes", len(got), len(b))
		}
		parseConfig(k)
		parseFailure(k)
		parseDependents(k, n)
	})
}
