package wintask

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	for line, want := range map[string][]string{
		``:                                  {},
		`a.exe`:                             {`a.exe`},
		`a.exe  b	c `:                       {`a.exe`, `b`, `c`},
		`"C:\Program Files\a.exe" -x`:       {`C:\Program Files\a.exe`, `-x`},
		`C:\Program Files\a.exe`:            {`C:\Program`, `Files\a.exe`},
		`a "b c" d`:                         {`a`, `b c`, `d`},
		`a "b \"c\" d"`:                     {`a`, `b "c" d`},
		`a b\\c "d\\" e`:                    {`a`, `b\\c`, `d\`, `e`},
		`a b\\\"c`:                          {`a`, `b\"c`},
		`a "" b`:                            {`a`, ``, `b`},
		`a "b""c d" e`:                      {`a`, `b"c d`, `e`},
		`a b"c d"e`:                         {`a`, `bc de`},
		`a "unclosed b`:                     {`a`, `unclosed b`},
		`a C:\x\`:                           {`a`, `C:\x\`},
		`"a\" b`:                            {`a\`, `b`},
		`svchost.exe -k netsvcs -p -s BITS`: {`svchost.exe`, `-k`, `netsvcs`, `-p`, `-s`, `BITS`},
	} {
		if got := Args(line); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func FuzzArgs(f *testing.F) {
	for _, s := range []string{`a "b \"c\" d"`, `a """`, `\\\"`, `"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := 0
		for _, a := range Args(s) {
			n += len(a)
		}
		if n > len(s) {
			t.Errorf("%q: %d bytes of arguments", s, n)
		}
	})
}

// space is the memory of a process: blocks by address.
type space map[uint64][]byte

var errNoMemory = errors.New("no such address")

func (m space) read(addr uint64, b []byte) error {
	for at, block := range m {
		if addr >= at && addr-at <= uint64(len(block)) && uint64(len(block))-(addr-at) >= uint64(len(b)) {
			copy(b, block[addr-at:])
			return nil
		}
	}
	return errNoMemory
}

// process builds the memory of a process whose block is at 0x1000.
func process(l layout, command, folder, image string) space {
	params := make([]byte, l.size)
	m := space{0x1000: make([]byte, 0x40), 0x2000: params}
	binary.LittleEndian.PutUint32(m[0x1000][l.params:], 0x2000)
	for i, f := range []struct {
		at   uint64
		text string
	}{{l.command, command}, {l.folder, folder}, {l.image, image}} {
		text, at := wide(f.text), uint64(0x10000*(i+1))
		m[at] = text
		if l.wide {
			putString(params[f.at:], len(text), at)
			continue
		}
		binary.LittleEndian.PutUint16(params[f.at:], uint16(len(text)))
		binary.LittleEndian.PutUint32(params[f.at+4:], uint32(at))
	}
	return m
}

// Programs of both widths tell the same.
func TestReadParams(t *testing.T) {
	for _, l := range []layout{layout64, layout32} {
		m := process(l, `"C:\x\a.exe" -p 80`, `C:\srv\`, `C:\x\a.exe`)
		got, err := l.readParams(m.read, 0x1000)
		if want := (Params{`"C:\x\a.exe" -p 80`, `C:\srv`, `C:\x\a.exe`}); err != nil || got != want {
			t.Errorf("wide %v: %+v, %v", l.wide, got, err)
		}
		m = process(l, ``, `C:\`, `x`)
		if got, err := l.readParams(m.read, 0x1000); err != nil || got.Folder != `C:\` || got.Command != "" {
			t.Errorf("wide %v: %+v, %v", l.wide, got, err)
		}
	}
}

func TestReadParamsOfABrokenProcess(t *testing.T) {
	m := process(layout64, "a", "b", "c")
	delete(m, 0x10000)
	if _, err := layout64.readParams(m.read, 0x1000); !errors.Is(err, errNoMemory) {
		t.Error(err)
	}
	clear(m[0x1000])
	if _, err := layout64.readParams(m.read, 0x1000); !errors.Is(err, ErrParams) {
		t.Error(err)
	}
	if _, err := layout64.readParams(m.read, 0x9999); !errors.Is(err, errNoMemory) {
		t.Error(err)
	}
}

func FuzzReadParams(f *testing.F) {
	m := process(layout64, "command", `C:\`, "image")
	f.Add(m[0x1000], m[0x2000], uint64(0x2000), true)
	f.Fuzz(func(t *testing.T, peb, params []byte, at uint64, wide bool) {
		l := layout32
		if wide {
			l = layout64
		}
		m := space{0x1000: peb, at: params}
		if p, err := l.readParams(m.read, 0x1000); err == nil && len(p.Command) > 3<<16 {
			t.Errorf("a command line of %d bytes", len(p.Command))
		}
	})
}

func TestProtection(t *testing.T) {
	for b, want := range map[byte]string{0: "", 0x31: "light", 0x72: "full", 0x61: "light", 8: ""} {
		if got := protection(b); got != want {
			t.Errorf("%#x: %q", b, got)
		}
	}
}

func TestDosPath(t *testing.T) {
	drives := []drive{{"C:", `\Device\HarddiskVolume1`}, {"D:", `\Device\HarddiskVolume12`}, {"E:", ""}}
	for in, want := range map[string]string{
		`\Device\HarddiskVolume12\x\a.exe`: `D:\x\a.exe`,
		`\Device\HarddiskVolume1\a.exe`:    `C:\a.exe`,
		`\Device\HarddiskVolume3\a.exe`:    `\Device\HarddiskVolume3\a.exe`,
		`\SystemRoot\a.exe`:                `\SystemRoot\a.exe`,
		`\??\Z:\a.exe`:                     `Z:\a.exe`,
		``:                                 ``,
	} {
		if got := dosPath(in, drives); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestFault(t *testing.T) {
	for _, c := range []struct {
		f            Fault
		denied, gone bool
	}{
		{Fault{What: Whole, Code: 5}, true, false}, {Fault{What: Whole, Code: 87}, false, true},
		{Fault{What: Folder, Code: 87}, false, false}, {Fault{What: User, Code: 1314}, true, false}, {Fault{What: Exe}, false, false},
	} {
		if c.f.Denied() != c.denied || c.f.Gone() != c.gone {
			t.Errorf("%+v", c.f)
		}
	}
	for _, name := range []string{Whole, Command, Folder, User, Exe, StoreApp} {
		if strings.TrimSpace(name) == "" {
			t.Error("a fault without a name")
		}
	}
}
