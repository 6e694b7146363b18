package unitlog

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/fact"
)

// recorded is a file of journald 252: a boot in which nginx took port 80 and
// apache2 failed, four times over.
func recorded(t testing.TB, form string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", form+".journal.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bootOf(b []byte) [16]byte { return [16]byte(b[56:72]) }

func parsed(t testing.TB, b []byte) *file {
	t.Helper()
	f, err := parse(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func texts(entries []entry) (out []string) {
	for _, e := range entries {
		out = append(out, e.text)
	}
	return out
}

const refused = "(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:80"

func TestTailOfRecordedFiles(t *testing.T) {
	for _, form := range []string{"compact-keyed", "plain-unkeyed"} {
		t.Run(form, func(t *testing.T) {
			b := recorded(t, form)
			f := parsed(t, b)
			all, skipped := f.tail(Unit{Name: "apache2.service"}, bootOf(b), 1000)
			if n := strings.Count(strings.Join(texts(all), "\n"), refused); n != 4 || skipped != 0 {
				t.Errorf("%d refusals, %d compressed, among %q", n, skipped, texts(all))
			}
			few, _ := f.tail(Unit{Name: "apache2.service"}, bootOf(b), 2)
			if d := cmp.Diff(texts(all)[:2], texts(few)[:2]); d != "" {
				t.Errorf("the newest two (-of all +of two)\n%s", d)
			}
			if got, _ := f.tail(Unit{Name: "apache2.service"}, [16]byte{1}, 1000); len(got) != 0 {
				t.Errorf("another boot has %q", texts(got))
			}
			if got, _ := f.tail(Unit{Name: "apache.service"}, bootOf(b), 1000); len(got) != 0 {
				t.Errorf("another unit has %q", texts(got))
			}
			if got, _ := f.tail(Unit{Name: "apache2.service", User: true, UID: "0"}, bootOf(b), 1000); len(got) != 0 {
				t.Errorf("a user's manager has %q", texts(got))
			}
		})
	}
}

func TestTailLeavesOutCompressedMessages(t *testing.T) {
	b := recorded(t, "compact-keyed")
	at := bytes.Index(b, []byte("MESSAGE="+refused))
	if at < 0 {
		t.Fatal("no such message in the file")
	}
	b[at-72+1] |= 4 // zstd, in the object's flags
	got, skipped := parsed(t, b).tail(Unit{Name: "apache2.service"}, bootOf(b), 1000)
	if skipped != 4 || strings.Contains(strings.Join(texts(got), "\n"), refused) {
		t.Errorf("%d skipped, lines %q", skipped, texts(got))
	}
}

func TestUnitFieldCountsFromTheManagerOnly(t *testing.T) {
	m := match{"UNIT", true}
	for pid, want := range map[int]bool{1: true, 4021: false} {
		if got := m.from(fields{entry: entry{pid: pid}}, Unit{Name: "a.service"}); got != want {
			t.Errorf("PID %d: %v", pid, got)
		}
	}
	user := Unit{Name: "a.service", User: true, UID: "1000"}
	for _, tc := range []struct {
		f    fields
		want bool
	}{
		{fields{uid: "1000", comm: "systemd"}, true},
		{fields{uid: "1001", comm: "systemd"}, false},
		{fields{uid: "1000", comm: "liar"}, false},
	} {
		if got := (match{"USER_UNIT", true}).from(tc.f, user); got != tc.want {
			t.Errorf("%+v: %v", tc.f, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := recorded(t, "compact-keyed")
	for name, change := range map[string]func(b []byte) []byte{
		"empty":             func([]byte) []byte { return nil },
		"short":             func(b []byte) []byte { return b[:207] },
		"another signature": func(b []byte) []byte { b[0] = 'X'; return b },
		"a newer flag":      func(b []byte) []byte { b[12] |= 1 << 5; return b },
		"table outside":     func(b []byte) []byte { binary.LittleEndian.PutUint64(b[104:], 1<<40); return b },
		"table too long":    func(b []byte) []byte { binary.LittleEndian.PutUint64(b[112:], 1<<62); return b },
		"table empty":       func(b []byte) []byte { binary.LittleEndian.PutUint64(b[112:], 0); return b },
	} {
		b := change(bytes.Clone(good[:1<<20]))
		if _, err := parse(bytes.NewReader(b), int64(len(b))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestHashes(t *testing.T) {
	var key, data [16]byte
	for i := range key {
		key[i], data[i] = byte(i), byte(i)
	}
	if got := sipHash(le64(key[:]), le64(key[8:]), data[:15]); got != 0xa129ca6149be45e5 {
		t.Errorf("sipHash = %#x", got) // the vector in the algorithm's paper
	}
	if got := lookup3([]byte("Four score and seven years ago")); got != 0x17770551_ce7226e6 {
		t.Errorf("lookup3 = %#x", got) // the vector in the algorithm's source
	}
	if got := lookup3(nil); got != 0xdeadbeef_deadbeef {
		t.Errorf("lookup3 of nothing = %#x", got)
	}
}

// machineWith makes the files of a machine that has journal files.
func machineWith(t *testing.T, boot [16]byte, files map[string][]byte) string {
	t.Helper()
	root := t.TempDir()
	put := func(path string, data []byte) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("proc/sys/kernel/random/boot_id", fmt.Appendf(nil, "%x-%x-%x-%x-%x\n", boot[:4], boot[4:6], boot[6:8], boot[8:10], boot[10:]))
	put("etc/machine-id", []byte("75526264a5e5465282ad684d6bcdee6e\n"))
	for path, data := range files {
		put(path, data)
	}
	return root
}

func TestOpen(t *testing.T) {
	b := recorded(t, "compact-keyed")
	const ours, theirs = "75526264a5e5465282ad684d6bcdee6e", "00000000000000000000000000000000"
	for name, tc := range map[string]struct {
		files map[string][]byte
		lines bool
		gaps  int
	}{
		"in /var":                  {map[string][]byte{"var/log/journal/" + ours + "/system.journal": b}, true, 0},
		"in /run":                  {map[string][]byte{"run/log/journal/" + ours + "/system.journal": b}, true, 0},
		"another machine's":        {map[string][]byte{"var/log/journal/" + theirs + "/system.journal": b}, false, 1},
		"none":                     {nil, false, 1},
		"no journal":               {map[string][]byte{"var/log/journal/" + ours + "/system.journal": []byte("no")}, false, 1},
		"one good, one broken":     {map[string][]byte{"var/log/journal/" + ours + "/system.journal": b, "var/log/journal/" + ours + "/user-1.journal~": b[:100]}, true, 1},
		"another kind of file too": {map[string][]byte{"var/log/journal/" + ours + "/system.journal": b, "var/log/journal/" + ours + "/fss": b[:100]}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := Open(machineWith(t, bootOf(b), tc.files))
			defer l.Close()
			lines, gaps := l.Tail(Unit{Name: "apache2.service"}, 5)
			if (len(lines) == 5) != tc.lines || len(gaps) != tc.gaps {
				t.Errorf("%d lines, gaps %+v", len(lines), gaps)
			}
			for i, line := range lines {
				if line.Evidence != "journal" || line.At.IsZero() || i > 0 && line.At.Before(lines[i-1].At) {
					t.Errorf("line %d: %+v", i, line)
				}
			}
		})
	}
	l := Open(t.TempDir())
	defer l.Close()
	if _, gaps := l.Tail(Unit{Name: "x.service"}, 1); len(gaps) != 1 || gaps[0].Kind != fact.GapNoLog {
		t.Errorf("no machine at all: gaps %+v", gaps)
	}
}

// patched is a file with some bytes changed.
type patched struct {
	b  []byte
	at map[int64]byte
}

func (p patched) ReadAt(b []byte, at int64) (int, error) {
	n, err := bytes.NewReader(p.b).ReadAt(b, at)
	for i := range n {
		if c, ok := p.at[at+int64(i)]; ok {
			b[i] = c
		}
	}
	return n, err
}

// FuzzTail changes single bytes of real files: five bytes of input are an offset
// and a value.
func FuzzTail(f *testing.F) {
	files := [][]byte{recorded(f, "compact-keyed")[:1<<20], recorded(f, "plain-unkeyed")[:1<<20]}
	at := bytes.Index(files[0], []byte("_SYSTEMD_UNIT=apache2.service"))
	for _, off := range []int{12, 40, 104, 112, at - 72, at - 71, at - 64, at - 48, at - 32, at - 24, at - 16} {
		f.Add(binary.LittleEndian.AppendUint32(nil, uint32(off)), byte(0xff), true)
		f.Add(append(binary.LittleEndian.AppendUint32(nil, uint32(off)), 8), byte(9), false)
	}
	f.Fuzz(func(t *testing.T, patches []byte, unit byte, compact bool) {
		b := files[0]
		if !compact {
			b = files[1]
		}
		p := patched{b, map[int64]byte{}}
		for ; len(patches) >= 5; patches = patches[5:] {
			p.at[int64(le32(patches)%uint32(len(b)))] = patches[4]
		}
		j, err := parse(p, int64(len(b)))
		if err != nil {
			return
		}
		lines, _ := j.tail(Unit{Name: []string{"apache2.service", "nginx.service"}[unit&1]}, bootOf(b), 50)
		if len(lines) > 100 {
			t.Fatalf("%d lines", len(lines))
		}
	})
}

func BenchmarkTail(b *testing.B) {
	data := recorded(b, "compact-keyed")
	f := parsed(b, data)
	for b.Loop() {
		f.tail(Unit{Name: "apache2.service"}, bootOf(data), 20)
	}
}
