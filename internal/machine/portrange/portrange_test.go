package portrange

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseList(t *testing.T) {
	for in, want := range map[string]struct {
		list [][2]uint16
		ok   bool
	}{
		"\n":                 {nil, true},
		"8080\n":             {[][2]uint16{{8080, 8080}}, true},
		"8080,9148-9150,1\n": {[][2]uint16{{8080, 8080}, {9148, 9150}, {1, 1}}, true},
		"0-65535":            {[][2]uint16{{0, 65535}}, true},
		"8080,9150-9148":     {[][2]uint16{{8080, 8080}}, false},
		"8080,65536":         {[][2]uint16{{8080, 8080}}, false},
		"80-":                {nil, false},
		"-80":                {nil, false},
		"http":               {nil, false},
	} {
		list, ok := parseList([]byte(in))
		if d := cmp.Diff(want.list, list); d != "" || ok != want.ok {
			t.Errorf("%q: ok %v %s", in, ok, d)
		}
	}
}

func TestParsePair(t *testing.T) {
	if from, to, ok := parsePair([]byte("32768\t60999\n")); from != 32768 || to != 60999 || !ok {
		t.Error(from, to, ok)
	}
	for _, bad := range []string{"", "1", "60999 32768", "1 2 3", "1 65536", "a b"} {
		if _, _, ok := parsePair([]byte(bad)); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzParseList(f *testing.F) {
	for _, seed := range []string{"8080,9148-9150\n", "0-65535", "", "1-,2", "32768\t60999\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _ := parseList(b)
		for _, r := range list {
			if r[0] > r[1] {
				t.Errorf("%q: range %v", b, r)
			}
		}
		if from, to, ok := parsePair(b); ok && from > to {
			t.Errorf("%q: pair %d %d", b, from, to)
		}
	})
}
