package regfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/answer/judge/regfile"
)

func said(c regfile.Change) string {
	s := fmt.Sprintf("%d-%d %s", c.Line, c.Last, strings.TrimPrefix(c.Key, `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\`))
	if !c.Whole {
		s += " " + c.Name
	}
	if c.Delete {
		return s + " deleted"
	}
	if c.Number != nil {
		s += fmt.Sprintf(" %d", *c.Number)
	}
	if c.Strings != nil {
		s += fmt.Sprintf(" %q", c.Strings)
	}
	return s
}

const services = `HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\`

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
		n    int
	}{
		"a file": {"Windows Registry Editor Version 5.00\n\n[" + services + "HTTP]\n\"Start\"=dword:00000004\n",
			[]string{"3-3 HTTP Start 4"}, 4},
		"nothing but the key": {"[" + services + "HTTP]\n\"Start\"=dword:3\nThen reboot.", []string{"1-1 HTTP Start 3"}, 2},
		"a deleted value and a deleted key": {"REGEDIT4\n[" + services + "HTTP\\Parameters]\n\"ListenOnlyList\"=-\n[-" + services + "HTTP\\Parameters\\UrlAclInfo]\n",
			[]string{`2-2 HTTP\Parameters ListenOnlyList deleted`, `3-3 HTTP\Parameters\UrlAclInfo deleted`}, 4},
		"a multi-string over three lines": {"Windows Registry Editor Version 5.00\n[" + services + "HTTP\\Parameters]\n\"ListenOnlyList\"=hex(7):31,00,32,00,37,00,2e,00,\\\n  30,00,2e,00,30,00,2e,00,31,00,00,00,\\\n  3a,00,3a,00,31,00,00,00,00,00",
			[]string{`2-4 HTTP\Parameters ListenOnlyList ["127.0.0.1" "::1"]`}, 5},
		"the old format's strings are bytes": {"REGEDIT4\n[" + services + "HTTP\\Parameters]\n\"ListenOnlyList\"=hex(7):3a,3a,31,00,00",
			[]string{`2-2 HTTP\Parameters ListenOnlyList ["::1"]`}, 3},
		"strings, defaults, remarks": {"Windows Registry Editor Version 5.00\r\n; off\r\n[" + services + "X]\r\n@=\"a\\\\b \\\"c\\\"\"\r\n\"N\"=dword:00000001 ; on\r\n",
			[]string{`3-3 X  ["a\\b \"c\""]`, "4-4 X N 1"}, 5},
		"values of a deleted key": {"[-" + services + "X]\n\"Start\"=dword:4", []string{"0-0 X deleted"}, 2},
		"a qword":                 {"[" + services + "X]\n\"N\"=hex(b):04,00,00,00,00,00,00,00", []string{"1-1 X N 4"}, 2},
		"binary is left as it is": {"[" + services + "X]\n\"N\"=hex:01,02", []string{"1-1 X N"}, 2},
		"a bad number ends it":    {"[" + services + "X]\n\"N\"=dword:zz\n\"M\"=dword:1", nil, 1},
		"no key":                  {"\"Start\"=dword:4", nil, 0},
		"another bracket":         {"[Unit]\nDescription=x", nil, 0},
		"short roots":             {"[HKLM\\SYSTEM\\CurrentControlSet\\Services\\HTTP]\n\"Start\"=dword:4", []string{"1-1 HTTP Start 4"}, 2},
	} {
		changes, n := regfile.Read(strings.Split(c.text, "\n"))
		var got []string
		for _, ch := range changes {
			got = append(got, said(ch))
		}
		if d := cmp.Diff(c.want, got); d != "" || n != c.n {
			t.Errorf("%s: %d lines, want %d\n%s", name, n, c.n, d)
		}
	}
}

func TestPath(t *testing.T) {
	for in, want := range map[string]string{
		`HKLM\SYSTEM`: `HKEY_LOCAL_MACHINE\SYSTEM`, `hklm:\System\X\`: `HKEY_LOCAL_MACHINE\System\X`,
		`Registry::HKEY_LOCAL_MACHINE\X`:                   `HKEY_LOCAL_MACHINE\X`,
		`Microsoft.PowerShell.Core\Registry::HKEY_USERS\X`: `HKEY_USERS\X`,
		`HKEY_CURRENT_USER/Software/X`:                     `HKEY_CURRENT_USER\Software\X`,
		`HKCU`:                                             `HKEY_CURRENT_USER`, `\\box\HKLM\X`: `\\box\HKLM\X`, `C:\x`: `C:\x`, ``: ``,
	} {
		if got := regfile.Path(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Reading ends, takes no more lines than there are, and tells each line once.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"Windows Registry Editor Version 5.00\n[" + services + "HTTP]\n\"Start\"=dword:00000004", "REGEDIT4\n[HKLM\\X]\n@=hex(7):00,\\\n\\\n\\", "[-HKLM\\X]\n\"a\"=-",
		"[HKLM\\X]\n\"a\\", "[HKLM\\X]\n\"a\"=hex(4):01", "[HKLM\\X]\n@=\"", "[]", "[HKLM]\n\"=\"=-",
		"[HKLM\\X]\n@=-\\\n\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lines := strings.Split(s, "\n")
		changes, n := regfile.Read(lines)
		if n > len(lines) {
			t.Fatalf("%d of %d lines", n, len(lines))
		}
		last := -1
		for _, c := range changes {
			if c.Line <= last || c.Last < c.Line || c.Last >= n {
				t.Fatalf("%+v after line %d of %d", c, last, n)
			}
			last = c.Last
		}
	})
}
