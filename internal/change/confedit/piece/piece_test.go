package piece_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berthd/berth/internal/change/confedit"
	"github.com/berthd/berth/internal/change/confedit/piece"
)

func TestSpell(t *testing.T) {
	for text, want := range map[string]piece.Spelling{
		"80":             {Port: 80},
		":80":            {Port: 80, PortAt: 1},
		"*:80":           {Port: 80, PortAt: 2},
		"0.0.0.0:80":     {Addr: "0.0.0.0", Port: 80, PortAt: 8},
		"[::1]:80":       {Addr: "::1", Port: 80, PortAt: 6},
		":::80":          {Addr: "::", Port: 80, PortAt: 3},
		"host:80":        {Addr: "host", Port: 80, PortAt: 5},
		"::1":            {Addr: "::1", PortAt: 3},
		"[::1]":          {Addr: "::1", PortAt: 5},
		"fe80::1%eth0":   {Addr: "fe80::1%eth0", PortAt: 12},
		"10.0.0.1":       {Addr: "10.0.0.1", PortAt: 8},
		"*":              {PortAt: 1},
		"host.example":   {Addr: "host.example", PortAt: 12},
		"host.example:1": {Addr: "host.example", Port: 1, PortAt: 13},
	} {
		if got, ok := piece.Spell(text); !ok || got != want {
			t.Errorf("%q: %+v %v", text, got, ok)
		}
	}
	for _, bad := range []string{"", ":", "host:", "host:x", "host:0", "host:65536", "host:+1", "/run/x", "host:80-90", "${X}"} {
		if got, ok := piece.Spell(bad); ok {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestRespell(t *testing.T) {
	for _, c := range []struct {
		text string
		to   confedit.Endpoint
		want string
	}{
		{"80", confedit.Endpoint{Port: 8080}, "8080"},
		{"[::1]:80", confedit.Endpoint{Port: 8080}, "[::1]:8080"},
		{"[::1]:80", confedit.Endpoint{Addr: "::1", Port: 8080}, "[::1]:8080"},
		{"80", confedit.Endpoint{Addr: "::1", Port: 80}, "[::1]:80"},
		{"*:80", confedit.Endpoint{Addr: "10.0.0.1", Port: 80}, "10.0.0.1:80"},
	} {
		f := confedit.File{Name: "f", Data: []byte("x " + c.text + " y")}
		e, ok := piece.Respell("f", 2, c.text, c.to)
		if !ok {
			t.Fatalf("%q", c.text)
		}
		got, err := confedit.Apply(f, []confedit.Edit{e})
		if err != nil || string(got) != "x "+c.want+" y" {
			t.Errorf("%q to %v: %q %v", c.text, c.to, got, err)
		}
	}
	if _, ok := piece.Respell("f", 0, "10.0.0.1", confedit.Endpoint{Port: 1}); ok {
		t.Error("an address without a port is moved")
	}
}

// Whatever a grammar answers, all bytes are there and it ends.
func TestCut(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 3, 100} {
		d := piece.Cut([]byte("some words"), func(string) (piece.Kind, int, string) { return piece.Word, n, "" })
		if got := string(d.Bytes()); got != "some words" {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestNewLine(t *testing.T) {
	for _, c := range []struct {
		data string
		at   int
		want string
	}{
		{"", 0, "x\n"},
		{"a\nb\n", 2, "a\nx\nb\n"},
		{"a", 1, "a\nx\n"},
		{"a\r\nb", 4, "a\r\nb\r\nx\r\n"},
		{"a\r\nb", 3, "a\r\nx\r\nb"},
	} {
		f := confedit.File{Name: "f", Data: []byte(c.data)}
		got, err := confedit.Apply(f, []confedit.Edit{piece.NewLine(f, c.at, "x")})
		if err != nil || string(got) != c.want {
			t.Errorf("%q at %d: %q %v", c.data, c.at, got, err)
		}
	}
}

func TestLines(t *testing.T) {
	l := piece.LinesOf([]byte("a\n\nbc\n"))
	var got []int
	for i := range 7 {
		got = append(got, l.At(i))
	}
	if d := cmp.Diff([]int{1, 1, 2, 3, 3, 3, 4}, got); d != "" {
		t.Error(d)
	}
}

func TestCollide(t *testing.T) {
	one, two := []confedit.Place{{Addr: "::1"}, {Addr: "::1"}}, []confedit.Place{{Addr: "::1"}, {}}
	if piece.Collide(one, confedit.Endpoint{Addr: "::2"}) != nil || piece.Collide(two, confedit.Endpoint{}) != nil {
		t.Error("what does not collide is refused")
	}
	if err := piece.Collide(two, confedit.Endpoint{Addr: "::2"}); !errors.Is(err, piece.ErrSeveral) {
		t.Error(err)
	}
}

func TestReading(t *testing.T) {
	m := piece.Memory{"/a/x": "1", "/a/.y": "2", "/a/z": "3"}
	r := piece.Start("s", m)
	if _, fresh, err := r.Open("/a/x"); !fresh || err != nil {
		t.Error(fresh, err)
	}
	if data, fresh, err := r.Open("/a/x"); fresh || err != nil || string(data) != "1" {
		t.Error("the second time", string(data), fresh, err)
	}
	_, _, err := r.Open("/a/none")
	if !errors.Is(err, fs.ErrNotExist) || r.Missing("/a/x", 1, err) != nil || len(r.Notes) != 1 {
		t.Error(err, r.Notes)
	}
	if other := errors.New("no"); r.Missing("/a/x", 1, other) != other {
		t.Error("another error is taken for a missing file")
	}
	if d := cmp.Diff([]string{"/a/x", "/a/z"}, r.Match("/a/x", 1, "/a/*")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"/a/.y"}, r.Match("/a/x", 1, "/a/.*")); d != "" {
		t.Error(d)
	}
	if r.Match("/a/x", 1, "/a/["); len(r.Notes) != 2 {
		t.Error(r.Notes)
	}
}
