package libproc

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row builds a kinfo_proc.
func row(p Process) []byte {
	b := make([]byte, rowSize)
	put := func(at int, n uint32) { binary.LittleEndian.PutUint32(b[at:], n) }
	if !p.Start.IsZero() {
		binary.LittleEndian.PutUint64(b[rowSeconds:], uint64(p.Start.Unix()))
		put(rowMicros, uint32(p.Start.Nanosecond()/1000))
	}
	var flags uint32 = 0x4004 // of no matter here
	if p.System {
		flags |= flagSystem
	}
	if p.Traced {
		flags |= flagTraced
	}
	put(rowFlags, flags)
	b[rowStatus] = byte(p.Status)
	put(rowPID, uint32(p.PID))
	put(rowUID, p.UID)
	put(rowParent, uint32(p.Parent))
	put(rowTerminal, uint32(p.Terminal))
	copy(b[rowName:rowNameEnd], p.Name)
	b[rowNameEnd] = 'x' // what stands behind
	return b
}

func TestParseTable(t *testing.T) {
	want := []Process{
		{PID: 1, Name: "launchd", Start: began, Status: Running, Terminal: NoDevice},
		{PID: 812, Parent: 1, Name: "com.docker.backe", UID: 501, Start: began, Status: Stopped, Traced: true, Terminal: 0x10000003},
		{PID: 900, Parent: 812, Name: "a", UID: 70, Status: Zombie, System: true, Terminal: NoDevice},
	}
	var b []byte
	for _, p := range want {
		b = append(b, row(p)...)
	}
	got, whole := ParseTable(b)
	if d := cmp.Diff(want, got); d != "" || !whole {
		t.Errorf("whole %v %s", whole, d)
	}
	if got, whole := ParseTable(b[:len(b)-1]); len(got) != 2 || whole {
		t.Errorf("cut: %d rows, whole %v", len(got), whole)
	}
	if got, whole := ParseTable(nil); len(got) != 0 || !whole {
		t.Errorf("none: %d rows, whole %v", len(got), whole)
	}
}

// memory is what kern.procargs2 answers: a number, and texts with a zero each.
func memory(n int32, texts ...string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(n))
	return append(b, strings.Join(texts, "\x00")...)
}

func TestParseArguments(t *testing.T) {
	keep := func(name string) bool { return name == "PORT" }
	type answer struct {
		Path  string
		Args  []string
		Env   map[string]string
		Whole bool
	}
	env := map[string]string{"PORT": "80"}
	for name, c := range map[string]struct {
		in   []byte
		want answer
	}{
		"whole": {memory(2, "/usr/sbin/httpd", "", "", "httpd", "-DFOREGROUND", "HOME=/", "PORT=80", "PORT=81", "", "executable_path=/usr/sbin/httpd", ""),
			answer{"/usr/sbin/httpd", []string{"httpd", "-DFOREGROUND"}, env, true}},
		"an empty argument": {memory(3, "/bin/x", "x", "", "y", "PORT=80", "", ""),
			answer{"/bin/x", []string{"x", "", "y"}, env, true}},
		"no environment":      {memory(1, "/bin/x", "x", ""), answer{"/bin/x", []string{"x"}, nil, true}},
		"none that was asked": {memory(1, "/bin/x", "x", "HOME=/", "", "PORT=80", ""), answer{"/bin/x", []string{"x"}, nil, true}},
		"more than there are": {memory(1<<31-1, "/bin/x", "x", "PORT=80", ""), answer{"/bin/x", []string{"x", "PORT=80"}, nil, false}},
		"fewer than none":     {memory(-1, "/bin/x", "PORT=80", "", ""), answer{"/bin/x", nil, env, true}},
		"cut in an argument":  {memory(2, "/bin/x", "x", "-DFORE"), answer{"/bin/x", []string{"x"}, nil, false}},
		"cut in a variable":   {memory(1, "/bin/x", "x", "PORT=80", "HOM"), answer{"/bin/x", []string{"x"}, env, false}},
		"cut in the path":     {memory(1, "/bin"), answer{Path: "/bin"}},
		"cut in the number":   {[]byte{1, 0, 0}, answer{}},
		"none":                {nil, answer{}},
	} {
		var got answer
		got.Path, got.Args, got.Env, got.Whole = ParseArguments(c.in, keep)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add(append(row(Process{PID: 1, Name: "launchd", Start: began}), row(Process{PID: 2})...))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, whole := ParseTable(b)
		if len(all) != len(b)/rowSize || whole != (len(b)%rowSize == 0) {
			t.Errorf("%d rows of %d bytes, whole %v", len(all), len(b), whole)
		}
	})
}

func FuzzParseArguments(f *testing.F) {
	f.Add(memory(2, "/usr/sbin/httpd", "", "httpd", "-D", "PORT=80", "", "x=y", ""))
	f.Add(memory(1<<31-1, "", "", ""))
	f.Add(memory(-1, "a"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path, args, env, _ := ParseArguments(b, func(name string) bool { return name != "HOME" })
		n := len(path)
		for _, a := range args {
			n += len(a) + 1
		}
		if n > len(b) || len(env) > len(b) {
			t.Errorf("%d bytes of %d", n, len(b))
		}
	})
}
