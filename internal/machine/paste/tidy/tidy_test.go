package tidy

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestUndress(t *testing.T) {
	for in, want := range map[string]string{
		"> TCP 0.0.0.0:80":                   "TCP 0.0.0.0:80",
		"> >  TCP":                           " TCP",
		">> TCP":                             "TCP",
		"| TCP 0.0.0.0:80":                   "TCP 0.0.0.0:80",
		"| TCP | 0.0.0.0:80 | 4 |":           "  TCP   0.0.0.0:80   4",
		"netstat -ano | findstr 80":          "netstat -ano | findstr 80",
		">= 80":                              ">= 80",
		"```text":                            "",
		"`netstat -ano`":                     "netstat -ano",
		"**TCP 0.0.0.0:80**":                 "TCP 0.0.0.0:80",
		"**** FAILED TO BIND TO PORT!":       "**** FAILED TO BIND TO PORT!",
		"[code]TCP[/code]":                   "TCP",
		"[quote=\"kim\"]":                    "",
		" [svchost.exe]":                     " [svchost.exe]",
		"[ERROR] Port 80":                    "[ERROR] Port 80",
		"a&nbsp;&lt;b&gt; &quot;c&#39;":      "a <b> \"c'",
		"&amp;lt;b&amp;gt;":                  "<b>",
		"&#x27;&#160;&#91;x&#93;":            "' [x]",
		"&unknown; & &":                      "&unknown; & &",
		"<pre class=\"x\">TCP</pre>":         "TCP",
		"<?> and <0.1.0>":                    "<?> and <0.1.0>",
		"“netstat –ano”":                     "\"netstat -ano\"",
		"TCP\u00a0\u200b80":                  "TCP 80",
		"\x1b[31mred\x1b[0m":                 "red",
		"tail \t":                            "tail",
		"caf\xe9":                            "caf\uf7e9",
		"<td>TCP</td><td>0.0.0.0:80</td>":    "  TCP    0.0.0.0:80",
		"if a < b and c > d, then 80 < 443?": "if a < b and c > d, then 80 < 443?",
	} {
		if got := Read([]byte(in)).Lines; !slices.Equal(got, []string{want}) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// What a page puts into one line of its source are several, all of that line.
func TestBreaksKeepTheirNumber(t *testing.T) {
	got := Read([]byte("one\r\ntwo<br>three<br/>four<br>\nfive"))
	if diff := cmp.Diff(Text{Lines: []string{"one", "two", "three", "four", "five"}, Numbers: []int{1, 2, 2, 2, 3}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Line numbers go; numbers that the program printed stay.
func TestLineNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"1: a\n2: b\n3: c":               "a\nb\nc",
		"  9|   a\n 10|\n 11|   b":       "  a\n\n  b",
		"1\ta\n2\tb\n3\tc":               "a\nb\nc",
		"1 a\n2\n3   b\n4 c":             "a\n\n  b\nc",
		"1 ? init\n2 ? kthreadd\n3 ? rc": "1 ? init\n2 ? kthreadd\n3 ? rc", // ps
		"2668\n2669\n2670":               "2668\n2669\n2670",               // PIDs
		"  80  80\n  81  81\n  82  82":   "  80  80\n  81  81\n  82  82",   // ranges
		"1: a\n2: b\n4: c":               "1: a\n2: b\n4: c",
		"12:30:01 a\n12:30:02 b":         "12:30:01 a\n12:30:02 b",
	} {
		if got := strings.Join(Read([]byte(in)).Lines, "\n"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"> | `x`", "1: a\n2: b\n3: c", "a<br>b&amp;lt;", "\xff\xfea\x00b\x00", "[code][code]", "\x1b[", "&#x110000;&#0;", "|a|b|"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := Read(data)
		if len(got.Lines) != len(got.Numbers) || !slices.IsSorted(got.Numbers) {
			t.Fatalf("%d lines, numbers %v", len(got.Lines), got.Numbers)
		}
		for _, l := range got.Lines {
			if !utf8.ValidString(l) || strings.ContainsAny(l, "\n\x00") || len(l) > 8*MaxLine {
				t.Fatalf("%q", l)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	data := []byte(strings.Repeat("  TCP    10.0.0.1:1024    203.0.113.7:443    ESTABLISHED    4\r\n", 2000))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Read(data)
	}
}
